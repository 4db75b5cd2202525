"""Values that are known now, and values that another resource makes known later."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import pulumi


def is_output(value: object) -> bool:
    """Whether a value becomes known later: an Output or another awaitable."""
    return isinstance(value, pulumi.Output) or hasattr(value, "__await__")


def is_known(value: object) -> bool:
    """Whether a value is known with all that is in it."""
    if isinstance(value, Mapping):
        return all(map(is_known, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_known, value))
    return not is_output(value)


def lift(function: Callable[..., Any], *values: Any) -> Any:
    """Call a function with values: now if all are known, else as soon as they are, for an Output of its result."""
    if is_known(values):
        return function(*values)
    return pulumi.Output.all(*values).apply(lambda known: function(*known))


def entry(mapping: Any, key: str) -> Any:
    """Return one entry of a map, or None, as of no map: an Output where the map is one."""
    return lift(lambda known: (known or {}).get(key), mapping)


def normal(value: Any) -> Any:
    """Return a value as every Pulumi language means it.

    None inside an object is left out, because an optional input given as None is not given. A word of an Enum is that
    word. A whole number that came as `3.0` is 3. What is not known stays as it is.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: normal(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list | tuple):
        return [normal(entry) for entry in value]
    return value


def inputs_of(args: Any) -> Any:
    """Return a component's inputs as `normal` does; None instead of all of them is none."""
    return {} if args is None else normal(args)


def merged(*maps: Any) -> Any:
    """Return maps in one, later ones win; an Output as soon as one of them is. None is an empty one."""

    def together(*known: Mapping[str, Any] | None) -> dict[str, Any]:
        return {key: value for each in known for key, value in (each or {}).items()}

    return lift(together, *maps)
