"""The text of the page: what was found, in the order in which somebody who was woken up asks for it."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..console import as_typed
from ..status import show
from ..status.model import NOTHING, UNKNOWN, WELL, WRONG
from . import picture, runbooks, scene
from .gather import Facts

#: A word for each verdict that is told without colours, and the sign beside it.
_SIGNS = {WELL: "good", WRONG: "bad", NOTHING: "open", UNKNOWN: "open"}
#: What the picture's states look like.
_STATES = {scene.READY: "good", scene.NOT_READY: "bad", scene.NOT_KNOWN: "open"}
_DRIFT = {"no": "good", "yes": "bad", "unknown": "open"}

#: The sections, by their places and names.
PLACES = (
    ("answers", "In short"), ("wrong", "What is wrong"), ("picture", "The way to the data"),
    ("reach", "Who may talk to whom"), ("runs", "What runs"), ("backups", "Backups"), ("drift", "Drift"),
    ("history", "History"), ("versions", "Versions"), ("next", "What to type next"),
)  # fmt: skip


class Answer(NamedTuple):
    """One of the questions that everybody asks first, answered."""

    question: str
    sign: str
    """`good`, `bad`, `open`, or empty."""
    text: str
    more: str
    place: str
    """The section that says more."""


def render(facts: Facts, *, searched: int) -> str:
    """The whole page.

    Args:
        facts: What it says.
        searched: For how many secrets it will be searched.
    """
    ways = scene.ways(facts.objects, live=facts.live)
    status = facts.status
    here = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    here.filters |= _filters(status.at)
    style = here.loader.get_source(here, "page.css")[0] if here.loader else ""
    return here.get_template("page.html").render(
        facts=facts,
        status=status,
        verdict=show.VERDICTS[status.verdict][0],
        sign=_SIGNS[status.verdict],
        answers=answers(facts, ways),
        ways=ways,
        pictures=[(way, picture.wide(way), picture.narrow(way), picture.others(way)) for way in ways],
        drift_sign=_DRIFT[facts.drift.verdict],
        objects=objects(facts),
        any_second=_any_second(facts),
        drills=drills(facts),
        reach=list(_reach(ways)),
        kept_away=[f"{it.name} is given {way.address}, but {it.refused}" for way in ways for it in way.clients if it.refused],
        essential=[part for part in status.unknown if part.essential],
        versions=list(_versions(facts)),
        places=[entry for entry in PLACES if entry[0] != "wrong" or status.problems or status.unknown or facts.unread],
        searched=searched,
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'",
    )


def _digest(style: str) -> str:
    # What stands between <style> and </style>, to the letter.
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def shown(value: Any) -> Any:
    """What the template puts in: no character that is not printed, so that none turns text around or hides it."""
    if isinstance(value, Markup):
        return value
    return show.clean("" if value is None else str(value), None)


def _filters(now: datetime) -> dict[str, Callable[..., Any]]:
    return {
        "typed": as_typed,
        "runbook": runbooks.section,
        "utc": lambda when: f"{when:%Y-%m-%d %H:%M:%S} UTC" if when else "not known",
        "iso": lambda when: f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "ago": lambda when: f"{show.age(now, when)} ago" if when else "never",
        "lasting": lambda when: show.age(now, when) if when else "not known",
        "left": lambda when: show.age(when, now) if when else "not known",
        "over": lambda when: when <= now,
        "counted": lambda counts: ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing",
        "state": lambda state: _STATES.get(state, "open"),
        "mark": lambda line: {"+": "added", "-": "removed", "~": "title", "!": "title"}.get(line[:1], ""),
    }


def answers(facts: Facts, ways: list[scene.Way]) -> list[Answer]:
    """The five questions, and their answers."""
    return [_where(ways), _who(facts, ways), _healthy(facts), _backup(facts), _last(facts)]


def _where(ways: list[scene.Way]) -> Answer:
    question, place = "Where is the database?", "picture"
    if not ways:
        return Answer(question, "open", "No workload here is given the address of one.", "", place)
    way = ways[0]
    pods = ", ".join(f"pod {end.name}{f' on node {end.node}' if end.node else ''}" for end in way.endpoints) or "no pod"
    data = ", ".join(f"volume claim {claim.name}" for claim in way.claims)
    behind = f"Service {way.service} → {pods}{f' → {data}' if data else ''}" if way.service else "outside this stack"
    more = f"{behind}{f'; and {len(ways) - 1} more' if len(ways) > 1 else ''}"
    return Answer(question, _STATES[way.state], way.address, more, place)


def _who(facts: Facts, ways: list[scene.Way]) -> Answer:
    question, place = "Who may reach it?", "reach"
    if not ways or not ways[0].service:
        return Answer(question, "open", "Not known here.", "", place)
    way = ways[0]
    if any(part.startswith("NetworkPolicy") for part in facts.unread):
        return Answer(question, "open", "Not known: the NetworkPolicies could not be read.", "", place)
    kept = [client.name for client in way.clients if client.refused]
    names = [client.name for client in way.clients if not client.refused] + [who for who, _ in picture.others(way)]
    if way.peers is None:
        return Answer(question, "bad", "Everyone: no NetworkPolicy guards its pods.", "", place)
    more = f"Kept away though given its address: {', '.join(kept)}." if kept else "Everyone else is refused by NetworkPolicies."
    return Answer(question, "bad" if kept else "good", ", ".join(names) or "Nobody.", more, place)


def _healthy(facts: Facts) -> Answer:
    status = facts.status
    lost = [f"{part.what}: {part.why}" for part in status.unknown if part.essential]
    first = status.problems[0].what if status.problems else lost[0] if lost else ""
    words = show.VERDICTS[status.verdict][0]
    running = [f"{item.name} {item.available}/{item.wanted}" for item in status.workloads]
    text = f"{words[0].upper()}{words[1:]}{f': {first}' if first else ''}."
    return Answer("Is it healthy?", _SIGNS[status.verdict], text, ", ".join(running), "wrong" if first else "runs")


def _backup(facts: Facts) -> Answer:
    status, question, place = facts.status, "When was the last good backup?", "backups"
    if status.backups is None or not facts.live:
        return Answer(question, "open", "Not known: CronJobs and Jobs could not be read.", "", place)
    if not status.backups:
        return Answer(question, "bad", "None are made.", "", place)
    good = [item.succeeded for item in status.backups if item.succeeded]
    bad = [item for item in status.backups if item.failed and (not item.succeeded or item.failed > item.succeeded)]
    more = f"The last try failed: {bad[0].reason}" if bad else ""
    if not good or len(good) < len(status.backups):
        return Answer(question, "bad", "There is no good one yet.", more, place)
    oldest = min(good)
    return Answer(question, "bad" if bad else "good", f"{show.age(status.at, oldest)} ago, {oldest:%Y-%m-%d %H:%M} UTC.", more, place)


def _last(facts: Facts) -> Answer:
    question, place = "What changed last, and by whom?", "history"
    change = facts.status.change
    if not change:
        return Answer(question, "open", "Not known.", facts.past.why, place)
    sign = "bad" if change.result == "failed" else ""
    return Answer(question, sign, show.last_change(change, facts.status.at), _message(facts), place)


def _message(facts: Facts) -> str:
    return f"“{facts.past.entries[0].message}”" if facts.past.entries and facts.past.entries[0].message else ""


def objects(facts: Facts) -> list[tuple[str, str, str, str]]:
    """Each object of the stack's state: kind, namespace, name, and since when it is as it is."""
    found = []
    for item in facts.seen.resources or []:
        namespace, _, name = str(item.get("id") or "").rpartition("/")
        since = str(item.get("modified") or item.get("created") or "")[:19].replace("T", " ")
        found.append((str(item["type"]).rpartition(":")[2], namespace, name, f"{since} UTC" if since else ""))
    return sorted(found)


