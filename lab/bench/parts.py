"""What a part of the bench is, and what it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .system import System


@dataclass(frozen=True)
class Given:
    """What the command line asked for."""

    sizes: list[int]
    """Numbers of databases."""
    count: int
    """How often each thing is measured."""


@dataclass(frozen=True)
class Part:
    """Something that is measured by itself."""

    title: str
    """What is measured, in a few words."""
    run: Callable[[System, Given], dict[str, Any]]
    """Measures it and returns what goes into the record."""
    summary: Callable[[dict[str, Any]], list[str]]
    """The lines to print, from what is in the record."""
    estimate: Callable[[Given], float]
    """About how many seconds it takes."""
