"""F22: several servers on several nodes under a writer: processes are killed, all pods go at once, nodes are lost."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random

import pymysql

from lab.node.worker import Worker

from . import Fault, Result
from .bench import NAMESPACE, Bench, patiently
from .database import shared_out, until
from .f15_network import dropped
from .writer import Writer, login

#: How long until writes go on, at p95, in seconds.
LIMITS = {"kill": 10, "all": 90, "split": 20, "planned": 2, "node": 20}
#: One for each server.
NODES = 3
#: How long a lost node stays away: longer than it takes Kubernetes to see that (40 s).
AWAY_SECONDS = 60
#: A server with writes that nobody acknowledged is filled anew within this time.
PATIENCE = 300
SPLIT_SECONDS = 25
SERVERS = [f"mysqlauth-tablet-{number}" for number in range(3)]
#: Processes by the part whose pods they are in. Of a server it is the primary's.
PROCESSES = {
    "mysqld": "tablet",
    "vttablet": "tablet",
    "mysqlctld": "tablet",
    "vtgate": "",
    "vtorc": "vtorc",
    "etcd": "etcd",
}
#: Of 80: each process 10 times, the others 5 times.
WAYS = {
    **{f"{process} -9": ("kill", 10) for process in PROCESSES},
    "all pods deleted by force": ("all", 5),
    "primary cut off": ("split", 3),
    "primary cut off from all but the gateways": ("split", 2),
    "primary's node drained": ("planned", 5),
    "primary's node lost": ("node", 5),
}
# The node has an etcd of its own: a pod's processes are told by the name that the kubelet gave them.
_KILL = """
for pid in $(pgrep -x "$1"); do
  tr '\\0' '\\n' < /proc/$pid/environ | grep -qx "HOSTNAME=$2" && kill -9 $pid && done=yes
done
[ "${done-}" = yes ]
"""


def gateways(bench: Bench) -> Callable[[str], str]:
    """SQL as the application's account, through the gateways, with as many rows as there are."""

    def sql(statements: str) -> str:
        with pymysql.connect(**login(bench), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("SET workload = olap")
            for statement in statements.split("; "):
                cursor.execute(statement)
            return "\n".join("\t".join(map(str, row)) for row in cursor.fetchall())

    # What was broken may not be well again for this connection yet.
    return lambda statements: patiently(lambda: sql(statements), pymysql.err.MySQLError, OSError)


def server(bench: Bench, name: str, statement: str) -> str:
    """SQL in a server's own pod, as its administrator."""
    client = ("mysql", "--defaults-file=/run/vitess/client.cnf", "--batch", "--skip-column-names", "--execute")
    return bench.run("kubectl", "-n", NAMESPACE, "exec", name, "-c", "mysqld", "--", *client, statement).strip()


def primary(bench: Bench) -> str:
    """The pod of the server that takes writes."""
    found: list[str] = []

    def asked() -> bool:
        found[:] = [name for name in SERVERS if server(bench, name, "SELECT @@super_read_only") == "0"]
        return len(found) == 1

    if not until(asked, PATIENCE):
        raise RuntimeError(f"not one server takes writes, but {found or 'none'}")
    return found[0]


def fresh(bench: Bench) -> str:
    """The primary, in a pod that did not crash yet: a kubelet waits ever longer with one that crashes repeatedly."""
    for name in SERVERS:
        status = bench.get("pod", name)["status"]
        states = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
        if any(state["restartCount"] for state in states):
            bench.run("kubectl", "-n", NAMESPACE, "delete", "pod", name)
            until(lambda: whole(bench), PATIENCE)
    return primary(bench)


def whole(bench: Bench) -> bool:
    """Whether one server takes writes and the two others replicate from it."""
    ask = (
        "SELECT @@super_read_only, (SELECT service_state FROM performance_schema.replication_connection_status),"
        " (SELECT service_state FROM performance_schema.replication_applier_status)"
    )
    return sorted(server(bench, name, ask) for name in SERVERS) == ["0\tNULL\tNULL", *["1\tON\tON"] * 2]


def different(bench: Bench) -> list[str]:
    """What is not the same in all servers once nobody writes."""

    def sums() -> set[str]:
        return {server(bench, name, "CHECKSUM TABLE admin.writes, admin.evidence, admin.users") for name in SERVERS}

    return [] if until(lambda: len(sums()) == 1, 60) else [f"the servers' copies differ: {sorted(sums())}"]


def victim(bench: Bench, way: str, random: Random) -> str:
    """The pod to do it to; empty where it is all of them."""
    part = PROCESSES.get(way.removesuffix(" -9"))
    if part is None:
        if "node" in way:
            return elsewhere(bench)
        return "" if way.startswith("all") else primary(bench)
    if part == "tablet":
        return fresh(bench)
    selector = f"name=mysqlauth{'-' if part else ''}{part}-selector"
    listed = bench.get("pods", "--selector", selector)["items"]
    return random.choice(sorted(item["metadata"]["name"] for item in listed))


def cut_off(bench: Bench, name: str, *, reachable: bool) -> AbstractContextManager[None]:
    """Drop what other pods and a server send each other; where it is `reachable`, the gateways still talk to it."""
    listed = bench.get("pods", "--selector", "app.kubernetes.io/instance=mysqlauth")["items"]
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in listed if "podIP" in pod["status"]}
    own = addresses.pop(name)
    return dropped(bench, [(own, to) for pod, to in addresses.items() if not (reachable and "-vtgate-" in pod)])


