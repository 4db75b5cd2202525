"""What a manifest can hold at all, whatever the input: text in UTF-8, and what JSON knows."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import Advice, InputError
from .known import is_output
from .shown import shown


def unreadable(key: str, value: Any) -> list[InputError]:
    """Return the errors of texts and of keys that no rule could read: not UTF-8, with a NUL, or no text at all."""
    return [
        *(
            InputError(place, shown(each), "a name in text", f"'{each}'")
            for place, each in _keys(key, value)
            if not isinstance(each, str)
        ),
        *(
            InputError(place, "(text)", "text in UTF-8, without NUL", Advice("give it in UTF-8"))
            for place, each in [*_keys(key, value), *_leaves(key, value)]
            if isinstance(each, str) and not _is_readable(each)
        ),
    ]


def foreign(key: str, value: Any) -> list[InputError]:
    """Return the errors of what JSON does not know, such as a set, an object of a program's own, or NaN."""
    rule, fix = "text, a number, true, false, a list or an object of them", "a dict where it is an object"
    return [
        InputError(place, shown(each), rule, Advice(fix))
        for place, each in _leaves(key, value)
        if not isinstance(each, str | bool | int | float | None)
        or (isinstance(each, float) and not math.isfinite(each))
    ]


def _is_readable(text: str) -> bool:
    # Python reads bytes of the environment that are not UTF-8 as halves of characters.
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _keys(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for word, each in value.items():
            yield f"{key}.{word}", word
            yield from _keys(f"{key}.{word}", each)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _keys(f"{key}.{number}", each)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for word, each in value.items():
            yield from _leaves(f"{key}.{word}", each)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _leaves(f"{key}.{number}", each)
    elif not is_output(value):
        yield key, value
