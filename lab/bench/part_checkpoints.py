"""Checkpoints: one program with the state written twice for each resource, and with it written once, at the end."""

import time
from typing import Any

from cli.stack import journal

from . import kwok, programs, stats
from .part_sides import count_of
from .parts import Given, Part
from .rounds import FAKE_FROM
from .sides import PULUMI
from .system import System

CASES = ("first up", "passwords", "destroy")
#: What the project's own command sets where a killed run can be repaired without checkpoints (docs/adr/0013).
WAYS = {"with": {}, "without": {journal.VARIABLE: "true"}}
#: Seconds of one round by size, on two cores.
_ESTIMATES = {1: 110, 10: 130, 30: 330, 100: 900}


def run(system: System, given: Given) -> dict[str, Any]:
    """Measure both ways in turn, at all sizes."""
    return {"sizes": [_measure(system, size, count_of(size, given)) for size in given.sizes]}


def _measure(system: System, databases: int, count: int) -> dict[str, Any]:
    fake = databases >= FAKE_FROM
    seconds: dict[str, dict[str, list[float]]] = {way: {case: [] for case in CASES} for way in WAYS}
    size = 0
    with kwok.pods(system) if fake else kwok.no_fakes() as storage_class:
        given = programs.values(databases, storage_class)
        folder = programs.write(system, "components", programs.shipped("components"), given)
        for number in range(count):
            for way in list(WAYS)[:: -1 if number % 2 else 1]:
                if fake:
                    kwok.volumes(system, databases)
                taken, size = _one(system, folder, WAYS[way], f"{number}-{way}")
                for case, value in taken.items():
                    seconds[way][case].append(value)
        system.run("pulumi", "stack", "rm", "--yes", cwd=folder)
        programs.remove(folder)
    today = {"date": time.strftime("%Y-%m-%d")}
    return {"databases": databases, "count": count, "fake": fake, "state": size, "seconds": seconds, **today}


def _one(system: System, folder: Any, way: dict[str, str], password: str) -> tuple[dict[str, float], int]:
    """Make, change and remove everything; the seconds of each, and the bytes of the state."""
    # As the project's command runs it: with the log of events that the journal is made of.
    env = {**way, "PULUMI_DEBUG_COMMANDS": "true"}

    def pulumi(command: str) -> float:
        log = ("--event-log", str(system.folder / "events"))
        return system.run("pulumi", command, "--yes", "--skip-preview", *PULUMI, *log, cwd=folder, env=env).seconds

    taken = {"first up": pulumi("up")}
    system.run("pulumi", "config", "set", "--secret", "password", password, cwd=folder)
    taken["passwords"] = pulumi("up")
    size = len(system.run("pulumi", "stack", "export", cwd=folder).output)
    taken["destroy"] = pulumi("destroy")
    return taken, size


def summary(results: dict[str, Any]) -> list[str]:
    """A line for each size and case, with the ratio."""
    lines: list[str] = []
    for size in results["sizes"]:
        lines.append(f"{size['databases']} databases, state {size['state'] / 1e6:.1f} MB, medians of {size['count']}:")
        for case in CASES:
            ways = {way: size["seconds"][way][case] for way in WAYS}
            told = "  ".join(f"{way} {stats.spread(values).median:7.2f} s" for way, values in ways.items())
            lines.append(f"  {case:<10}{told}  {stats.ratio(ways['without'], ways['with']):.2f} ×")
    return lines


PART = Part(
    "the state written for each resource, and once",
    run,
    summary,
    lambda given: sum(_ESTIMATES.get(size, 9 * size) * count_of(size, given) for size in given.sizes),
)
