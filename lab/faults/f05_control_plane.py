"""F5: the API server is away for 30 s during `up`; each daemon of the node is restarted under traffic."""

import time
from random import Random

from . import Fault, Result
from .bench import Bench
from .f01_killed import change
from .watch import look
from .writer import Writer, verdict

AWAY_SECONDS = 30
AWAY = "API server away"
#: The API server goes away three times, each daemon is restarted once; a short run takes the first ones.
WAYS = (
    *(AWAY, "etcd", "containerd", "kubelet", "kube-proxy"),
    *(AWAY, "kube-apiserver", "kube-controller-manager", "kube-scheduler", AWAY),
)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Take the API server away during `up`, restart daemons under a writer."""
    result = Result()
    evidence = bench.fill()
    gaps: dict[str, float] = {}
    for daemon in WAYS[:count]:
        if daemon == AWAY:
            result.add(f"{AWAY} {AWAY_SECONDS} s during up", _away(bench, evidence, random, result))
            continue
        with Writer(bench) as writer:
            time.sleep(2)
            bench.node.daemon(daemon, "restart")
            time.sleep(8)
        gaps[daemon] = writer.longest
        failures = writer.lost()
        failures += [] if _ready(bench) else ["the node does not get ready again"]
        result.add(f"{daemon} restarted, longest gap between writes {writer.longest:.1f} s", failures)
    bench.config(authReplicas="1", mysqlResourcesMemoryLimit="512Mi")
    result.leave(bench)
    result.figure = f"{verdict(result.failures)}, longest gap between writes {max(gaps.values(), default=0):.1f} s"
    return result


def _away(bench: Bench, evidence: str, random: Random, result: Result) -> list[str]:
    change(bench, random)
    process = bench.begin("up")
    time.sleep(random.uniform(2, 8))
    bench.node.daemon("kube-apiserver", "stop")
    begun = time.monotonic()
    wrong = result.status(AWAY, look(bench, "the cluster: it does not answer"))
    time.sleep(max(0.0, begun + AWAY_SECONDS - time.monotonic()))
    bench.node.daemon("kube-apiserver", "start")
    output, _ = process.communicate()
    told = process.returncode == 0 or "error:" in output
    failures = [] if told and "Traceback" not in output else [f"no clear error: {output[-500:]}"]
    failures += [] if _ready(bench) else ["the node does not get ready again"]
    done = bench.command("up")
    failures += [] if done.returncode == 0 else [f"the next up failed: {done.stdout[-1500:]}"]
    failures += bench.unchanged() + bench.disorder()
    return failures + wrong + bench.damage(evidence)


def _ready(bench: Bench, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while f"node {bench.node.name}: ready" not in bench.node.status():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


FAULT = Fault(
    "F5",
    "API server away 30 s during up; each daemon of the node restarted under traffic",
    "clear error or completion; 0 acknowledged writes lost; recovers alone",
    len(WAYS),
    run,
)
