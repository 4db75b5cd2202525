"""Traffic: a client that writes to the database through its node port, and remembers what was acknowledged."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import pymysql

from . import Result
from .bench import Bench
from .database import p95

_ERRORS = (pymysql.err.MySQLError, OSError)


def verdict(failures: list[str]) -> str:
    """What a fault's figure says of acknowledged writes, from all failures that were counted."""
    return "WRITES LOST" if any("lost" in line for line in failures) else "0 acknowledged writes lost"


def login(bench: Bench) -> dict[str, Any]:
    """How to log in through the node port, as arguments of PyMySQL."""
    return {
        "host": bench.node.address,
        "port": 32001,
        "user": "admin",
        "database": "admin",
        "password": bench.run("pulumi", "config", "get", "mysqlPassword").strip().encode(),
        "ssl": {"check_hostname": False},
        "connect_timeout": 3,
        "read_timeout": 5,
        "write_timeout": 5,
    }


class Writer(threading.Thread):
    """Inserts one row after the other until it is told to stop; connects again whenever that fails."""

    def __init__(self, bench: Bench, sql: Callable[[str], str] | None = None) -> None:
        """Prepare the table, by other means than in the database's pod where they are given."""
        super().__init__(daemon=True)
        self._login, self._sql = login(bench), sql or bench.sql
        self._ended = threading.Event()
        self.acknowledged: list[int] = []
        """The rows whose commit the server confirmed."""
        self.longest = 0.0
        """The longest time between two confirmations, in seconds."""
        self._sql("DROP TABLE IF EXISTS writes; CREATE TABLE writes (id INT PRIMARY KEY)")

    def run(self) -> None:
        """Write until told to stop."""
        number, last = 0, time.monotonic()
        while not self._ended.is_set():
            try:
                with pymysql.connect(**self._login, autocommit=True) as connection, connection.cursor() as cursor:
                    while not self._ended.wait(0.02):
                        number += 1
                        cursor.execute("INSERT INTO writes VALUES (%s)", (number,))
                        self.acknowledged.append(number)
                        self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()
            except _ERRORS:
                self._ended.wait(0.2)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._ended.set()
        self.join(20)

    def judge(self, result: Result, gaps: Mapping[str, list[float]], limits: Mapping[str, float]) -> None:
        """Count what took too long, and say what came out.

        Args:
            result: How the fault went.
            gaps: The longest times between two confirmations, in seconds, by the kind of fault.
            limits: What their 95th percentiles may be.
        """
        for kind, limit in limits.items():
            if gaps[kind] and p95(gaps[kind]) > limit:
                result.late.append(f"{kind}: p95 {p95(gaps[kind]):.1f} s, the goal is {limit} s")
        measured = (f"{kind} p95 {p95(of):.1f} s (goal {limits[kind]} s)" for kind, of in gaps.items() if of)
        lost = verdict(result.failures)
        result.figure = f"{lost} of {len(self.acknowledged)}; writes went on after: {', '.join(measured)}"

    def lost(self) -> list[str]:
        """Acknowledged rows that the database does not have."""
        # Before the question: the writer may go on meanwhile.
        acknowledged = list(self.acknowledged)
        there = {int(line) for line in self._sql("SELECT id FROM writes").split()}
        missing = [number for number in acknowledged if number not in there]
        failures = [f"{len(missing)} of {len(acknowledged)} acknowledged writes are lost"] if missing else []
        return failures or ([] if acknowledged else ["nothing was written at all"])
