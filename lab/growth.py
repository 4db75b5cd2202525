"""`make growth`: what more servers and more shards bring and cost, beside one server; writes docs/reference/growth.*.

All sides take turns in one run on one machine, each from nothing. On two cores no side can write faster than another
because it has more machines: what is seen here is the price. Each further machine is what shards are for.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from itertools import count
from typing import Any

import pymysql

from cli import console, paths
from lab.faults import bench
from lab.faults.writer import login
from lab.node import owned

RESULTS = paths.CHECKOUT / "docs/reference/growth.json"
PAGE = RESULTS.with_suffix(".md")
#: What makes each side of the first, which is the base of all ratios; `small`, because two cores carry 17 servers.
SIDES: dict[str, dict[str, str]] = {
    "one server": {},
    "three servers": {"mysqlReplicas": "3"},
    "five servers": {"mysqlReplicas": "5"},
    "two shards of three": {"mysqlReplicas": "3", "mysqlShards": "2"},
    "four shards of three": {"mysqlReplicas": "3", "mysqlShards": "4"},
}
KEYS = ("mysqlReplicas", "mysqlShards")
PROCESSES = ("mysqld", "vttablet", "mysqlctld", "vtgate", "vtorc", "etcd")
CLIENTS, SECONDS, NODES, PATIENCE = 16, 20, 2, 120
_HEAD = """# What more servers and shards cost

`make growth` measures this and writes this page: the stack dev with `mysqlSize: small`, each side from nothing, on one
machine of two cores with two local nodes. All sides share those cores, so more shards cannot write faster here; the
columns show what they cost. {clients} clients insert rows one by one for {seconds} s. Ratios are to one server in the
same round; medians of {rounds} round(s).

| side | `up` from nothing | commits per second | longest time of one commit | memory of all its processes |
|---|---|---|---|---|
"""


def main() -> None:
    """Measure each side in each round, and write the page after each."""
    parser = argparse.ArgumentParser(prog="lab.growth", description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="rounds (default: %(default)s)")
    rounds = parser.parse_args().count
    measured: list[dict[str, dict[str, float]]] = []
    with bench.system(owned.name("growth")) as system:
        system.config(**{"mysqlSize": "small", "mysqlSharding.users": "username", "mysqlSharding.writes": "id"})
        for number in range(rounds):
            measured.append({})
            for side, values in SIDES.items():
                with console.step(f"round {number + 1}: {side}", 240):
                    measured[-1][side] = one(system, values)
                console.console.print(f"  {said(measured[-1][side])}", markup=False)
    RESULTS.write_text(json.dumps({"date": time.strftime("%Y-%m-%d"), "rounds": measured}, indent=2) + "\n")
    PAGE.write_text(page(measured), encoding="utf-8")
    console.console.print(f"Wrote {PAGE.relative_to(paths.CHECKOUT)}.", markup=False)


def one(system: bench.Bench, values: dict[str, str]) -> dict[str, float]:
    """Deploy one side from nothing, write to it, and look at its memory."""
    system.must("destroy")
    for key in KEYS:
        system.run("pulumi", "config", "rm", key, check=False)
    system.config(**values)
    begun = time.monotonic()
    system.must("up", "--nodes", str(NODES))
    return {"up": time.monotonic() - begun, **written(login(system)), "memory": memory(system)}


def written(account: dict[str, Any]) -> dict[str, float]:
    """Let the clients insert rows; commits per second, and the longest that one took."""
    with pymysql.connect(**account, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE writes (id BIGINT PRIMARY KEY, text CHAR(100))")
    numbers, longest, done = count(), [0.0], [0]
    lock = threading.Lock()
    end = time.monotonic() + SECONDS

    def client() -> None:
        with pymysql.connect(**account, autocommit=True) as connection, connection.cursor() as cursor:
            while (began := time.monotonic()) < end:
                cursor.execute("INSERT INTO writes VALUES (%s, REPEAT('x', 100))", (next(numbers),))
                with lock:
                    done[0] += 1
                    longest[0] = max(longest[0], time.monotonic() - began)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(PATIENCE)
    return {"commits": done[0] / SECONDS, "longest": longest[0]}


def memory(system: bench.Bench) -> float:
    """Resident memory of all the database's processes on all nodes, in MiB."""
    kibibytes = 0
    for box in system.node.boxes:
        for line in box.run(["ps", "-eo", "rss=,comm="]).stdout.splitlines():
            rss, name = line.split(None, 1)
            kibibytes += int(rss) if name in PROCESSES else 0
    return kibibytes / 1024


def said(found: dict[str, float]) -> str:
    """One side's figures in a line."""
    return (
        f"up {found['up']:.0f} s, {found['commits']:.0f} commits/s, longest {found['longest']:.2f} s,"
        f" {found['memory']:.0f} MiB"
    )


def page(measured: list[dict[str, dict[str, float]]]) -> str:
    """The page for these rounds."""
    base = next(iter(SIDES))

    def cell(side: str, key: str, unit: str, digits: int = 0) -> str:
        value = statistics.median(each[side][key] for each in measured)
        ratio = statistics.median(each[side][key] / each[base][key] for each in measured)
        return f"{value:.{digits}f} {unit}" + ("" if side == base else f", x {ratio:.2f}")

    rows = (
        f"| {side} | {cell(side, 'up', 's')} | {cell(side, 'commits', '/s')} | {cell(side, 'longest', 's', 2)}"
        f" | {cell(side, 'memory', 'MiB')} |\n"
        for side in SIDES
    )
    head = _HEAD.format(clients=CLIENTS, seconds=SECONDS, rounds=len(measured))
    return f"{head}{''.join(rows)}\nMeasured on {time.strftime('%Y-%m-%d')}.\n"


if __name__ == "__main__":
    sys.exit(console.run(main))
