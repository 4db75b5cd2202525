"""The five questions that everybody asks first, and their answers."""

from typing import NamedTuple

from ..status import show
from ..status.model import NOTHING, UNKNOWN, WELL, WRONG
from .gather import Facts
from .model import NOT_KNOWN, NOT_READY, READY, Way

#: The sign beside each verdict and each state: a shape of its own, so that no colour is needed to tell them apart.
SIGNS = {WELL: "good", WRONG: "bad", NOTHING: "open", UNKNOWN: "open"}
STATES = {READY: "good", NOT_READY: "bad", NOT_KNOWN: "open"}

#: An answer that is longer is told in its section.
_LONGEST = 160


class Answer(NamedTuple):
    """One of the questions that everybody asks first, answered."""

    question: str
    sign: str
    """`good`, `bad`, `open`, or empty."""
    text: str
    more: str
    place: str
    """The section that says more."""


def find(facts: Facts, ways: list[Way]) -> list[Answer]:
    """The five questions, and their answers."""
    return [_where(ways), _who(facts, ways), _healthy(facts), _backup(facts), _last(facts)]


def _where(ways: list[Way]) -> Answer:
    question, place = "Where is the database?", "picture"
    if not ways:
        return Answer(question, "open", "No workload here is given the address of one.", "", place)
    way = ways[0]
    pods = ", ".join(f"pod {end.name}{f' on node {end.node}' if end.node else ''}" for end in way.endpoints) or "no pod"
    data = ", ".join(f"volume claim {claim.name}" for claim in way.claims)
    behind = f"Service {way.service} → {pods}{f' → {data}' if data else ''}" if way.service else "outside this stack"
    more = f"{behind}{f'; and {len(ways) - 1} more' if len(ways) > 1 else ''}"
    return Answer(question, STATES[way.state], way.address, more, place)


def _who(facts: Facts, ways: list[Way]) -> Answer:
    question, place = "Who may reach it?", "reach"
    if not ways or not ways[0].service:
        return Answer(question, "open", "Not known here.", "", place)
    way = ways[0]
    if not way.doors.known:
        return Answer(question, "open", "Not known: the NetworkPolicies could not be read.", "", place)
    kept = [client.name for client in way.clients if client.refused]
    names = [client.name for client in way.clients if not client.refused] + [who for who, _ in way.others()]
    if way.doors.into is None:
        return Answer(question, "bad", "Everyone: no NetworkPolicy guards its pods.", "", place)
    more = (
        f"Kept away though given its address: {', '.join(kept)}."
        if kept
        else "Everyone else is refused by NetworkPolicies."
    )
    if not facts.live:
        return Answer(
            question, "open", ", ".join(names) or "Nobody.", "So the program made it; the cluster was not asked.", place
        )
    return Answer(question, "bad" if kept else "good", ", ".join(names) or "Nobody.", more, place)


def _healthy(facts: Facts) -> Answer:
    status = facts.status
    lost = [f"{part.what}: {part.why}" for part in status.unknown if part.essential]
    first = show.clean(status.problems[0].what if status.problems else lost[0] if lost else "", _LONGEST)
    words = show.VERDICTS[status.verdict][0]
    running = [f"{item.name} {item.available}/{item.wanted}" for item in status.workloads]
    text = f"{words[0].upper()}{words[1:]}{f': {first}' if first else ''}."
    return Answer("Is it healthy?", SIGNS[status.verdict], text, ", ".join(running), "wrong" if first else "runs")


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
    return Answer(
        question,
        "bad" if bad else "good",
        f"{show.age(status.at, oldest)} ago, {oldest:%Y-%m-%d %H:%M} UTC.",
        more,
        place,
    )


def _last(facts: Facts) -> Answer:
    question, place = "What changed last, and by whom?", "history"
    change = facts.status.change
    if not change:
        return Answer(question, "open", "Not known.", facts.past.why, place)
    sign = "bad" if change.result == "failed" else ""
    return Answer(question, sign, show.last_change(change, facts.status.at), _by_hand(facts) or _message(facts), place)


def _by_hand(facts: Facts) -> str:
    """What was written since, by others than Pulumi."""
    change = facts.status.change
    since = {hand.what: hand for hand in reversed(facts.hands) if change and not (change.at and hand.at < change.at)}
    told = [f"{it.what} (by {it.program} {show.age(facts.status.at, it.at)} ago)" for it in reversed(since.values())]
    return f"Since then without Pulumi: {', '.join(told)}." if told else ""


def _message(facts: Facts) -> str:
    return f"“{facts.past.entries[0].message}”" if facts.past.entries and facts.past.entries[0].message else ""
