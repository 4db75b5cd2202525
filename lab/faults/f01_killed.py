"""F1: the CLI and its plugins are killed at a random moment of `up`, `refresh` and `destroy`."""

import signal
import statistics
import subprocess
import time
from random import Random

import psutil

from cli.stack import journal

from . import Fault, Result
from .bench import Bench
from .watch import look

#: How long each takes undisturbed; a kill that comes too late is tried again.
SECONDS = {"up": 9.0, "create": 18.0, "refresh": 3.0, "destroy": 10.0}
#: How often a run may end before the moment at which it was to be killed.
TRIES = 20
#: A repair may take this long.
LIMIT = 60


def kill(process: subprocess.Popen[str], bench: Bench, moment: float, *, everything: bool) -> bool:
    """Kill a run some seconds after Pulumi began; False when it had ended before.

    Args:
        process: The CLI, or what runs it.
        bench: The system.
        moment: Seconds after Pulumi took its lock.
        everything: Kill the plugins and the project's command, too, and not the CLI alone.
    """
    while not bench.files.locks():
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    time.sleep(moment)
    if process.poll() is not None:
        return False
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    cli = [item for item in family if item.name() == "pulumi"]
    for victim in family if everything else cli:
        try:
            victim.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()
    return bool(bench.files.locks())


def change(bench: Bench, random: Random) -> None:
    """Something for `up` to do."""
    kind = random.choice(["memory", "replicas", "password"])
    if kind == "memory":
        now = bench.run("pulumi", "config", "get", "mysqlResourcesMemoryLimit").strip()
        bench.config(mysqlResourcesMemoryLimit="512Mi" if now == "640Mi" else "640Mi")
    elif kind == "replicas":
        now = bench.run("pulumi", "config", "get", "authReplicas").strip()
        bench.config(authReplicas="1" if now == "2" else "2")
    else:
        bench.config(mysqlPassword=f"p{random.getrandbits(64):x}")


def _begin(bench: Bench, what: str, variables: dict[str, str]) -> subprocess.Popen[str]:
    if what != "refresh":
        return bench.begin("destroy" if what == "destroy" else "up", quiet=True, variables=variables)
    return bench.plain("refresh", "--yes", "--skip-preview", "--non-interactive")


def _killed(bench: Bench, what: str, random: Random, *, checkpoints: bool) -> str:
    """Kill a run; return at which moment."""
    variables = {journal.VARIABLE: "false" if checkpoints else "true"}
    for _ in range(TRIES):
        if what == "up":
            change(bench, random)
        moment = random.uniform(0, SECONDS[what])
        everything = random.random() < 0.7
        process = _begin(bench, what, variables)
        hit = kill(process, bench, moment, everything=everything)
        if hit:
            how = ("" if everything else ", the CLI alone") + (", with checkpoints" if checkpoints else "")
            return f"{what} after {moment:.1f} s{how}"
        process.wait()
        if what == "destroy":
            bench.command("up")
        if what == "create":
            bench.command("destroy")
    raise RuntimeError(f"{what} ended {TRIES} times before it could be killed; SECONDS in {__file__} are too long")


def plan(count: int, random: Random) -> list[str]:
    """What to kill: of 100 runs 70 `up` (20 from nothing, each after a `destroy`), 10 `refresh`, 20 `destroy`."""
    pairs, refreshes = max(1, count // 5), max(1, count // 10)
    rest = ["up"] * max(1, count - 2 * pairs - refreshes) + ["refresh"] * refreshes + ["destroy"] * pairs
    random.shuffle(rest)
    ordered: list[str] = []
    for what in rest:
        ordered += ["destroy", "create"] if what == "destroy" else [what]
    return ordered[:count]


def run(bench: Bench, count: int, random: Random) -> Result:
    """Kill, repair, finish, compare."""
    result, repairs, totals = Result(), list[float](), list[float]()
    # As in production: destroy keeps the data.
    bench.config(mysqlRetainData="true")
    bench.must("up")
    evidence = bench.fill()
    for number, what in enumerate(plan(count, random), 1):
        # A state in a bucket, and whoever says so, keeps them: every second run is one of theirs.
        name = f"{number} {_killed(bench, what, random, checkpoints=number % 2 == 0)}"
        told = result.status("a run was killed", look(bench, "a run was killed"))
        begun = time.monotonic()
        repair = bench.command("repair")
        repairs.append(time.monotonic() - begun)
        failures = told + ([] if repair.returncode == 0 else [f"repair failed: {repair.stdout[-1500:]}"])
        failures += bench.disorder()
        # After a killed destroy, the destroy is what has to come to its end.
        if what == "destroy":
            done = bench.command("destroy")
            failures += [] if "keeps its data" in done.stdout else [f"destroy failed: {done.stdout[-1500:]}"]
            left = [item["id"] for item in bench.state().get("resources", []) if item["type"].startswith("kubernetes:")]
            failures += [] if "production-cloud/mysqlauth-data" in left else ["the claim is not in the state any more"]
        else:
            done = bench.command("up")
            failures += [] if done.returncode == 0 else [f"up failed: {done.stdout[-1500:]}"]
            failures += bench.unchanged() + bench.disorder() + bench.damage(evidence)
        totals.append(time.monotonic() - begun)
        late = [f"the repair took {repairs[-1]:.0f} s"] if repairs[-1] > LIMIT else []
        result.add(name, failures, late)
    bench.config(mysqlRetainData="false", authReplicas="1", mysqlResourcesMemoryLimit="512Mi")
    result.leave(bench)
    result.figure = (
        f"repair: median {statistics.median(repairs):.0f} s, longest {max(repairs):.0f} s;"
        f" with the run that finishes the work and the checks: longest {max(totals):.0f} s"
    )
    return result


FAULT = Fault(
    "F1",
    "SIGKILL of the CLI and its plugins at a random moment of up, refresh, destroy",
    "100/100: repaired in 60 s at most, nothing orphaned, doubled or pending, no changes after the next up, data equal",
    100,
    run,
)
