"""The inputs of a database's backups, and what is allowed in them."""

import re
from typing import NotRequired, TypedDict

import pulumi

from ..inputs import quantities, validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from . import bucket_inputs
from .bucket_inputs import Bucket

_MACROS = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually", "@midnight")
#: The lowest and highest value of each field, and the words that stand for values.
_CRON = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    (0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Backup(TypedDict):
    """Backups of a database's schema, each a compressed SQL file that was restored once, in a volume of their own."""

    schedule: pulumi.Input[str]
    """When, in UTC, as a cron line such as `0 3 * * *`, or @hourly, @daily, @weekly, @monthly, @yearly."""

    keep: NotRequired[pulumi.Input[int]]
    """How many are kept, 1 to 1000. Default: 7. An old one goes only after a new one is complete."""

    storage_size: NotRequired[pulumi.Input[str]]
    """Size of the backups' volume, with Ki, Mi, Gi or Ti. Default: `1Gi`. It holds `keep`, one more, and the drill."""

    storage_class: NotRequired[pulumi.Input[str]]
    """The volume's storage class. Default: the cluster's default class."""

    verify: NotRequired[pulumi.Input[bool]]
    """Restore each backup into a server of its own, which takes twice the data and 200 MiB there. Default: true."""

    s3: NotRequired[Bucket]
    """A bucket outside the cluster that gets a copy of each backup. Default: none."""

    point_in_time: NotRequired[bool]
    """Send the binary log to `s3` about each half minute, so that any second can be restored. Default: false."""

    deadline_seconds: NotRequired[pulumi.Input[int]]
    """How long a backup may take, in seconds. Default: 3600. Allowed: 60 to 604800. A restore is never ended by it."""


def cron(key: str, value: object) -> list[InputError]:
    """A time as Kubernetes' CronJobs take it."""
    fields = value.split() if isinstance(value, str) else []
    times = [*map(_times, fields, _CRON)] if len(fields) == len(_CRON) else []
    ok = value in _MACROS or (bool(times) and all(times))
    rule = f"five fields of cron (minute hour day month weekday), or one of: {', '.join(_MACROS)}"
    found = validation.check(ok, key, value, rule, "'0 3 * * *'")
    # Of a day of the month and one of the week either will do.
    if found or not times or fields[4] not in "*?":
        return found
    comes = any(day <= _DAYS[month - 1] for day in times[2] for month in times[3])
    return validation.check(comes, key, value, "a day that comes at all", f"'{fields[0]} {fields[1]} * * *'")


def _times(text: str, allowed: tuple[int, int, tuple[str, ...]]) -> set[int]:
    """The numbers of a field; none where it is not one."""
    low, high, words = allowed

    def number(word: str) -> int | None:
        if word.lower() in words:
            return low + words.index(word.lower())
        return int(word) if word.isdecimal() and word.isascii() and low <= int(word) <= high else None

    def part(text: str) -> range:
        match = re.fullmatch(r"(\*|\?|\w+)(?:-(\w+))?(?:/([0-9]+))?", text)
        if not match or (match[1] in "*?" and match[2]):
            return range(0)
        first = low if match[1] in "*?" else number(match[1])
        # With a step and no end, up to the highest one.
        last = number(match[2]) if match[2] else high if match[3] or match[1] in "*?" else first
        step = int(match[3] or 1)
        return range(0) if first is None or last is None or step == 0 else range(first, last + 1, step)

    parts = [*map(part, text.split(","))]
    return {time for each in parts for time in each} if all(parts) else set()


def _point_in_time(key: str, value: object, s3: object) -> list[InputError]:
    """A switch that needs a place outside of the database's volume."""
    rule = "only together with s3, where the binary log goes"
    return validation.true_or_false(key, value) or validation.check(not value or s3 is not None, key, value, rule, "s3")


RULES = Record(
    Backup,
    {
        "schedule": Rule(cron),
        "keep": Rule(validation.whole_number(1, 1000, "backups", 7), default=7),
        "storage_size": Rule(quantities.byte_quantity("64Mi", "1Gi"), default="1Gi"),
        "storage_class": Rule(validation.or_empty(validation.resource_name("standard"))),
        "verify": Rule(validation.true_or_false, default=True),
        "s3": Rule(bucket_inputs.RULES, plain=True),
        "point_in_time": Rule(_point_in_time, default=False, needs=("s3",), plain=True),
        "deadline_seconds": Rule(validation.whole_number(60, 604800, "seconds", 3600), default=3600),
    },
)
"""The rules and defaults of a Backup."""
