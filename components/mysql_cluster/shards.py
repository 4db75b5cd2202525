"""Shards: the parts that a cluster's rows are divided into, each with servers of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..inputs.errors import REMOVE, Advice, InputError
from ..inputs.validation import check, mapping

MOST = 16
"""As many as the first hexadecimal digit of a row's place can tell apart."""

COUNTS = (1, 2, 4, 8, MOST)
VINDEX = "unicode_loose_xxhash"
"""Vitess' way from a value to a row's place: what a collation may call equal, in case or accents, goes to one shard."""

_PLACES = 256
_EXAMPLE = "{users: username}"


@dataclass(frozen=True)
class Shard:
    """One part of the rows."""

    of: int
    """How many parts there are."""
    index: int
    """Which one it is, from 0."""

    @property
    def bounds(self) -> tuple[str, str]:
        """Where it begins and ends, as the first byte of a row's place; empty at the ends."""
        width = _PLACES // self.of
        first, last = self.index * width, (self.index + 1) * width
        return f"{first:02x}" if first else "", f"{last:02x}" if last < _PLACES else ""

    @property
    def name(self) -> str:
        """Vitess' name: `0` for all rows, else `-80`, `80-`, `40-80`."""
        return "0" if self.of == 1 else "-".join(self.bounds)

    @property
    def part(self) -> str:
        """The name of its servers in the cluster; x stands for an end that is open."""
        return "tablet" if self.of == 1 else "shard-" + "-".join(bound or "x" for bound in self.bounds)

    @property
    def base(self) -> int:
        """What its servers' numbers in the topology are counted from; no two shards of any division share one."""
        return 100 * (self.of + self.index)


def divided(count: int) -> list[Shard]:
    """Return the shards of a division into so many."""
    return [Shard(count, index) for index in range(count)]


def names(shards: Sequence[Shard]) -> str:
    """Return Vitess' names of shards, as its client takes them."""
    return ",".join(shard.name for shard in shards)


def serving(given: Any) -> list[Shard]:
    """Return the shards that hold the data, of a cluster's inputs."""
    return divided(given["shards"])


def coming(given: Any) -> list[Shard]:
    """Return the shards that the data is being moved to."""
    return divided(given["reshard_to"]) if given["reshard_to"] else []


def with_servers(given: Any) -> list[Shard]:
    """Return both."""
    return [*serving(given), *coming(given)]


def vschema(sharding: Mapping[str, str]) -> str:
    """Return what the gateways have to know to find a row's shard, as Vitess reads it.

    Args:
        sharding: The column of each table whose value decides.
    """
    tables = {table: {"column_vindexes": [{"column": column, "name": VINDEX}]} for table, column in sharding.items()}
    return json.dumps({"sharded": True, "vindexes": {VINDEX: {"type": VINDEX}}, "tables": tables}, sort_keys=True)


def count(key: str, value: Any) -> list[InputError]:
    """How many shards there are."""
    ok = isinstance(value, int) and not isinstance(value, bool) and value in COUNTS
    return check(ok, key, value, f"one of {', '.join(map(str, COUNTS))}", "2")


def more(key: str, value: Any, now: int) -> list[InputError]:
    """How many shards there shall be."""
    rule = f"more than the {now} of shards: Vitess moves rows into a finer division"
    return count(key, value) or check(value > now, key, value, rule, str(min(2 * now, MOST)))


def columns(key: str, value: Any) -> list[InputError]:
    """The column of each table that decides which shard a row is in."""
    return mapping(_identifier, _identifier)(key, value) or check(
        bool(value), key, value, "at least one table with its column", _EXAMPLE
    )


def together(given: Mapping[str, Any]) -> list[InputError]:
    """What belongs to several shards, and what they cannot have."""
    # A number that is not allowed has its own error.
    if not any(given.get(key) in COUNTS[1:] for key in ("shards", "reshard_to")):
        rule = "only with more than one shard, or with reshard_to"
        return [InputError("sharding", "(given)", rule, REMOVE)] if "sharding" in given else []
    missing = InputError("sharding", "(missing)", "given with several shards", _EXAMPLE)
    rule = "not with several shards: one backup is not the same moment in all of them"
    backup = InputError("backup", "(given)", rule, Advice("remove it while there are several"))
    return [*([] if "sharding" in given else [missing]), *([backup] if "backup" in given else [])]


def _identifier(key: str, value: Any) -> list[InputError]:
    ok = isinstance(value, str) and 0 < len(value) <= 64 and value == value.strip() and "`" not in value
    return check(ok, key, value, "a name of 1 to 64 characters, without a backtick or blanks around it", "username")
