"""`kubeauth reshard`: moves a cluster's rows into a finer division, with a way back until it is completed."""

import json
import time
from collections.abc import Callable
from typing import Any

from .. import programs
from ..console import Problem, console, step
from . import Stack
from .vitess import WORKFLOW, Client, Division

#: What new servers need until one of them is the primary, and its engine copies rows, in seconds.
START_SECONDS = 120
#: How long the end of a copy is waited for, in seconds: a day.
COPY_SECONDS = 86400
#: How long writes may wait while they are switched, in seconds; what takes longer is undone by Vitess.
SWITCH_SECONDS = 30
_POLL_SECONDS = 2

#: What a table must have, so that its rows can be in several shards; what has not is a line of the answer.
_UNFIT = """
SELECT CONCAT('table ', t.table_name, ' has no column in `sharding`')
  FROM information_schema.tables t
  WHERE t.table_schema = '{keyspace}' AND t.table_type = 'BASE TABLE'
  AND NOT EXISTS (SELECT 1 FROM {named} n WHERE n.t = t.table_name);
SELECT CONCAT('table ', n.t, ' is not there, or has no column ', n.c) FROM {named} n WHERE NOT EXISTS (SELECT 1
  FROM information_schema.columns c WHERE c.table_schema = '{keyspace}' AND c.table_name = n.t AND c.column_name = n.c);
SELECT CONCAT('column ', c.column_name, ' of table ', c.table_name, ' is ', c.data_type, ', by which no row is found')
  FROM information_schema.columns c JOIN {named} n ON c.table_name = n.t AND c.column_name = n.c
  WHERE c.table_schema = '{keyspace}' AND c.data_type IN ('float', 'double', 'decimal', 'json', 'geometry', 'bit');
SELECT CONCAT('table ', t.table_name, ' has AUTO_INCREMENT: each shard would count for itself')
  FROM information_schema.tables t
  WHERE t.table_schema = '{keyspace}' AND t.auto_increment IS NOT NULL;
SELECT CONCAT('unique key ', s.index_name, ' of table ', s.table_name, ' is without the column ', n.c,
    ': no shard sees the others'' rows') FROM information_schema.statistics s JOIN {named} n ON s.table_name = n.t
  WHERE s.table_schema = '{keyspace}' AND s.non_unique = 0 GROUP BY s.table_name, s.index_name, n.c
  HAVING SUM(s.column_name = n.c) = 0;
SELECT CONCAT('table ', c.table_name, ' has a foreign key, ', c.constraint_name)
  FROM information_schema.referential_constraints c WHERE c.constraint_schema = '{keyspace}';
SELECT CONCAT(LOWER(t.table_type), ' ', t.table_name) FROM information_schema.tables t
  WHERE t.table_schema = '{keyspace}' AND t.table_type <> 'BASE TABLE';
SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers WHERE trigger_schema = '{keyspace}';
SELECT CONCAT(LOWER(routine_type), ' ', routine_name) FROM information_schema.routines
  WHERE routine_schema = '{keyspace}';
"""


