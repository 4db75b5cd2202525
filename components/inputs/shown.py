"""How messages show what was given: no login in an address, no secret, and of an object nothing but its keys."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# `user:password@`, as in an address, up to its last @; the @ of an image's digest is another one.
_LOGIN = re.compile(r"(?:(?<=://)|^)(?!.*://)[^/\s]*:.*@(?!sha256:)")
_SAID = re.compile(r"((?:pass\w*|pwd|secret|token)[=:\s]+)[^&;\s]+", re.IGNORECASE)

_SHORT = 4
"""Texts with fewer characters are in many rules, whoever gave them."""


def shown(value: Any) -> str:
    """Return how a message shows a value."""
    if isinstance(value, str):
        return repr(_SAID.sub(r"\1***", _LOGIN.sub("***@", value)))
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"(an object with {', '.join(map(str, value))})" if value else "{}"
    if isinstance(value, list | tuple):
        return f"(a list of {len(value)})" if value else "[]"
    return f"({type(value).__name__})"


def printable(text: str) -> str:
    """Return a text on one line, with what cannot be printed as Python spells it."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def kind(value: Any) -> str:
    """Return how a message shows a value where an object belongs: what a text says may be a password."""
    return "(text)" if isinstance(value, str) else shown(value)


def texts(value: Any) -> Iterator[str]:
    """Return all texts in a value that can be told from a rule's own words."""
    if isinstance(value, str) and len(value) >= _SHORT:
        yield value
    for each in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from texts(each)
