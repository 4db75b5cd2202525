"""S4: who reaches what, tried from every kind of source while the node enforces the NetworkPolicies."""

import copy
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from cli.console import Problem

from . import Check, Result, probes
from .live import Live
from .probes import Target
from .s1_pods import GOOD

OTHER = "scan-other"
CLIENT = {"app.kubernetes.io/part-of": "kubeauth"}
DNS = "10.96.0.10"
ELSEWHERE = 8080
#: An address for documentation, in none of `mysqlNodePortCidrs`.
FOREIGN = "198.51.100.7"
#: A new pod's policies take the node's controller a moment.
SETTLE_SECONDS = 30

TARGETS = ("mysql", "auth", "dns", "elsewhere")
#: The truth table: which targets each source reaches. What is not listed has to be closed.
OPEN: dict[str, tuple[str, ...]] = {
    "auth pod": ("mysql", "dns"),
    "database pod": (),
    "other pod, same namespace": (),
    "other pod, same namespace, client labels": (),
    "pod of another namespace": ("auth", "dns", "elsewhere"),
    "pod of another namespace, client labels": ("auth", "dns", "elsewhere"),
    "host, allowed address": ("mysql", "auth", "elsewhere"),
    "host, other address": ("auth", "elsewhere"),
}
#: There is no such cell: DNS of the cluster is not for the host, and no NetworkPolicy stands between a pod and itself.
NO_CELL = {
    *(("host, allowed address", "dns"), ("host, other address", "dns")),
    *(("auth pod", "auth"), ("database pod", "mysql")),
}


@dataclass(frozen=True)
class Cell:
    """One entry of the table."""

    source: str
    target: str
    expected: bool
    actual: bool


def expected(source: str, target: str) -> bool:
    """Whether a source has to reach a target."""
    return target in OPEN[source]


def _pod(name: str, labels: dict[str, str], script: str = probes.SLEEP) -> dict[str, Any]:
    pod = copy.deepcopy(GOOD)
    pod["metadata"] = {"name": name, "labels": labels}
    pod["spec"]["terminationGracePeriodSeconds"] = 0
    pod["spec"]["containers"][0]["command"] = ["python", "-c", script]
    return pod


@contextmanager
def _pods(live: Live) -> Iterator[None]:
    """The pods that are neither the database nor the service."""
    mine = [
        _pod("scan-stranger", {"app": "scan"}),
        _pod("scan-client", {"app": "scan", **CLIENT}),
    ]
    others = [
        _pod("scan-elsewhere", {"app": "scan"}, probes.LISTEN),
        _pod("scan-stranger", {"app": "scan"}),
        _pod("scan-client", {"app": "scan", **CLIENT}),
    ]
    try:
        live.kubectl("--namespace", OTHER, "create", "namespace", OTHER)
        for namespace, pods in ((live.namespace, mine), (OTHER, others)):
            for pod in pods:
                live.must("--namespace", namespace, "apply", "--filename", "-", text=json.dumps(pod))
        for namespace in (live.namespace, OTHER):
            wait = ("wait", "pod", "--selector", "app=scan", "--for=condition=Ready", "--timeout=90s")
            live.must("--namespace", namespace, *wait)
        yield
    finally:
        live.kubectl("delete", "pod", "--selector", "app=scan", "--wait=false")
        live.kubectl("--namespace", OTHER, "delete", "namespace", OTHER, "--wait=false")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"ip {' '.join(arguments)} failed on the host: {done.stderr.strip()}")


@contextmanager
def _host(live: Live, pods: list[str]) -> Iterator[None]:
    """Let the host reach pods directly, and give it a second address; all of it is gone afterwards."""
    link = next(
        entry["dev"]
        for entry in json.loads(subprocess.check_output(["ip", "-json", "route"]))
        if entry["dst"] == str(live.node.network)
    )
    gateway = str(next(live.node.network.hosts()))
    with ExitStack() as undo:

        def both(add: list[str], remove: list[str], run: Callable[[list[str]], None]) -> None:
            run(add)
            undo.callback(run, remove)

        def outside(command: list[str]) -> None:
            _ip(*command)

        def inside(command: list[str]) -> None:
            live.node.run(["ip", *command], check=True)

        both(["addr", "add", f"{FOREIGN}/32", "dev", link], ["addr", "del", f"{FOREIGN}/32", "dev", link], outside)
        both(["route", "add", f"{FOREIGN}/32", "via", gateway], ["route", "del", f"{FOREIGN}/32"], inside)
        for pod in pods:
            route = [f"{pod}/32", "via", live.node.address, "dev", link]
            both(["route", "add", *route], ["route", "del", *route], outside)
        yield


