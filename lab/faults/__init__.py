"""The fault bench: break the running system on purpose, on a node of its own, and count what survives.

A fault is a module `f<number>_<name>.py` in this package with one `FAULT`. It is found by being there.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from cli.console import console

from .bench import Bench
from .watch import Named


@dataclass
class Result:
    """How a fault went."""

    count: int = 0
    """How often the fault was made."""
    survived: int = 0
    """How often everything that must happen did happen."""
    figure: str = ""
    """What was measured, in words: `repair p50 6 s, max 9 s`."""
    failures: list[str] = field(default_factory=list)
    """What went wrong, one line each."""
    late: list[str] = field(default_factory=list)
    """What went right and took longer than its goal, one line each. A machine with other work is slow without a fault:
    the bench is red for it, a test is not."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """What `kubeauth status` said of it: `case`, and the fields of `Named`."""

    def status(self, case: str, named: Named) -> list[str]:
        """Keep what the status said of a fault; return the failure where it did not name it."""
        self.told.append({"case": case, **asdict(named)})
        if named.seconds is None:
            return [f"status does not name it, but says: {named.said}"]
        said = " ".join(named.said.split())
        console.print(
            f"       status after {named.seconds:.0f} s: {said}", markup=False, overflow="ellipsis", no_wrap=True
        )
        return []

    @property
    def well(self) -> bool:
        """Whether all of it survived, in time."""
        return self.survived == self.count and not self.late

    def add(self, name: str, failures: list[str], late: list[str] | None = None) -> None:
        """Count one fault; it survived when there is no failure, in time or `late`."""
        late = late or []
        console.print(f"     {'✗' if failures else '✓'} {name}", markup=False)
        for line in failures + late:
            console.print(f"       {line}", markup=False)
        self.count += 1
        self.survived += not failures
        self.failures += [f"{name}: {failure}" for failure in failures]
        self.late += [f"{name}: {line}" for line in late]

    def leave(self, bench: Bench) -> None:
        """Leave the system well; one that cannot be is a failure like the others."""
        done = bench.command("up")
        if done.returncode:
            self.add("the system afterwards", [f"up failed: {done.stdout[-2000:]}"])


@dataclass(frozen=True)
class Fault:
    """A fault, what must happen, and how to make it."""

    id: str
    """For example `F1`."""
    title: str
    """What is done, in a few words."""
    goal: str
    """What must happen, with its figure."""
    count: int
    """How often for the report."""
    run: Callable[[Bench, int, Random], Result]
    """Makes the fault so many times on a system that works, and leaves one that works."""
    spends: bool = False
    """Whether the system cannot be used for another fault afterwards. Default: it can."""


def registry() -> dict[str, Fault]:
    """All faults, by id, in the order of their numbers."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if re.fullmatch(r"f\d+_\w+", module.name)]
    faults = [importlib.import_module(f"{__name__}.{name}").FAULT for name in names]
    return {fault.id: fault for fault in sorted(faults, key=lambda fault: int(fault.id[1:]))}
