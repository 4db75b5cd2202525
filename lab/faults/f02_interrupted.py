"""F2: `make up` is interrupted once, twice, or asked to terminate, at random moments."""

import signal
import time
from random import Random

from . import Fault, Result
from .bench import Bench
from .f01_killed import SECONDS, change

WAYS = {"SIGINT": [signal.SIGINT], "SIGINT twice": [signal.SIGINT, signal.SIGINT], "SIGTERM": [signal.SIGTERM]}


def run(bench: Bench, count: int, random: Random) -> Result:
    """Interrupt, look at the state, run again, compare."""
    result = Result()
    evidence = bench.fill()
    for number in range(count):
        way = list(WAYS)[number % len(WAYS)]
        moment = _interrupt(bench, WAYS[way], random)
        failures = [] if not bench.files.damaged() else ["the state is not whole"]
        # Asked once, Pulumi ends in order and leaves nothing unfinished; asked twice, it stops where it is.
        if way != "SIGINT twice":
            failures += bench.disorder()
        done = bench.command("up")
        failures += [] if done.returncode == 0 else [f"the next up failed: {done.stdout[-1500:]}"]
        failures += bench.unchanged() + bench.disorder()
        failures += bench.damage(evidence)
        result.add(f"{number + 1} {way} after {moment:.1f} s", failures)
    bench.config(authReplicas="1", mysqlResourcesMemoryLimit="512Mi")
    result.leave(bench)
    result.figure = "the next `make up` ends without changes left"
    return result


def _interrupt(bench: Bench, signals: list[signal.Signals], random: Random) -> float:
    while True:
        change(bench, random)
        moment = random.uniform(0, SECONDS["up"])
        process = bench.begin("up", quiet=True)
        while not bench.files.locks() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(moment)
        if process.poll() is not None or not bench.files.locks():
            process.wait()
            continue
        for number in signals:
            process.send_signal(number)
            time.sleep(0.5)
        process.wait()
        return moment


FAULT = Fault(
    "F2",
    "SIGINT once, SIGINT twice, SIGTERM at random moments of up",
    "state complete, the next run converges",
    12,
    run,
)