def _address(live: Live, pod: str, namespace: str = "") -> str:
    where = ("--namespace", namespace or live.namespace)
    return live.must(*where, "get", "pod", pod, "--output", "jsonpath={.status.podIP}")


def _sources(live: Live, ports: dict[str, Target], direct: dict[str, Target]) -> dict[str, Callable[[], list[bool]]]:
    """What to run for each source; its answers are in the order of TARGETS."""
    services = list(ports.values())
    host = str(next(live.node.network.hosts()))

    def pod(name: str, namespace: str = "") -> Callable[[], list[bool]]:
        return lambda: live.python(name, probes.PROBE, services, namespace)

    return {
        "auth pod": pod(live.pod("authenticate")),
        "database pod": lambda: probes.from_database(live, services),
        "other pod, same namespace": pod("scan-stranger"),
        "other pod, same namespace, client labels": pod("scan-client"),
        "pod of another namespace": pod("scan-stranger", OTHER),
        "pod of another namespace, client labels": pod("scan-client", OTHER),
        "host, allowed address": lambda: probes.from_host(host, list(direct.values())),
        "host, other address": lambda: probes.from_host(FOREIGN, list(direct.values())),
    }


def measure(live: Live, settle: float = SETTLE_SECONDS) -> list[Cell]:
    """Try every cell; each source is asked again until it answers as expected.

    Args:
        live: What is scanned.
        settle: For how long each source is asked, in seconds. Default: `SETTLE_SECONDS`.
    """
    with _pods(live):
        addresses = {
            "elsewhere": _address(live, "scan-elsewhere", OTHER),
            "auth": _address(live, live.pod("authenticate")),
        }
        cluster_ip = {
            name: live.get("service", f"{service}-service")["spec"]["clusterIP"]
            for name, service in (("mysql", "mysqlauth"), ("auth", "authenticate"))
        }
        node_port = live.get("service", "mysqlauth-service")["spec"]["ports"][0]["nodePort"]
        elsewhere: Target = ("tcp", addresses["elsewhere"], ELSEWHERE)
        ports: dict[str, Target] = {
            "mysql": ("tcp", cluster_ip["mysql"], 3306),
            "auth": ("tcp", cluster_ip["auth"], 5010),
            "dns": ("udp", DNS, 53),
            "elsewhere": elsewhere,
        }
        direct: dict[str, Target] = {
            "mysql": ("tcp", live.node.address, node_port),
            "auth": ("tcp", addresses["auth"], 5010),
            "dns": ("tcp", live.node.address, 53),
            "elsewhere": elsewhere,
        }
        with _host(live, sorted(addresses.values())):
            return [
                cell for source, ask in _sources(live, ports, direct).items() for cell in _settled(source, ask, settle)
            ]


def _settled(source: str, ask: Callable[[], list[bool]], settle: float) -> list[Cell]:
    deadline = time.monotonic() + settle
    while True:
        answers = zip(TARGETS, ask(), strict=True)
        cells = [
            Cell(source, target, expected(source, target), actual)
            for target, actual in answers
            if (source, target) not in NO_CELL
        ]
        if all(cell.expected == cell.actual for cell in cells) or time.monotonic() > deadline:
            return cells
        time.sleep(2)


def run(live: Live) -> Result:
    """Compare the table with what happens."""
    cells = measure(live)
    words = {True: "open", False: "closed"}
    failures = [
        f"{cell.source} -> {cell.target} is {words[cell.actual]}, expected {words[cell.expected]}"
        for cell in cells
        if cell.actual != cell.expected
    ]
    rows = [["from", *TARGETS]]
    for source in OPEN:
        found = {cell.target: words[cell.actual] for cell in cells if cell.source == source}
        rows.append([source, *(found.get(target, "-") for target in TARGETS)])
    return Result(f"{len(cells) - len(failures)}/{len(cells)} cells", not failures, failures, rows)


CHECK = Check("S4", "NetworkPolicies, enforced: who reaches what", "100 % of 20 cells or more", run)
