"""Objects with Kubernetes' own keys: the API server refuses a wrong one half-way, and Pulumi with a traceback."""

import inspect
import typing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from types import NoneType
from typing import Any, cast

from ..inputs import errors, validation
from ..inputs.errors import Advice, InputError
from ..inputs.known import is_output
from ..inputs.shown import kind
from . import native_values

_PLAIN = {str: ("text, in quotes", "'text'"), bool: ("true or false", "true"), int: ("a whole number", "1")}
_QUANTITIES = (".limits", ".requests")


def check(key: str, value: Any, declared: type) -> list[InputError]:
    """Return the errors of an object: keys that its kind does not have, missing ones, and values of another shape.

    Args:
        key: Where it is.
        value: The object; keys may be spelt as in Python, too.
        declared: Its class among pulumi_kubernetes' outputs, for example `core.outputs.Affinity`.
    """
    fields, spelled = _fields(declared)
    if not isinstance(value, Mapping):
        return [InputError(key, kind(value), f"an object with {', '.join(fields)}", f"{{{next(iter(fields))}: …}}")]
    given = cast(Mapping[str, Any], value)
    meant = {word: spelled.get(word, word) for word in given}
    absent = [word for word, (_, required) in fields.items() if required and word not in meant.values()]
    found = [
        *(InputError(f"{key}.{word}", "(missing)", "required", Advice(f"give {key}.{word}")) for word in absent),
        *errors.unknown_keys([word for word in meant if meant[word] not in fields], fields, f"{key}."),
        *(
            error
            for word, each in given.items()
            if meant[word] in fields
            for error in _one(f"{key}.{word}", each, fields[meant[word]][0])
        ),
    ]
    return found or [*map(partial(_as_spelled, key, meant), native_values.errors(key, _meant(given, meant), declared))]


def _meant(given: Mapping[str, Any], meant: Mapping[str, str]) -> dict[str, Any]:
    return {meant[word]: each for word, each in given.items()}


def _as_spelled(key: str, meant: Mapping[str, str], error: InputError) -> InputError:
    """An error under the name that the caller used."""
    first, *rest = error.key.removeprefix(f"{key}.").split(".")
    word = next((word for word, name in meant.items() if name == first), first)
    return error if error.key == key else replace(error, key=".".join([key, word, *rest]))


def _one(key: str, value: Any, declared: Any) -> list[InputError]:
    if is_output(value):
        return []
    origin, inner = typing.get_origin(declared), typing.get_args(declared)
    if origin and issubclass(origin, Sequence):
        return validation.each(lambda where, each: _one(where, each, inner[0]))(key, value)
    if origin and issubclass(origin, Mapping):
        return validation.mapping(lambda where, each: _one(where, each, inner[1]))(key, value)
    if declared in _PLAIN:
        # Quantities may be numbers, too: `cpu: 1`.
        allowed = (str, int, float) if key.rpartition(".")[0].endswith(_QUANTITIES) else declared
        ok = isinstance(value, allowed) and (declared is bool or not isinstance(value, bool))
        return validation.check(ok, key, value, *_PLAIN[declared])
    return check(key, value, declared) if inspect.isclass(declared) and issubclass(declared, dict) else []


@cache
def _fields(declared: type) -> tuple[dict[str, tuple[Any, bool]], dict[str, str]]:
    """The keys of an object, each with its type and whether it has to be there; and keys by Python's names of them."""
    found: dict[str, tuple[Any, bool]] = {}
    spelled: dict[str, str] = {}
    for name, field in inspect.getmembers(declared, lambda member: isinstance(member, property)):
        hint = typing.get_type_hints(field.fget)["return"]
        inner = [each for each in typing.get_args(hint) if each is not NoneType]
        optional = NoneType in typing.get_args(hint)
        spelled[name] = field.fget._pulumi_name
        found[spelled[name]] = (inner[0] if optional and len(inner) == 1 else hint, not optional)
    return found, spelled
