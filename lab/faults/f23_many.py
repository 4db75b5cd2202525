"""F23: many databases in one stack, and their run killed: from nothing, while passwords change, while they go."""

import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from random import Random

from cli.console import Problem
from lab.bench import kwok
from lab.bench.system import System
from tests import copies

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .f01_killed import kill

#: The size at which a run takes long enough to be killed anywhere; pods are kwok's.
DATABASES = 30
#: A repair may take this long, in seconds: it looks at each of the objects, and so does Pulumi.
LIMIT = 300
ROUND = ("create", "rotate", "destroy")
#: Another stack's object, named like one of ours: whoever adopts by name alone takes it.
STRANGER = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "mysql-000-credentials-0badcafe",
        "namespace": NAMESPACE,
        "annotations": {"kubeauth/stack": "organization/other/dev", "pulumi.com/autonamed": "true"},
        "labels": {"app.kubernetes.io/managed-by": "pulumi"},
    },
}


def _version(bench: Bench) -> str:
    return bench.get("secret", str(STRANGER["metadata"]["name"]))["metadata"]["resourceVersion"]  # type: ignore[index]


def _begin(bench: Bench, system: System, what: str, random: Random) -> str:
    """Make a change due, and return the command for it."""
    if what == "create":
        kwok.volumes(system, DATABASES)
    if what == "rotate":
        bench.config(mysqlPassword=f"p{random.getrandbits(64):x}")
    return "destroy" if what == "destroy" else "up"


def _undisturbed(bench: Bench, system: System, random: Random) -> dict[str, float]:
    """How long each takes."""
    seconds: dict[str, float] = {}
    for what in ROUND:
        command = _begin(bench, system, what, random)
        begun = time.monotonic()
        process = bench.begin(command, quiet=True)
        while not bench.files.locks() and process.poll() is None:
            time.sleep(0.02)
        locked = time.monotonic()
        while bench.files.locks() and process.poll() is None:
            time.sleep(0.05)
        seconds[what] = time.monotonic() - locked
        if process.wait():
            raise Problem(f"{command} of {DATABASES} databases failed after {time.monotonic() - begun:.0f} s")
    return seconds


def _after(bench: Bench, what: str, repairs: list[float]) -> list[str]:
    """Repair, which takes its time into `repairs`, and finish; what is wrong then."""
    stranger = ""
    if what == "rotate":
        bench.run("kubectl", "apply", "--filename", "-", stdin=json.dumps(STRANGER))
        stranger = _version(bench)
    begun = time.monotonic()
    done = bench.command("repair")
    repairs.append(time.monotonic() - begun)
    failures = [f"repair failed: {done.stdout[-1500:]}"] if done.returncode else []
    failures += bench.disorder()
    if what == "rotate":
        failures += [] if _version(bench) == stranger else ["another stack's Secret was touched"]
    done = bench.command("destroy" if what == "destroy" else "up")
    failures += [f"the next run failed: {done.stdout[-1500:]}"] if done.returncode else []
    if what == "destroy":
        left = bench.run("kubectl", "get", "namespace", NAMESPACE, "--ignore-not-found")
        failures += ["the namespace is left"] if left else []
        return failures + [
            f"{item['id']} is in the state" for item in bench.state().get("resources") or [] if "id" in item
        ]
    return failures + bench.unchanged() + bench.disorder()


def _many(bench: Bench, folder: Path, storage_class: str) -> Bench:
    """A second checkout for the same node, whose program makes the databases."""
    checkout = copies.make(folder / "kubeauth")
    shutil.copyfile(Path(__file__).parent / "sources/many.py", checkout / "__main__.py")
    many = Bench(checkout, bench.node)
    # An image of another name: the sample service's log-in would need a pod that runs.
    many.config(databases=str(DATABASES), mysqlStorageClass=storage_class, authImage="localhost/none:1")
    return many


def run(bench: Bench, count: int, random: Random) -> Result:
    """Kill, repair, finish, compare; a round is made, changed and removed again."""
    result, repairs = Result(), list[float]()
    bench.must("destroy")
    with tempfile.TemporaryDirectory(prefix="kubeauth-many-") as folder:
        system = System(Path(folder), bench.node, ("engine", "node", "bench"))
        with kwok.pods(system) as storage_class:
            many = _many(bench, Path(folder), storage_class)
            seconds = _undisturbed(many, system, random)
            for number in range(count):
                what = ROUND[number % len(ROUND)]
                command, moment = _begin(many, system, what, random), random.uniform(0, seconds[what])
                process = many.begin(command, quiet=True)
                hit = kill(process, many, moment, everything=random.random() < 0.7)
                process.wait()
                failures = _after(many, what, repairs)
                late = [f"the repair took {repairs[-1]:.0f} s"] if repairs[-1] > LIMIT else []
                name = f"{number + 1} {what} after {moment:.1f} s{'' if hit else ' (it had ended)'}"
                result.add(name, failures, late)
            many.command("destroy")
    result.leave(bench)
    result.figure = (
        f"{DATABASES} databases; undisturbed {', '.join(f'{what} {value:.0f} s' for what, value in seconds.items())};"
        f" repair: median {statistics.median(repairs):.0f} s, longest {max(repairs):.0f} s"
    )
    return result


FAULT = Fault(
    "F23",
    f"SIGKILL of a run on {DATABASES} databases: from nothing, while passwords change, while they go",
    "30/30: repaired by one command, nothing orphaned, doubled or pending, no changes after the next up",
    30,
    run,
)
