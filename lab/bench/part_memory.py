"""MySQL's memory: each size under a real load, and the smallest limit that survives one, found by search."""

import json
import time
from typing import Any

import yaml

from cli.console import Problem, console
from components.mysql import mysqld
from lab.node import Node

from . import load, programs, render, watch
from .inline import FIRST
from .parts import Given, Part
from .sides import NAMESPACE
from .system import System

SIZES = ("small", "medium", "large")
#: Limits between which the smallest one is searched, and the step, in MiB.
LOW, HIGH, STEP = 192, 384, 16
#: Limits a little over medium's, in MiB, where a cache that is rounded up would end the server.
OVER = (516, 520, 640)
_SECONDS = 30
_DEPLOYMENT = f"deployment/{FIRST}-deployment"


def run(system: System, given: Given) -> dict[str, Any]:
    """Measure every size, then search, then look above medium's limit: more memory never means an end."""
    sizes = [trial(system, size) for size in SIZES]
    tried: dict[int, dict[str, Any]] = {}

    def survives(limit: int) -> bool:
        tried[limit] = trial(system, "medium", f"{limit}Mi")
        return tried[limit]["survived"]

    smallest = search(LOW, HIGH, STEP, survives)
    for limit in OVER:
        if not survives(limit):
            console.print(f"   a database with {limit}Mi does not survive what one with 512Mi does", markup=False)
    return {"sizes": sizes, "smallest": smallest, "tried": [tried[limit] for limit in sorted(tried)]}


def search(low: int, high: int, step: int, survives: Any) -> int:
    """The smallest limit that survives, by halving; `low` is taken to fail.

    Raises:
        Problem: Not even the highest one survives.
    """
    if not survives(high):
        raise Problem(f"a database with {high}Mi does not survive the load", "raise HIGH in lab/bench/part_memory.py")
    while high - low > step:
        middle = (low + high) // 2 // step * step
        low, high = (low, middle) if survives(middle) else (middle, high)
    return high


def trial(system: System, size: str, limit: str = "") -> dict[str, Any]:
    """One database from nothing, under load; what it took, and whether it lived.

    Args:
        system: Where.
        size: The size that is asked for.
        limit: Another memory limit, which may be less than the component allows. Default: the size's.
    """
    resources = render.render(system, 1, size=size)
    # Load comes from outside, through the node port; policies are another matter.
    wanted = [
        item.manifest() for item in resources if item.name.startswith((FIRST, NAMESPACE)) and "Policy" not in item.type
    ]
    pod = next(item for item in wanted if item["kind"] == "Deployment")["spec"]["template"]["spec"]
    server = pod["containers"][0]
    if limit:
        server["args"] = mysqld.arguments(limit)
        for container in (*pod["initContainers"], server):
            container["resources"]["limits"]["memory"] = container["resources"]["requests"]["memory"] = limit
    limits = server["resources"]["limits"]
    cache = next(int(word.partition("=")[2].rstrip("M")) for word in server["args"] if "buffer-pool-size" in word)
    begun = time.time()
    system.run("kubectl", "apply", "--filename", "-", stdin=yaml.safe_dump_all(wanted))
    result: dict[str, Any] = {"asked": limit or size, "limit": limits["memory"], "cpu": limits["cpu"]}
    try:
        result |= _loaded(system, begun, cache)
    finally:
        system.run("kubectl", "delete", "namespace", NAMESPACE, "--wait")
    said = f"survived, {result['megabytes']:.0f} MB" if result["survived"] else result["cause"]
    console.print(f"   {result['asked']}: limit {result['limit']}, {said}", markup=False)
    return result


def _loaded(system: System, begun: float, cache: int) -> dict[str, Any]:
    """Fill the cache, so many MiB, let the clients work, and look at the server."""
    ready = ("kubectl", "wait", "--namespace", NAMESPACE, "--for=condition=Available", _DEPLOYMENT)
    try:
        system.run(*ready, "--timeout=90s")
    except Problem:
        return {"survived": False, "cause": _cause(system) or "not ready in 90 s"}
    seconds = time.time() - begun
    first, last = watch.log_times(system, "initialize")
    node = system.node or Node("")
    idle = _megabytes(node)
    port = json.loads(system.run("kubectl", "get", "service", f"{FIRST}-service", "-n", NAMESPACE, "-o", "json").output)
    login = {
        "host": node.address,
        "port": port["spec"]["ports"][0]["nodePort"],
        "user": "admin",
        "database": "admin",
        "password": programs.PASSWORDS["password"],
        "ssl": {"check_hostname": False},
        "connect_timeout": 10,
        "read_timeout": 60,
    }
    try:
        rows = load.fill(login, max(128, cache * 9 // 8))
        done = load.run(login, rows, _SECONDS)
    except (OSError, load.pymysql.err.MySQLError) as error:
        return {"survived": False, "cause": _cause(system) or str(error)}
    cause = _cause(system)
    return {
        "initialize": last - first,
        "ready": seconds,
        "idle megabytes": idle,
        "megabytes": _megabytes(node),
        "statements": done.statements / _SECONDS,
        "survived": not cause and not done.errors,
        "cause": cause or f"{done.errors} errors",
    }


def _megabytes(node: Node) -> float:
    """The most memory that the server's process ever had, in MB, as the kernel counts it."""
    found = node.run(["sh", "-c", "grep VmHWM /proc/$(pgrep -x mysqld | tail -1)/status"]).stdout.split()
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _cause(system: System) -> str:
    """Why a container ended; empty if none did."""
    for pod in system.get("pods", "--namespace", NAMESPACE):
        status = pod["status"]
        for item in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            ended = item.get("lastState", {}).get("terminated") or item["state"].get("terminated") or {}
            if ended.get("exitCode"):
                return f"{item['name']}: {ended.get('reason')}"
    return ""


def summary(results: dict[str, Any]) -> list[str]:
    """One line per trial."""
    lines: list[str] = []
    for item in [*results["sizes"], *results["tried"]]:
        head = f"{item['asked']}: limit {item['limit']}, cpu {item['cpu']}"
        if "ready" not in item:
            lines.append(f"{head}: {item['cause']}")
            continue
        state = "survived" if item["survived"] else item["cause"]
        took = f"--initialize {item['initialize']:.1f} s, ready {item['ready']:.1f} s"
        memory = f"idle {item['idle megabytes']:.0f} MB, loaded {item['megabytes']:.0f} MB"
        lines.append(f"{head}: {took}, {memory}, {item['statements']:.0f} statements/s, {state}")
    return [*lines, f"smallest limit that survives: {results['smallest']}Mi"]


PART = Part("MySQL's memory", run, summary, lambda given: 8 * 60)
