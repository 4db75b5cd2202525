"""The status as lines for people: the verdict first, what is wrong before what is well, what to type at the end."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from ..console import as_typed
from .model import NOTHING, UNKNOWN, WELL, WRONG, Backup, Change, Status, Workload

#: What a log or an event says is cut there.
LONGEST = 400
VERDICTS = {
    WELL: ("all is well", "green"),
    WRONG: ("something is wrong", "red"),
    NOTHING: ("nothing is deployed", "yellow"),
    UNKNOWN: ("not known whether all is well", "yellow"),
}
_BAD, _DIM, _PLAIN = "red", "dim", ""


class Line(NamedTuple):
    """One line and its style."""

    text: str
    style: str = _PLAIN


def lines(status: Status) -> list[Line]:
    """The whole status."""
    words, style = VERDICTS[status.verdict]
    found = [Line(f"Stack {status.stack}: {words} ({status.at:%Y-%m-%d %H:%M:%S} UTC)", style)]
    if status.cluster:
        version = f", Kubernetes {status.cluster.version}" if status.cluster.version else ""
        found.append(Line(f"{'cluster':12}{status.cluster.way}{version}"))
    if status.running:
        found.append(Line(f"{'running':12}a change by {status.running}", "yellow"))
    found += _problems(status)
    found += _workloads(status)
    found += _rows(status)
    for part in status.unknown:
        found.append(
            Line(f"{'not known':12}{clean(part.why if part.what == 'the cluster' else _told(part))}", "yellow")
        )
        if part.fix and part.essential:
            found += _indented("fix", part.fix)
    for number, command in enumerate(status.next):
        found += _indented("next" if not number else "", command, width=12)
    return [Line(as_typed(text), style) for text, style in found]


def _told(part: object) -> str:
    return f"{getattr(part, 'what', '')}: {getattr(part, 'why', '')}"


def _problems(status: Status) -> Iterator[Line]:
    for number, problem in enumerate(status.problems):
        yield Line(f"{'wrong' if not number else ' then':12}{clean(problem.what)}", _BAD)
        if problem.seen:
            yield Line(f"{'  seen':12}{clean(problem.seen)}")
        yield from _indented("  fix", problem.fix, width=12)


def _indented(head: str, text: str, width: int = 12) -> Iterator[Line]:
    for number, line in enumerate(text.splitlines()):
        yield Line(f"{head if not number else '':{width}}{line.strip()}")


def _workloads(status: Status) -> Iterator[Line]:
    for item in status.workloads:
        name = f"{item.namespace}/{item.name}"
        if not item.exists:
            yield Line(f"{item.kind:12}{name} is not in the cluster", _BAD)
            continue
        ready = "ready" if item.ready else "not ready"
        counted = f"{item.available}/{item.wanted} pods"
        yield Line(f"{item.kind:12}{name}  {ready}, {counted}  {', '.join(item.images)}", "" if item.ready else _BAD)
        yield from _pods(item, status.at)


def _pods(item: Workload, now: datetime) -> Iterator[Line]:
    for pod in item.pods or ():
        since = f" for {age(now, pod.since)}" if pod.since else ""
        ended = f", the last time {pod.ended}" if pod.ended else ""
        again = f", restarted {pod.restarts} times{ended}" if pod.restarts else ""
        node = f"{'' if pod.newest else ' (older version)'}{f' on {pod.node}' if pod.node else ' on no node'}"
        yield Line(f"{'':12}{pod.name}{node}, {'ready' if pod.ready else 'not ready'}{since}{again}", _DIM)


def _rows(status: Status) -> Iterator[Line]:
    now = status.at
    if status.change:
        yield Line(f"{'last change':12}{last_change(status.change, now)}")
    for backup in status.backups or []:
        yield Line(f"{'backup':12}{_backup(backup, now)}")
    if status.backups == [] and status.workloads:
        yield Line(f"{'backup':12}none are made")
    for item in status.restorable:
        told = f"any second up to {item.until:%Y-%m-%d %H:%M:%S} UTC" if item.until else "not known up to which second"
        why = f" ({item.problem})" if item.problem else ""
        yield Line(f"{'restorable':12}{item.namespace}/{item.pod}: {told}{clean(why)}")
    for item in status.certificates:
        told = item.problem or (f"ends in {age(item.expires, now)}, {item.expires:%Y-%m-%d}" if item.expires else "")
        if item.expires and item.expires <= now:
            told = f"ended {age(now, item.expires)} ago"
        yield Line(f"{'certificate':12}{item.namespace}/{item.secret}: {told}")
    for volume in status.volumes:
        size = (
            f"{volume.has} of class {volume.storage_class or '(none)'}" if volume.has else volume.phase or "no volume"
        )
        asked = f", asked for {volume.asked}" if volume.asked != volume.has else ""
        yield Line(f"{'volume':12}{volume.namespace}/{volume.name}: {size}{asked}")
    known = {name: version for name, version in status.versions.items() if version and name != "kubernetes"}
    if known:
        yield Line(f"{'versions':12}{', '.join(f'{name} {version}' for name, version in known.items())}", _DIM)


def last_change(change: Change, now: datetime) -> str:
    """A change in a sentence: what it did, when, whose it was, and how many objects it touched."""
    when = f" {age(now, change.at)} ago" if change.at else ""
    author = f" of {change.author}" if change.author else ""
    commit = f", commit {change.commit}{author}" if change.commit else ""
    counted = ", ".join(f"{count} {name}" for name, count in sorted(change.changes.items()))
    by = f" by {change.by}" if change.by else ""
    return clean(f"{change.kind} {change.result}{when}{by}{commit}{f' ({counted})' if counted else ''}")


def _backup(backup: Backup, now: datetime) -> str:
    good = f"last good one {age(now, backup.succeeded)} ago" if backup.succeeded else "no good one yet"
    bad = f"; last failed {age(now, backup.failed)} ago: {backup.reason}" if backup.failed else ""
    return clean(f"{backup.namespace}/{backup.name} ({backup.schedule}): {good}{bad}")


def summary(status: Status) -> str:
    """One line that changes only when something did: no ages in it."""
    words = VERDICTS[status.verdict][0]
    parts = [problem.what for problem in status.problems]
    parts += [f"{part.what}: {part.why}" for part in status.unknown if part.essential]
    counted = [f"{item.name} {item.available}/{item.wanted}" for item in status.workloads]
    return as_typed(clean(f"{words}{': ' if parts else ''}{'; '.join(parts)} [{', '.join(counted)}]", None))


def age(later: datetime, earlier: datetime | None) -> str:
    """The time between two moments as people say it, in its largest two units."""
    if earlier is None:
        return "an unknown time"
    seconds = max(0, round((later - earlier).total_seconds()))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (unit, size), (lower, part) in pairwise(units):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {unit} {rest} {lower}" if rest else f"{seconds // size} {unit}"
    return f"{seconds} s"


def clean(text: str, longest: int | None = LONGEST) -> str:
    """What a cluster says, on one line and without what a terminal would obey."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if longest is None or len(text) <= longest else text[:longest] + "…"