def _any_second(facts: Facts) -> bool:
    """Whether binary logs leave the cluster: then any second can be restored."""
    return any(
        (container.get("args") or [])[:1] == ["ship"]
        for item in facts.of("Deployment")
        for container in item["spec"]["template"]["spec"].get("containers") or []
    )


def _reach(ways: list[scene.Way]) -> Iterator[tuple[str, str, str, str]]:
    """Who may connect to whose pods, to which ports, and which policy says so."""
    doors = {client.name: client.peers for way in ways for client in way.clients}
    doors |= {way.service: way.peers for way in ways if way.service}
    for name, peers in doors.items():
        if peers is None:
            yield name, "everyone", "any port", "none: no policy is about these pods"
        for peer in dict.fromkeys(peers or ()):
            yield name, peer.who, peer.ports, peer.policy
        if peers is not None and not peers:
            yield name, "nobody", "", "all that are about these pods"


def drills(facts: Facts) -> dict[str, str]:
    """Whether each backup is restored and compared before it counts: `yes`, `no`, or empty where it is not said."""
    found = {}
    for item in facts.of("CronJob"):
        text = str(item["spec"]["jobTemplate"])
        said = re.search(r"\bverify=(yes|no)\b", text)
        found[item["metadata"]["name"]] = said[1] if said else ""
    return {item.name: found.get(item.name, "") for item in facts.status.backups or []}


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    names = {"provider": "Pulumi's Kubernetes provider", "pulumi": "Pulumi", "kubernetes": "Kubernetes"}
    for name, version in facts.status.versions.items():
        yield names.get(name, name), version
    servers = {
        container.get("image", "")
        for item in facts.of("Deployment")
        if (item["metadata"].get("labels") or {}).get("app.kubernetes.io/component") == "database"
        for container in (item["spec"]["template"]["spec"].get("containers") or [])[:1]
    }
    yield "MySQL", ", ".join(sorted(servers)) and f"as its image is called: {', '.join(sorted(servers))}"