def worker(bench: Bench, name: str) -> Worker:
    """The node of a pod, which is not the first: with that one the control plane would go, too."""
    node = bench.get("pod", name)["spec"]["nodeName"]
    return next(worker for worker in bench.node.workers if worker.name == node)


def elsewhere(bench: Bench) -> str:
    """The primary, once it is on another node than the first: its server there hands over."""
    while bench.get("pod", name := primary(bench))["spec"]["nodeName"] == bench.node.name:
        bench.run("kubectl", "-n", NAMESPACE, "delete", "pod", name)
        until(lambda: whole(bench), PATIENCE)
    return name


def drain(bench: Bench, node: Worker) -> None:
    """As for its maintenance: all pods leave, as fast as disruption budgets allow; then it is used again."""
    aside = ("--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={PATIENCE}s")
    bench.run("kubectl", "drain", node.name, *aside)
    bench.run("kubectl", "uncordon", node.name)


def lose(bench: Bench, node: Worker) -> None:
    """As if its machine lost power, and was switched on later."""
    node.stop(grace=False)
    time.sleep(AWAY_SECONDS)
    bench.start_nodes()


def killed(bench: Bench, process: str, name: str) -> bool:
    """Kill a process of a pod, whichever node it is on; whether there was one."""
    return any(box.run(["sh", "-c", _KILL, "kill", process, name]).returncode == 0 for box in bench.node.boxes)


def break_once(bench: Bench, way: str, name: str) -> None:
    """Do it to a pod, and return when it is over."""
    delete = ("kubectl", "-n", NAMESPACE, "delete", "pod")
    if way.startswith("primary cut off"):
        with cut_off(bench, name, reachable=way.endswith("gateways")):
            time.sleep(SPLIT_SECONDS)
    elif way == "primary's node drained":
        drain(bench, worker(bench, name))
    elif way == "primary's node lost":
        lose(bench, worker(bench, name))
    elif way == "all pods deleted by force":
        bench.run(*delete, "--selector", "app.kubernetes.io/instance=mysqlauth", "--force", "--grace-period=0")
    elif not killed(bench, way.removesuffix(" -9"), name):
        raise RuntimeError(f"{name} has no such process: {way}")


def plan(count: int, random: Random) -> list[str]:
    """Which way each time."""
    return shared_out({way: share for way, (_, share) in WAYS.items()}, count, random)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Make the database several servers on nodes of their own, break them, wait until all is whole, count the rows."""
    result, gaps = Result(), {kind: list[float]() for kind in LIMITS}
    bench.config(mysqlReplicas="3")
    bench.must("up", "--nodes", str(NODES))
    with Writer(bench, gateways(bench)) as writer:
        until(lambda: len(writer.acknowledged) > 20, 30)
        for number, way in enumerate(plan(count, random), 1):
            name = victim(bench, way, random)
            writer.longest = 0.0
            break_once(bench, way, name)
            seen = len(writer.acknowledged)
            back = until(lambda seen=seen: len(writer.acknowledged) > seen + 20, PATIENCE)
            begun = time.monotonic()
            healed = until(lambda: whole(bench), PATIENCE)
            kind = WAYS[way][0]
            gaps[kind].append(writer.longest)
            failures = writer.lost() + ([] if back else [f"no writes after {PATIENCE} s"])
            failures += [] if healed else [f"not every server replicates after {PATIENCE} s"]
            what = f"{number} {way}, writes went on after {writer.longest:.1f} s"
            result.add(f"{what}, all is whole {time.monotonic() - begun:.0f} s later", failures)
    if broken := different(bench):
        result.add("the copies afterwards", broken)
    writer.judge(result, gaps, LIMITS)
    return result


FAULT = Fault(
    "F22",
    "several servers on three nodes under a writer: a process killed, all pods at once, the primary cut off, its node"
    " drained, its node lost",
    "80/80: 0 acknowledged writes lost; writes go on within p95 10 s (kill), 2 s (planned), 20 s (cut off, node lost);"
    " every copy is whole again by itself",
    80,
    run,
    # There is no way back to one server with the data, and none to one node.
    spends=True,
)
