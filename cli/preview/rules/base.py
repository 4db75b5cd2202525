"""What a rule is, and what it may ask besides the change itself."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import DELETE, REPLACE, Change, Preview, lookup

GONE = (DELETE, REPLACE)
STOP, TELL, OFF = "stop", "tell", "off"
#: What a project may do with a rule.
LEVELS = (STOP, TELL, OFF)
TOLD = ("more-servers", "shards")
"""The rules that stop nothing unless a project wants it."""


@dataclass(frozen=True)
class Settings:
    """What a project says about the rules, in its kubeauth-gate.yaml."""

    data: tuple[str, ...] = ()
    """Patterns of more types that hold data."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Levels of rules; those that are not named stop, but for those of `TOLD`."""
    strangers: tuple[str, ...] = ()
    """Patterns of labels and annotations that the platform writes, which are no drift."""

    def level(self, rule: str) -> str:
        """What a finding of a rule does."""
        return self.rules.get(rule, TELL if rule in TOLD else STOP)


class Context:
    """What a rule may ask besides the change itself."""

    def __init__(self, preview: Preview, settings: Settings) -> None:
        self.changes = preview.changes
        self.settings = settings
        self._gone = {change.urn for change in preview.changes if change.op == DELETE}
        self._namespaces = {
            lookup(change.before, "metadata", "name")
            for change in preview.changes
            if change.kind == "Namespace" and change.op in GONE
        }

    def is_lost(self, change: Change) -> bool:
        """Whether a resource is deleted or replaced, and Pulumi is not told to leave it where it is."""
        return change.op in GONE and not (change.op == DELETE and change.retained)

    def goes_with_its_component(self, change: Change) -> bool:
        """Whether the component that a resource belongs to is deleted as well."""
        return change.op == DELETE and change.parent in self._gone

    def goes_with_its_namespace(self, change: Change) -> bool:
        """Whether the Namespace in which a resource is now goes, with everything in it."""
        return lookup(change.before, "metadata", "namespace") in self._namespaces


Found = Iterator[tuple[str, str]]
"""The property that causes it, and what follows."""


@dataclass(frozen=True)
class Rule:
    """One reason to stop."""

    check: Callable[[Change, Context], Found]
    why: str
    """Why that is dangerous, in one sentence."""
    do: str
    """What to do instead."""
    loses: bool = False
    """Whether data or the server that serves it is lost: then there is no way back."""
    also_new: bool = False
    """Whether it holds for a stack that is new, too: it has nothing to lose, but much to show or to allow."""


def what(change: Change) -> str:
    """How a resource goes, in words."""
    return f"replaced, {change.because}" if change.op == REPLACE else "deleted"


def shown(value: Any) -> str:
    """A value in a finding."""
    if value is None or not isinstance(value, str | int | float | list | dict):
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
