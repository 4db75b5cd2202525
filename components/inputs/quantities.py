"""Amounts of CPU, memory and storage: what is allowed, and what they come to."""

import re
from decimal import Decimal
from typing import Any

from .errors import InputError
from .validation import Check, check

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_CPU = re.compile(r"([1-9][0-9]*m|[0-9]+(\.[0-9]{1,3})?)")
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti)")


def bytes_of(value: str) -> Decimal | None:
    """The number of bytes of a quantity such as `512Mi`, or None when it is not one."""
    match = _BYTES.fullmatch(value)
    return Decimal(match[1]) * _UNITS[match[2]] if match else None


def cores_of(value: str) -> Decimal:
    """The number of cores of a quantity such as `500m`, which is one."""
    return Decimal(value[:-1]) / 1000 if value.endswith("m") else Decimal(value)


def byte_quantity(minimum: str, example: str) -> Check:
    """The rule for memory or storage. Plain numbers, `MB` and `m` are refused: they rarely mean what was meant."""

    def rule(key: str, value: Any) -> list[InputError]:
        amount = bytes_of(value) if isinstance(value, str) else None
        ok = amount is not None and amount >= (bytes_of(minimum) or 0)
        return check(ok, key, value, f"a number with Ki, Mi, Gi or Ti, at least {minimum}", example)

    return rule


def cores(most: int, example: str) -> Check:
    """The rule for CPU. Kubernetes would take `500` for 500 cores, which is rarely what was meant."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, str) and _CPU.fullmatch(value) is not None and 0 < cores_of(value) <= most
        return check(ok, key, value, f"cores or millicores, in quotes, 1m to {most}", example)

    return rule
