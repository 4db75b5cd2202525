"""F19: the volume is lost under a writer, and another database begins with what the bucket has; the cost is printed."""

import os
import re
import threading
import time
from datetime import UTC, datetime
from typing import Self

import pymysql
import pytest

from lab.node import Node

from .project import Run, in_database, up

#: How often everything is lost; the goal of reliability.md names 10.
ROUNDS = int(os.environ.get("KUBEAUTH_LOSSES", "2"))
WRITING_SECONDS = 75
#: What a lost volume may cost, in seconds of acknowledged writes.
ALLOWED = 60


class Writer(threading.Thread):
    """Inserts a row about every 50 ms, and remembers when the server confirmed it."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self._login = {"host": host, "port": port, "user": "admin", "password": "shop-pw", "database": "admin"}
        self._ended = threading.Event()
        self.confirmed: dict[int, float] = {}

    def run(self) -> None:
        limits = {"connect_timeout": 3, "read_timeout": 3, "write_timeout": 3, "ssl": {"check_hostname": False}}
        try:
            with pymysql.connect(**self._login, **limits, autocommit=True) as connection, connection.cursor() as cursor:
                for number in range(1, 100_000):
                    cursor.execute("INSERT INTO w VALUES (%s)", (number,))
                    self.confirmed[number] = time.time()
                    if self._ended.wait(0.05):
                        break
        except (pymysql.err.MySQLError, OSError):
            return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join(20)


def port_of(run: Run) -> int:
    found = ("get", "service", "orders-service", "--output", "jsonpath={.spec.ports[0].nodePort}")
    return int(run("kubectl", "--namespace", "shop", *found))


def configure(run: Run, **values: str) -> None:
    for key, value in values.items():
        run("pulumi", "config", "set", key, value)
    up(run)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_lost_volume_costs_less_than_a_minute_and_nothing_that_was_sent(number, run, kubeauth, node: Node):
    configure(run, pointInTime="true", lost="false", restored="false")
    in_database(run, "shop", "orders", "CREATE TABLE w (i INT PRIMARY KEY)")
    kubeauth("backup")
    with Writer(node.address, port_of(run)) as writer:
        time.sleep(WRITING_SECONDS)
        listed = kubeauth("restore")
        # As a node that burns: no server gets a moment to end in order.
        run("kubectl", "--namespace", "shop", "delete", "pod", "--all", "--force", "--grace-period=0")
    told = re.search(r"The last second that can be restored is (\S+)\.", listed)
    assert told, listed
    sent = datetime.fromisoformat(told[1]).replace(tzinfo=UTC).timestamp()
    configure(run, lost="true")
    began = time.monotonic()
    configure(run, restored="true")
    there = {int(line) for line in in_database(run, "other", "orders-again", "SELECT i FROM w").split()}
    took = time.monotonic() - began
    missing = [number for number in writer.confirmed if number not in there]
    end = max(writer.confirmed.values())
    cost = end - min((writer.confirmed[number] for number in missing), default=end)
    lost = f"{len(missing)} of {len(writer.confirmed)} acknowledged writes lost, those of the last {cost:.1f} s"
    print(f"round {number + 1}: {lost}; the new database was there after {took:.0f} s")
    assert len(writer.confirmed) > 100
    assert cost <= ALLOWED
    assert not [number for number in missing if writer.confirmed[number] < sent]
    # Nothing in the middle is missing.
    assert there >= set(range(1, max(there) + 1))
    configure(run, restored="false")
