"""The critical path: what the first `up` waits for, second by second."""

import statistics
import subprocess
import time
from typing import Any

from cli.console import Problem

from . import programs, watch
from .inline import FIRST
from .parts import Given, Part
from .sides import NAMESPACE, PULUMI
from .system import System
from .watch import condition

#: What happens, in order. Each step lasts from the moment before its own to its own; the lane is who works.
STEPS = {
    "engine and program start": "Pulumi",
    "namespace, secrets, claim": "Pulumi",
    "pod is made": "cluster",
    "volume is made, pod is scheduled": "cluster",
    "container of the first start": "cluster",
    "mysqld --initialize": "database",
    "container of the server": "cluster",
    "mysqld starts": "database",
    "probe sees the database": "cluster",
    "probe sees the auth service": "auth",
    "engine notices and ends": "Pulumi",
}
_TIMES = 3


def run(system: System, given: Given) -> dict[str, Any]:
    """Measure the first `up` a few times; the record has each run's moments."""
    folder = programs.write(system, "components", programs.shipped("components"), programs.values(1))
    runs = [_once(system, folder) for _ in range(min(given.count, _TIMES))]
    system.run("pulumi", "stack", "rm", "--yes", cwd=folder)
    programs.remove(folder)
    return {"runs": runs}


def _once(system: System, folder: Any) -> dict[str, float]:
    """One first `up`: when each step ended, in seconds after the start."""
    log = folder / "events"
    pods = watch.Pods(system)
    begun = time.time()
    moments: dict[str, float] = {}
    command = ["pulumi", "up", "--yes", "--skip-preview", *PULUMI, "--event-log", str(log)]
    # This variable is what makes the CLI know --event-log.
    env = {**system.env, "PULUMI_DEBUG_COMMANDS": "true"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL) as process:
        for seen, event in watch.events(log, process):
            metadata = event.get("resourcePreEvent", {}).get("metadata", {})
            name = metadata.get("urn", "").rpartition("::")[2]
            if name == f"{NAMESPACE}-namespace":
                moments["engine and program start"] = seen
            if name == f"{FIRST}-deployment":
                moments["namespace, secrets, claim"] = seen
    moments["engine notices and ends"] = time.time()
    pods.stop()
    if process.returncode:
        raise Problem("the `up` whose path is drawn failed", "run make bench ONLY=sides")
    server = f"{FIRST}-container"
    in_pod = {
        "pod is made": lambda pod: True,
        "volume is made, pod is scheduled": condition("PodScheduled"),
        "probe sees the database": condition("Ready"),
    }
    moments |= {step: pods.first(FIRST, is_true) or 0 for step, is_true in in_pod.items()}
    moments["probe sees the auth service"] = pods.first("authenticate", condition("Ready")) or 0
    first, last = watch.log_times(system, "initialize")
    started, ready = watch.log_times(system, server)
    moments["container of the first start"], moments["mysqld --initialize"] = first, last
    moments["container of the server"], moments["mysqld starts"] = started, ready
    system.run("pulumi", "destroy", "--yes", "--skip-preview", *PULUMI, cwd=folder)
    log.unlink()
    if unseen := [step for step in STEPS if not moments.get(step)]:
        raise Problem(f"the end of these steps was not seen: {', '.join(unseen)}", "try again: make bench ONLY=path")
    return {step: moments[step] - begun for step in STEPS}


def durations(results: dict[str, Any]) -> dict[str, float]:
    """How long each step lasted, median over the runs; a step that ended before the one before it lasted no time."""
    taken: dict[str, list[float]] = {step: [] for step in STEPS}
    for moments in results["runs"]:
        before = 0.0
        for step in STEPS:
            taken[step].append(max(0.0, moments[step] - before))
            before = max(before, moments[step])
    return {step: statistics.median(values) for step, values in taken.items()}


def summary(results: dict[str, Any]) -> list[str]:
    """One line per step, and the sum."""
    taken = durations(results)
    lines = [f"{seconds:5.2f} s  {STEPS[step]:<9} {step}" for step, seconds in taken.items()]
    return [*lines, f"{sum(taken.values()):5.2f} s  together"]


PART = Part("the path of a first up", run, summary, lambda given: 30 * min(given.count, _TIMES))
