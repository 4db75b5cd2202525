"""What a change means, a line each: what restarts and for how long it is away, and the way back."""

from dataclasses import dataclass
from typing import Any

from . import figures, summary
from .gate import Finding
from .model import DATABASE, DELETE, REPLACE, SERVICE, SERVING, Change, Preview, lookup
from .rules import RULES
from .rules.data import version_steps

LOSSLESS = "lossless"
_NOT_MEASURED = "for how long is not measured"


@dataclass(frozen=True)
class Back:
    """The same preview in the other direction: from what the change makes to what was there."""

    preview: Preview
    lost: tuple[str, ...]
    """What it would lose, a line each."""
    failure: str = ""
    """Why it could not be computed; else empty."""


def away(preview: Preview) -> list[tuple[Change, str]]:
    """Each workload whose pods restart or go, and for how long it is away: measured, or it says that it is not."""
    gone = [change for change in preview.of(DELETE) if change.kind in SERVING]
    restarted = [restart.change for restart in summary.restarts(preview)]
    return [(change, "away for good: its pods are stopped and removed") for change in gone] + [
        (change, _away(change)) for change in restarted
    ]


def back(preview: Preview, lost: list[Finding]) -> Back:
    """The way back as the gate judges it.

    Args:
        preview: What going back would do.
        lost: What the gate finds in it.
    """
    found = [finding for finding in lost if RULES[finding.rule].loses]
    return Back(preview, tuple(f"{it.change}: {it.consequence}" for it in found), preview.failure)


def way_back(there: list[Finding], way: Back) -> str:
    """The way back, in a sentence."""
    gone = sorted({str(finding.change) for finding in there if RULES[finding.rule].loses})
    if gone:
        return f"does not bring back what this change loses: {', '.join(gone)}"
    if way.failure:
        return f"not known: {' '.join(way.failure.split())}"
    if way.lost:
        return f"would lose data or not start: {'; '.join(way.lost)}"
    counted = summary.counts(way.preview)
    does = ", ".join(f"{counted[op]} {op}d" for op in summary.OPERATIONS if counted[op]) or "nothing to do"
    return f"{LOSSLESS} ({does})"


def _away(change: Change) -> str:
    if change.kind in ("Job", "CronJob"):
        return "serves nobody"
    if change.op == REPLACE:
        return f"away from its deletion until a new pod is ready; {_NOT_MEASURED}"
    if DATABASE in change.types:
        upgrade = "; the upgrade of its data comes on top, not measured" if any(version_steps(change)) else ""
        return f"away {figures.DATABASE_POD}{upgrade}"
    if _stops_first(change.after):
        return f"away until a new pod is ready; {_NOT_MEASURED}"
    if SERVICE in change.types:
        return f"away {figures.AUTH_ROLLOUT}"
    return "its pods are exchanged one after the other, and serve meanwhile if their probes say the truth; not measured"


def _stops_first(inputs: dict[str, Any] | None) -> bool:
    """Whether the old pods end before new ones are ready: Recreate, one pod of a set, or all may be unavailable."""
    if lookup(inputs, "spec", "strategy", "type") == "Recreate":
        return True
    one = lookup(inputs, "spec", "replicas") in (None, 1)
    gone = str(lookup(inputs, "spec", "strategy", "rollingUpdate", "maxUnavailable"))
    if lookup(inputs, "kind") == "StatefulSet":
        return one
    return gone in ("100%", "1" if one else "100%")
