"""What the faults of the database have in common: its pod, and waiting until it is well again."""

import statistics
import time
from collections.abc import Callable, Mapping
from random import Random

from .bench import NAMESPACE, Bench

SELECTOR = "name=mysqlauth-selector"
AUTH_SELECTOR = "name=authenticate-selector"


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is done; False when it is not in time. A question that fails counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if done():
                return True
        except RuntimeError:
            # The API server may be away, too.
            pass
        time.sleep(0.5)
    return False


def ready(bench: Bench, selector: str = SELECTOR) -> set[str]:
    """The containers of ready pods, each by an id that a restart changes."""
    return {
        str(state.get("containerID"))
        for pod in bench.get("pods", "--selector", selector)["items"]
        if "deletionTimestamp" not in pod["metadata"]
        for state in pod["status"].get("containerStatuses", [])
        if state["ready"]
    }


def pod(bench: Bench, selector: str = SELECTOR) -> str:
    """The name of the pod that is not on its way out."""
    listed = bench.get("pods", "--selector", selector)["items"]
    return next(str(item["metadata"]["name"]) for item in listed if "deletionTimestamp" not in item["metadata"])


def delete_pod(bench: Bench, *flags: str, selector: str = SELECTOR) -> None:
    """Delete the pods of a selector and do not wait."""
    bench.run("kubectl", "-n", NAMESPACE, "delete", "pod", "--selector", selector, "--wait=false", *flags)


def delete_by_force(bench: Bench) -> None:
    """Delete the database's pod without letting it shut down."""
    delete_pod(bench, "--force", "--grace-period=0")


def kill_mysqld(bench: Bench) -> bool:
    """Kill -9 every mysqld of the node, and no other process; False when there was none."""
    found = bench.node.run(["pgrep", "-x", "mysqld"]).stdout.split()
    return bool(found) and bench.node.run(["kill", "-9", *found]).returncode == 0


def shared_out(shares: Mapping[str, int], count: int, random: Random) -> list[str]:
    """So many of the ways in their shares, each at least once where there is room, in an order by chance."""
    total = sum(shares.values())
    ways = [way for way, share in shares.items() for _ in range(max(1, round(share * count / total)))]
    random.shuffle(ways)
    return ways[:count]


def p95(values: list[float]) -> float:
    """The 95th percentile; of fewer than two the value itself."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else sum(values)
