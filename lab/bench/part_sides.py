"""The sides beside each other: every case, at every size."""

import time
from typing import Any

from . import rounds, stats
from .parts import Given, Part
from .system import System

#: Rounds by size: what takes minutes is measured less often, and the page says how often.
ROUNDS = {30: 3, 100: 1}
#: Seconds of one round by size, on two cores.
_ESTIMATES = {1: 145, 10: 140, 30: 420, 100: 1700}


def count_of(databases: int, given: Given) -> int:
    """How many rounds a size gets."""
    return min(given.count, ROUNDS.get(databases, given.count))


def run(system: System, given: Given) -> dict[str, Any]:
    """Measure all sides at all sizes."""
    today = {"date": time.strftime("%Y-%m-%d")}
    return {"sizes": [{**rounds.measure(system, size, count_of(size, given)), **today} for size in given.sizes]}


def summary(results: dict[str, Any]) -> list[str]:
    """A table per size."""
    lines: list[str] = []
    for size in results["sizes"]:
        lines.append(f"{size['databases']} databases, {size['objects']} objects, medians of {size['count']}:")
        for name, cases in size["seconds"].items():
            cells = (f"{case} {stats.spread(values).median:6.2f} s" for case, values in cases.items())
            lines.append(f"  {name:<11}{'  '.join(cells)}")
    return lines


PART = Part(
    "the sides beside each other",
    run,
    summary,
    lambda given: sum(_ESTIMATES.get(size, 6 * size) * count_of(size, given) for size in given.sizes),
)
