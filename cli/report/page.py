"""The text of the page: what was found, in the order in which somebody who was woken up asks for it."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..console import as_typed
from ..stack.namespace import WORKLOADS
from ..status import show
from . import answers, picture, runbooks, scene
from .gather import Facts
from .model import Way

#: What drift looks like.
_DRIFT = {"no": "good", "yes": "bad", "unknown": "open"}

#: The sections, by their places and names.
PLACES = (
    ("answers", "In short"), ("wrong", "What is wrong"), ("picture", "The way to the data"),
    ("reach", "Who may talk to whom"), ("runs", "What runs"), ("backups", "Backups"), ("drift", "Drift"),
    ("history", "History"), ("versions", "Versions"), ("next", "What to type next"),
)  # fmt: skip


def render(facts: Facts, *, searched: int) -> str:
    """The whole page.

    Args:
        facts: What it says.
        searched: For how many secrets it will be searched.
    """
    ways = scene.ways(facts.objects, live=facts.live)
    status = facts.status
    here = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0], "."),
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
        sign=answers.SIGNS[status.verdict],
        answers=answers.find(facts, ways),
        pictures=[(way, picture.wide(way), picture.narrow(way)) for way in ways],
        drift_sign=_DRIFT[facts.drift.verdict],
        objects=objects(facts),
        drills=drills(facts),
        reach=list(_reach(ways)),
        kept_away=[
            f"{it.name} is given {way.address}, but {it.refused}" for way in ways for it in way.clients if it.refused
        ],
        essential=[part for part in status.unknown if part.essential],
        versions=list(_versions(facts)),
        places=[entry for entry in PLACES if entry[0] != "wrong" or status.problems or status.unknown or facts.unread],
        searched=searched,
        style=Markup(style),  # noqa: S704 - this package's own file
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
        "pieces": commands_in,
        "runbook": runbooks.section,
        "utc": lambda when: f"{when:%Y-%m-%d %H:%M:%S} UTC" if when else "not known",
        "iso": lambda when: f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "ago": lambda when: f"{show.age(now, when)} ago" if when else "never",
        "lasting": lambda when: show.age(now, when) if when else "not known",
        "left": lambda when: show.age(when, now) if when else "not known",
        "over": lambda when: when <= now,
        "counted": lambda counts: ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing",
        "state": lambda state: answers.STATES.get(state, "open"),
        "mark": lambda line: {"+": "added", "-": "removed", "~": "title", "!": "title"}.get(line[:1], ""),
    }


#: What somebody types, in a sentence that says more.
_COMMAND = re.compile(
    r"(?:\b[A-Z_0-9]+=[^\s;,]+ )?\b(?:(?:make|eval) [a-z-]+(?: [A-Z_]+=(?:'[^']*'|[^\s;,]+))*"
    r"|kubeauth [a-z-]+(?: --[a-z-]+(?: (?!--)[^\s;,]+)?)*"
    r"|(?:kubectl|pulumi) .+?(?=; |, |\)|$))"
)


def commands_in(text: str) -> Iterator[tuple[bool, str]]:
    """A sentence in pieces, and whether each is a command to type."""
    place = 0
    for match in _COMMAND.finditer(text):
        yield False, text[place : match.start()]
        yield True, match[0]
        place = match.end()
    yield False, text[place:]


def objects(facts: Facts) -> list[tuple[str, str, str, str]]:
    """Each object of the stack's state: kind, namespace, name, and since when it is as it is."""
    found = []
    for item in facts.seen.resources or []:
        namespace, _, name = str(item.get("id") or "").rpartition("/")
        since = str(item.get("modified") or item.get("created") or "")[:19].replace("T", " ")
        found.append((str(item["type"]).rpartition(":")[2], namespace, name, f"{since} UTC" if since else ""))
    return sorted(found)


def _reach(ways: list[Way]) -> Iterator[tuple[str, str, str, str, str]]:
    """Whose pods, in which direction, to whom, on which ports, and which policy says so."""
    doors = {client.name: client.doors for way in ways for client in way.clients}
    doors |= {way.service: way.doors for way in ways if way.service}
    for name, those in doors.items():
        if not those.known:
            continue
        for side, peers in (("let in", those.into), ("go out to", those.out)):
            if peers is None:
                yield name, side, "everyone", "any port", "none is about these pods"
            elif not peers:
                yield name, side, "nobody", "", "what is about these pods opens nothing"
            for peer in dict.fromkeys(peers or ()):
                yield name, side, peer.who, peer.ports, peer.policy


def drills(facts: Facts) -> dict[str, str]:
    """Whether each backup is restored and compared before it counts: `yes`, `no`, or empty where it is not said."""
    found = {}
    for item in facts.of("CronJob"):
        pod = item["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        words = [word for each in pod.get("containers") or [] for word in each.get("command") or []]
        said = re.search(r"^verify=(yes|no)$", "\n".join(words), re.MULTILINE)
        found[item["metadata"]["name"]] = said[1] if said else ""
    return {item.name: found.get(item.name, "") for item in facts.status.backups or []}


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    names = {"provider": "Pulumi's Kubernetes provider", "pulumi": "Pulumi", "kubernetes": "Kubernetes"}
    for name, version in facts.status.versions.items():
        yield names.get(name, name), version
    servers = {
        container.get("image", "")
        for kind in WORKLOADS
        for item in facts.of(kind)
        if (item["metadata"].get("labels") or {}).get("app.kubernetes.io/component") == "database"
        for container in (item["spec"]["template"]["spec"].get("containers") or [])[:1]
    }
    yield "MySQL", ", ".join(sorted(servers)) and f"as its image is called: {', '.join(sorted(servers))}"
