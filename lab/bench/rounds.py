"""Rounds: each side makes the stack, leaves it, changes it, previews it and removes it; then the next side."""

import time
from typing import Any

from cli.console import Problem, console

from . import kwok, objects, render, sides
from .sides import CHANGED_NOTE, NOTE, Side
from .system import System

CASES = ("first up", "second up", "one value", "preview", "destroy")
#: From this size on pods are kwok's: two cores do not start thirty databases.
FAKE_FROM = 10


def measure(system: System, databases: int, count: int) -> dict[str, Any]:
    """Run so many rounds and return the seconds of each case by side.

    All sides take their turn in every round, each round beginning with another one, so that what the machine does
    besides meets all of them alike.

    Raises:
        Problem: Two sides did not end with the same objects.
    """
    fake = databases >= FAKE_FROM
    with kwok.pods(system) if fake else kwok.no_fakes() as storage_class:
        resources = render.render(system, databases, storage_class)
        made = sides.make(system, resources, databases, storage_class)
        seconds: dict[str, dict[str, list[float]]] = {name: {case: [] for case in CASES} for name in made}
        for number in range(count):
            names = list(made)
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                if fake:
                    kwok.volumes(system, databases)
                taken, found = one(system, made[name])
                for case, value in taken.items():
                    seconds[name][case].append(value)
                _compare(name, found, resources)
                shown = "  ".join(f"{case} {value:.2f} s" for case, value in taken.items())
                console.print(f"   {databases:>3} {name:<10} {shown}", markup=False)
        for side in made.values():
            side.clean()
    objects_made = len(resources)
    return {"databases": databases, "objects": objects_made, "count": count, "fake": fake, "seconds": seconds}


def one(system: System, side: Side) -> tuple[dict[str, float], dict[str, dict[str, Any]]]:
    """One side's turn: its seconds by case, and what was on the cluster after the first `up` and after the change."""
    found: dict[str, dict[str, Any]] = {}
    side.change(NOTE)
    taken = {"first up": side.up()}
    if side.has_objects:
        found[NOTE] = objects.collect(system)
    taken["second up"] = side.again()
    taken["preview"] = side.preview()
    side.change(CHANGED_NOTE)
    taken["one value"] = side.up()
    if side.has_objects:
        found[CHANGED_NOTE] = objects.collect(system)
    taken["destroy"] = side.destroy()
    _wait_until_gone(system)
    return taken, found


def _compare(name: str, found: dict[str, dict[str, Any]], resources: list[render.Resource]) -> None:
    """Compare with the first side that was here, and with what the components say that there is."""
    for note, there in found.items():
        expected = {objects.key(resource.inputs) for resource in resources}
        first = _seen.setdefault((len(resources), note), there)
        wrong = [f"{item} is missing or too much" for item in sorted(expected ^ there.keys())]
        if wrong := wrong + objects.differences(first, there):
            lines = "\n".join(wrong[:20])
            raise Problem(f"{name} does not end with the same objects:\n{lines}", "the bench compares like with like")


_seen: dict[tuple[int, str], dict[str, Any]] = {}


def _wait_until_gone(system: System) -> None:
    """Wait until the next side finds a cluster without anything of this one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        names = [item["metadata"]["name"] for item in system.get("namespaces")]
        if sides.NAMESPACE not in names and not system.get("persistentvolumes", "--selector", "!bench"):
            return
        time.sleep(0.5)
    raise Problem("the namespace of the side before is still there", "see why: kubectl describe namespace bench")
