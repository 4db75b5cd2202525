"""F3: ten `make up` at once; a lock that a dead run left; a lock that a live run holds."""

import re
import signal
import time
from random import Random

import psutil

from . import Fault, Result
from .bench import Bench

AT_ONCE = 10


def run(bench: Bench, count: int, random: Random) -> Result:
    """Start ten at once, so many times; then look at locks of the dead and the living."""
    result = Result()
    for number in range(1, count + 1):
        result.add(f"round {number}", _round(bench))
    result.figure = f"{AT_ONCE} at once: 1 winner, {AT_ONCE - 1} told who it is, in each round"
    result.add("a killed run's lock", _dead(bench))
    result.add("a live run's lock", _live(bench))
    return result


def _round(bench: Bench) -> list[str]:
    processes = [bench.begin("up") for _ in range(AT_ONCE)]
    outputs = [process.communicate()[0] for process in processes]
    winners = [index for index, process in enumerate(processes) if process.returncode == 0]
    failures = [] if len(winners) == 1 else [f"{len(winners)} winners"]
    for index, output in enumerate(outputs):
        told = re.search(r"stack dev is in use: make up STACK=dev by \S+ \(pid (\d+), since ", output)
        if index in winners:
            continue
        if not told or int(told[1]) not in [processes[winner].pid for winner in winners]:
            failures.append(f"a loser was not told who won: {output[-300:]}")
        if "Traceback" in output:
            failures.append(f"a traceback: {output[-300:]}")
    return failures + bench.disorder() + (["the state is not whole"] if bench.files.damaged() else [])


def _dead(bench: Bench) -> list[str]:
    """The lock of a run that was killed is cleared, with a notice, by the next run."""
    process = bench.begin("up", quiet=True)
    while not bench.files.locks() and process.poll() is None:
        time.sleep(0.02)
    for victim in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
        victim.send_signal(signal.SIGKILL)
    process.wait()
    done = bench.command("up")
    failures = [] if done.returncode == 0 else [f"up failed: {done.stdout[-500:]}"]
    return failures + ([] if "had left its lock, of " in done.stdout else ["no notice"]) + bench.disorder()


def _live(bench: Bench) -> list[str]:
    """Nobody clears the lock of a run that is alive: neither up nor repair, nor when it was started without make."""
    failures: list[str] = []
    program = bench.checkout / "__main__.py"
    written = program.read_text()
    program.write_text("import time\n\ntime.sleep(12)\n" + written)
    try:
        alive = bench.plain("up", "--yes", "--skip-preview", "--non-interactive")
        while not bench.files.locks() and alive.poll() is None:
            time.sleep(0.02)
        for command in ("up", "repair", "destroy"):
            done = bench.command(command)
            if done.returncode == 0 or "is in use" not in done.stdout:
                failures.append(f"{command} was not refused: {done.stdout[-300:]}")
        failures += [] if bench.files.locks() else ["the live run's lock is gone"]
        failures += [] if alive.wait() == 0 else ["the live run failed"]
    finally:
        program.write_text(written)
    return failures + bench.disorder()


FAULT = Fault(
    "F3",
    "10 concurrent up; locks of dead and live runs",
    "20 rounds: one winner, nine clear refusals, state valid; a dead run's lock is cleared, a live run's never",
    20,
    run,
)
