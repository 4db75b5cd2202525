"""The security scan: what shows that nobody gets in, one check per module; docs/reference/security.md comes from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from .live import Live

#: Modules of this package, one check each, in the order of docs/reference/security.md.
MODULES = (
    "s1_pods",
    "s2_secrets",
    "s3_scanners",
    "s4_traffic",
    "s5_database",
    "s6_deployer",
    "s7_pins",
    "s8_at_rest",
    "s10_guesses",
)


@dataclass(frozen=True)
class Result:
    """What a check found."""

    figure: str
    """The measured value, for example `28/28 cells`."""
    met: bool
    """Whether it reaches the goal."""
    failures: list[str] = field(default_factory=list)
    """What is short, one line each."""
    table: list[list[str]] = field(default_factory=list)
    """What the page shows beside the figure: a header and rows. Default: nothing."""


@dataclass(frozen=True)
class Check:
    """One check."""

    id: str
    title: str
    goal: str
    run: Callable[[Live], Result]


def registry() -> dict[str, Check]:
    """Every check by its id."""
    found = [import_module(f".{name}", __name__).CHECK for name in MODULES]
    return {check.id: check for check in found}