class Reshard:
    """The move of one cluster's rows."""

    def __init__(self, stack: Stack, database: str = "") -> None:
        """Read how rows are divided and how they shall be."""
        self._stack = stack
        self.division = Division.read(stack, database)
        self.vitess = Client(stack, self.division)

    def run(self, *, back: bool = False, complete: bool = False) -> None:
        """Go on from wherever it is: copy, compare, switch; or go back; or complete.

        Args:
            back: Whether the old shards shall serve again, and the copies go.
            complete: Whether the way back, and what is in the old shards, may go.

        Raises:
            Problem: It cannot be done as things are; nothing was changed.
        """
        if back and complete:
            raise Problem("back and complete are opposites", "type one of them")
        if not self.division.to:
            raise self._nothing()
        serving, moving = self._serving(), self._moving()
        if back:
            self._back(serving, moving)
        elif complete:
            self._complete(serving, moving)
        elif serving == {*self.division.to}:
            self._say_what_next(moving)
        else:
            self._move(moving)

    def _nothing(self) -> Problem:
        count = len(self.division.now)
        return Problem(
            f"the rows of {self.division.instance} are in {_of(self.division.now)}, and nothing says that they shall be"
            " in more",
            f"pulumi config set mysqlReshardTo {2 * count} (the input reshard_to), make up STACK={self._stack.name}",
        )

    def _serving(self) -> set[str]:
        found = self.vitess.json("FindAllShardsInKeyspace", self.division.keyspace)
        return {name for name, each in found["shards"].items() if each["shard"].get("is_primary_serving")}

    def _moving(self) -> bool:
        return WORKFLOW in self.vitess.json("Workflow", "--keyspace", self.division.keyspace, "list")

    def _move(self, moving: bool) -> None:
        if not moving:
            self._refuse_unfit()
            with step(f"begin to copy {_of(self.division.now)} to {_of(self.division.to)}", 10):
                self._begin()
        self._copy()
        self._compare()
        begun = time.monotonic()
        with step("switch reads and writes; the gateways let statements wait", 3):
            self._switch("SwitchTraffic", self.division.to)
        console.print(f"  {_of(self.division.to)} serve, {time.monotonic() - begun:.1f} s after the comparison")
        self._say_what_next(True)

    def _refuse_unfit(self) -> None:
        """Refuse what several shards cannot hold, by its name, before anything is changed."""
        tables = json.loads(self.division.vschema)["tables"]
        named = " UNION ALL ".join(
            f"SELECT {_text(table)} AS t, {_text(of['column_vindexes'][0]['column'])} AS c"
            for table, of in sorted(tables.items())
        )
        asked = _UNFIT.format(named=f"({named})", keyspace=self.division.keyspace)
        found = list(dict.fromkeys(self.vitess.sql(self._primary(self.division.now[0]), asked)))
        if found:
            raise Problem(
                f"several shards cannot hold all that is there: {'; '.join(found)}. Nothing was changed.",
                "change the schema, or mysqlSharding (the input sharding), then make up and this command again",
            )

    def _primary(self, shard: str) -> str:
        found = self.vitess.json("GetShard", f"{self.division.keyspace}/{shard}")["shard"].get("primary_alias")
        if not found:
            raise Problem(f"shard {shard} has no primary", f"make status STACK={self._stack.name} says why")
        return f"{self.division.pods[shard]}-{found['uid'] % 100}"

    def _begin(self) -> None:
        self._until(self._primaries, START_SECONDS, "a primary of each new shard")
        self.vitess.ask("ApplyVSchema", "--vschema", self.division.vschema, self.division.keyspace)
        shards = ("--source-shards", ",".join(self.division.now), "--target-shards", ",".join(self.division.to))
        # A primary that is new does not copy for a moment.
        self._until(
            lambda: bool(self.vitess.move("Reshard", "create", *shards, "--tablet-types", "REPLICA,PRIMARY")),
            START_SECONDS,
            "the beginning of the copy",
        )

    def _primaries(self) -> bool:
        return all(self._primary(shard) for shard in self.division.to)

    def _copy(self) -> None:
        said = ""

        def copied() -> bool:
            nonlocal said
            status = json.loads(self.vitess.move("Reshard", "status", "--format", "json"))
            streams = [each for of in status["shard_streams"].values() for each in of["streams"]]
            if wrong := [each for each in streams if each["status"].lower() == "error"]:
                raise Problem(
                    f"the copy stopped: {wrong[0]['info']}",
                    f"mend that and run it again, or make reshard STACK={self._stack.name} BACK=1",
                )
            tables = status.get("table_copy_state") or {}
            now = ", ".join(f"{name} {of.get('rows_percentage', 0):.0f} %" for name, of in sorted(tables.items()))
            if now and now != said:
                console.print(f"  {now}", markup=False)
            said = now
            return not tables and all(each["status"].lower() == "running" for each in streams)

        with step("copy the rows; writes go on"):
            self._until(copied, COPY_SECONDS, "the end of the copy")

    def _compare(self) -> None:
        with step("compare every row with its copy; writes go on"):
            self.vitess.move("VDiff", "create", seconds=300)
            self._until(lambda: self._compared().get("State") == "completed", COPY_SECONDS, "the comparison")
        found = self._compared()
        if found.get("HasMismatch"):
            raise Problem(
                "the copies are not the same; the old shards serve on",
                f"make reshard STACK={self._stack.name} BACK=1 removes the copies",
            )
        console.print(f"  {found.get('RowsCompared', 0)} rows are the same", markup=False)

    def _compared(self) -> dict[str, Any]:
        return json.loads(self.vitess.move("VDiff", "show", "last", "--format", "json"))

    def _switch(self, how: str, wanted: tuple[str, ...]) -> None:
        self.vitess.move("Reshard", how, "--timeout", f"{SWITCH_SECONDS}s", seconds=10 * SWITCH_SECONDS)
        if (serving := self._serving()) != {*wanted}:
            raise Problem(f"rows are served by {_of(sorted(serving))}, not by {_of(wanted)}", "run it again")

    def _back(self, serving: set[str], moving: bool) -> None:
        if not moving:
            rule = "was completed: there is no way back" if serving == {*self.division.to} else "has not begun"
            raise Problem(f"the move to {_of(self.division.to)} {rule}. Nothing was changed.")
        if serving == {*self.division.to}:
            with step("switch reads and writes back, with all that was written since", 3):
                self._switch("ReverseTraffic", self.division.now)
        with step("remove the copies"):
            self.vitess.move("Reshard", "cancel", seconds=300)
        if len(self.division.now) == 1:
            self.vitess.ask("ApplyVSchema", "--vschema", "{}", self.division.keyspace)
        console.print(
            f"Rows are served by {_of(self.division.now)} as before. To remove the other servers:"
            f" pulumi config rm mysqlReshardTo, make up STACK={self._stack.name}",
            markup=False,
        )

    def _complete(self, serving: set[str], moving: bool) -> None:
        if serving != {*self.division.to}:
            raise Problem(
                f"rows are served by {_of(sorted(serving))}: nothing was switched yet",
                f"make reshard STACK={self._stack.name} copies, compares and switches",
            )
        if moving:
            with step("give up the way back"):
                self.vitess.move("Reshard", "complete", seconds=300)
        self._say_what_next(False)

    def _say_what_next(self, moving: bool) -> None:
        stack, to = self._stack.name, len(self.division.to)
        console.print(
            f"The way back, until it is completed: make reshard STACK={stack} BACK=1\n"
            f"To complete it, after which there is none: make reshard STACK={stack} COMPLETE=1"
            if moving
            else f"Rows are served by {_of(self.division.to)}. To remove the old servers:"
            f" pulumi config set mysqlShards {to},"
            f" pulumi config rm mysqlReshardTo, make up STACK={stack}",
            markup=False,
        )

    def _until(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Ask until it is done; an answer that is refused counts as not yet."""
        deadline = time.monotonic() + seconds
        refused = ""
        while True:
            try:
                if done():
                    return
            except (programs.Failed, json.JSONDecodeError) as error:
                refused = f": {error}"
            if time.monotonic() > deadline:
                raise Problem(f"waited {seconds:.0f} s for {what}{refused}", "run it again")
            time.sleep(_POLL_SECONDS)


def _of(shards: Any) -> str:
    return f"shard{'s' if len(shards) > 1 else ''} {', '.join(shards)}"


def _text(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
