"""Two values of a resource's inputs, compared leaf by leaf, and quantities of Kubernetes."""

import re
from collections.abc import Iterator
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any, NamedTuple

#: Stands for a side that has nothing there; None is a value.
MISSING = object()
_UNITS = {"": Decimal(1), "m": Decimal("0.001")} | {
    unit: Decimal(base) ** power
    for base, units in ((1000, ("k", "M", "G", "T", "P", "E")), (1024, ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))
    for power, unit in enumerate(units, 1)
}


class Entry(NamedTuple):
    """One place where two values differ."""

    path: str
    old: Any
    new: Any


def entries(old: Any, new: Any, path: str = "") -> Iterator[Entry]:
    """Yield every place where two values differ, in a fixed order.

    Items of a list are matched by their `name` where all have one, so that an inserted one moves nothing.
    """
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            place = (
                f"{path}.{key}" if path and "." not in key and "/" not in key else f'{path}["{key}"]' if path else key
            )
            yield from entries(old.get(key, MISSING), new.get(key, MISSING), place)
    elif isinstance(old, list) and isinstance(new, list):
        old_names, new_names = _names(old), _names(new)
        if old_names and new_names:
            for name in [*old_names, *(name for name in new_names if name not in old_names)]:
                yield from entries(old_names.get(name, MISSING), new_names.get(name, MISSING), f"{path}[{name}]")
        else:
            yield from _by_position(old, new, path)
    else:
        yield Entry(path, old, new)


def _names(items: list[Any]) -> dict[str, Any]:
    """A list's items by their names; nothing unless every item has one of its own."""
    names = {str(item.get("name")): item for item in items if isinstance(item, dict) and item.get("name")}
    return names if len(names) == len(items) else {}


def _by_position(old: list[Any], new: list[Any], path: str) -> Iterator[Entry]:
    matcher = SequenceMatcher(None, [repr(item) for item in old], [repr(item) for item in new], autojunk=False)
    for operation, i1, i2, j1, j2 in matcher.get_opcodes():
        if operation == "equal":
            continue
        for offset in range(max(i2 - i1, j2 - j1)):
            left = old[i1 + offset] if i1 + offset < i2 else MISSING
            right = new[j1 + offset] if j1 + offset < j2 else MISSING
            index = i1 + offset if left is not MISSING else j1 + offset
            yield from entries(left, right, f"{path}[{index}]")


def quantity(text: Any) -> Decimal | None:
    """An amount as Kubernetes writes it (`1Gi`, `500m`, `1e3`); None where it is none."""
    match = re.fullmatch(r"([0-9.]+)(?:[eE]([0-9]+))?([A-Za-z]{0,2})", str(text))
    if not match or match[3] not in _UNITS:
        return None
    try:
        return Decimal(match[1]) * 10 ** int(match[2] or 0) * _UNITS[match[3]]
    except ArithmeticError:
        return None
