"""Amounts of CPU, memory and storage: what is allowed, and what they come to."""

import re
from decimal import Decimal
from typing import Any

from ..kubernetes.pods import Resources, merge
from .errors import InputError, unknown_keys
from .validation import check

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_CPU = re.compile(r"([1-9][0-9]*m|[0-9]+(\.[0-9]{1,3})?)")
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti)")


def bytes_of(value: str) -> Decimal | None:
    """The number of bytes of a quantity such as `512Mi`, or None when it is not one."""
    match = _BYTES.fullmatch(value)
    return Decimal(match[1]) * _UNITS[match[2]] if match else None


def byte_quantity(key: str, value: Any, minimum: str, example: str) -> list[InputError]:
    """An amount of memory or storage. Plain numbers, `MB` and `m` are refused: they rarely mean what was meant."""
    amount = bytes_of(value) if isinstance(value, str) else None
    rule = f"a number with Ki, Mi, Gi or Ti, at least {minimum}"
    return check(amount is not None and amount >= (bytes_of(minimum) or 0), key, value, rule, example)


def _cores(value: str) -> Decimal:
    return Decimal(value[:-1]) / 1000 if value.endswith("m") else Decimal(value)


def cores(key: str, value: Any, most: int, example: str) -> list[InputError]:
    """An amount of CPU. Kubernetes would take `500` for 500 cores, which is rarely what was meant."""
    ok = isinstance(value, str) and _CPU.fullmatch(value) is not None and 0 < _cores(value) <= most
    return check(ok, key, value, f"cores or millicores, 1m to {most}", example)


def complete_resources(key: str, given: Resources) -> list[InputError]:
    """Requests and limits that have no defaults: all of them, or none."""
    if not given:
        return []
    missing = sorted(set(Resources.__annotations__) - given.keys())
    errors = [InputError(f"{key}.{name}", "(missing)", "required with the others", f"give {name}") for name in missing]
    example: Resources = {"cpu_request": "100m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "256Mi"}
    return errors or resources(given, example, "1Mi", key)


def resources(given: Resources, defaults: Resources, minimum_memory: str, path: str = "resources") -> list[InputError]:
    """Requests and limits of a container: amounts, units, and no request over its limit."""
    merged: dict[str, Any] = {**merge(given, defaults)}
    examples: dict[str, Any] = {**defaults}
    errors = unknown_keys(given, defaults, f"{path}.")
    # A request that follows from its limit is not an error of its own.
    for key in (key for key in examples if key in given or key.replace("request", "limit") not in given):
        value, example = merged[key], examples[key]
        if key.startswith("cpu"):
            errors += cores(f"{path}.{key}", value, 64, example)
        else:
            minimum = minimum_memory if key == "memory_limit" else "1Mi"
            errors += byte_quantity(f"{path}.{key}", value, minimum, example)
    if not errors:
        for kind, amount in (("cpu", _cores), ("memory", bytes_of)):
            request, limit = merged[f"{kind}_request"], merged[f"{kind}_limit"]
            ok = (amount(request) or 0) <= (amount(limit) or 0)
            errors += check(ok, f"{path}.{kind}_request", request, f"not over its limit, {limit}", limit)
    return errors
