"""The results of the fault bench: a file for programs, a page for people, both from the same numbers."""

import json
import math
from typing import Any

from cli import paths

RESULTS = paths.CHECKOUT / "docs" / "reference" / "reliability.json"
PAGE = paths.CHECKOUT / "docs" / "reference" / "reliability.md"
_HEAD = """# What it survives

Each fault is made on a real node, as often as the column says, and everything that must happen is checked each time.
`make faults` runs them all and writes this page from what it measured; `make faults ONLY=F1 COUNT=5` runs some.
A short version of each is part of `make test`. What fell short of its goal stays on this page as short.

| fault | what is done | survived | goal | measured |
|---|---|---|---|---|
"""
_TOLD = """
## What status says of it

While something is broken, `kubeauth status` has to name it. Seconds count from the fault's beginning; of a case that
came several times the slowest is here.

| fault | case | `kubeauth status` says | after |
|---|---|---|---|
"""


def record(outcome: dict[str, Any]) -> None:
    """Add one result, in the place of an older one of the same fault, and write the page anew."""
    known: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known[str(outcome["id"])] = outcome
    ordered = dict(sorted(known.items(), key=lambda item: int(item[0][1:])))
    RESULTS.write_text(json.dumps(ordered, indent=2) + "\n")
    PAGE.write_text(page(ordered))


def page(results: dict[str, dict[str, Any]]) -> str:
    """The page for these results."""
    rows = "".join(
        f"| {item['id']} | {item['title']} | {_survived(item)} | {item['goal']} | {item['figure']} |\n"
        for item in results.values()
    )
    failures = [
        f"- {item['id']} {line}" for item in results.values() for line in [*item["failures"], *item.get("late", [])]
    ]
    listed = "\nWhat went wrong:\n\n" + "\n".join(" ".join(line.split())[:400] for line in failures) + "\n"
    seeds = ", ".join(sorted({str(item["seed"]) for item in results.values()}))
    dates = ", ".join(sorted({item["date"] for item in results.values()}))
    measured = f"\nMeasured on {dates}, seed {seeds}.\n"
    return f"{_HEAD}{rows}{measured}{_told(results)}{listed if failures else ''}"


def _told(results: dict[str, dict[str, Any]]) -> str:
    """What the status said: of cases that came several times the slowest, and one that was not named before all."""
    slowest: dict[tuple[str, str], dict[str, Any]] = {}
    for item in results.values():
        for told in item.get("told", []):
            key = (item["id"], told["case"])
            slowest[key] = max(slowest.get(key, told), told, key=lambda one: one["seconds"] or math.inf)
    if not slowest:
        return ""
    rows = "".join(
        f"| {fault} | {case} | {_cell(told['said'])} | {_after(told['seconds'])} |\n"
        for (fault, case), told in slowest.items()
    )
    return f"{_TOLD}{rows}"


def _cell(said: str) -> str:
    return " ".join(said.split()).replace("|", "\\|")[:200]


def _after(seconds: float | None) -> str:
    return "**not named**" if seconds is None else f"{seconds:.0f} s"


def _survived(item: dict[str, Any]) -> str:
    short = " **(fewer than the goal asks for)**" if item["count"] < item["wanted"] else ""
    lost = " **(short)**" if item["survived"] != item["count"] else ""
    late = " **(late)**" if item.get("late") else ""
    return f"{item['survived']}/{item['count']}{lost}{late}{short}"
