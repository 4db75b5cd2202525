"""F6: mysqld, its pod or the whole node is killed under a writer."""

import signal
import time
from collections.abc import Callable
from random import Random

from lab import images, toolchain

from . import Fault, Result
from .bench import Bench
from .database import delete_by_force, delete_pod, kill_mysqld, pod, ready, shared_out, until
from .writer import Writer

#: How long until writes go on, at p95, in seconds.
LIMITS = {"process": 15, "pod": 30, "node": 90}
PATIENCE = 180


def _node(bench: Bench) -> None:
    """All processes of the node at once, as when the power fails; then it is started again."""
    process = bench.node.process
    if process:
        process.send(signal.SIGKILL)
        process.wait(10)
    bench.node.start(toolchain.ensure("engine", "node").bin, list(images.archives().values()))


#: Of 50: 25 kills of the process, 12 deletions, 11 by force, 2 restarts of the node.
WAYS: dict[str, tuple[str, int, Callable[[Bench], object]]] = {
    "mysqld -9": ("process", 25, kill_mysqld),
    "pod deleted": ("pod", 12, delete_pod),
    "pod deleted by force": ("pod", 11, delete_by_force),
    "node restarted": ("node", 2, _node),
}


def _fresh(bench: Bench) -> None:
    """A pod that did not crash yet: a kubelet waits ever longer, up to 5 minutes, with one that crashes repeatedly."""
    states = bench.get("pod", pod(bench))["status"].get("containerStatuses", [])
    if any(state["restartCount"] for state in states):
        before = ready(bench)
        delete_pod(bench)
        until(lambda: bool(ready(bench) - before), PATIENCE)


def plan(count: int, random: Random) -> list[str]:
    """Which way each time."""
    return shared_out({name: share for name, (_, share, _) in WAYS.items()}, count, random)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Kill, wait until writes go on, count the rows."""
    result, gaps = Result(), {kind: list[float]() for kind in LIMITS}
    with Writer(bench) as writer:
        until(lambda: len(writer.acknowledged) > 20, 30)
        for number, name in enumerate(plan(count, random), 1):
            kind, _, way = WAYS[name]
            if kind == "process":
                _fresh(bench)
            time.sleep(random.uniform(0, 2))
            before = ready(bench)
            writer.longest = 0.0
            way(bench)
            back = until(lambda before=before: bool(ready(bench) - before), PATIENCE)
            seen = len(writer.acknowledged)
            back = back and until(lambda seen=seen: len(writer.acknowledged) > seen + 5, PATIENCE)
            gaps[kind].append(writer.longest)
            failures = writer.lost() + ([] if back else [f"no writes after {PATIENCE} s"])
            result.add(f"{number} {name}, writes went on after {writer.longest:.1f} s", failures)
    writer.judge(result, gaps, LIMITS)
    return result


FAULT = Fault(
    "F6",
    "under a writer: mysqld killed in a pod that had not crashed, pod deleted, deleted by force, node killed",
    "50/50: 0 acknowledged commits lost; back within p95 15 s (process), 30 s (pod), 90 s (node)",
    50,
    run,
)
