"""F4: the state, or a check sum beside it, is cut off or overwritten; the passphrase is wrong."""

import hashlib
from pathlib import Path
from random import Random

from . import Fault, Result
from .bench import Bench
from .f01_killed import change, kill
from .watch import look

REFUSED = ("up", "preview", "destroy")


def run(bench: Bench, count: int, random: Random) -> Result:
    """Damage, be refused, repair, compare; every third time in the middle of an `up`."""
    result = Result()
    evidence = bench.fill()
    for number in range(1, count + 1):
        interrupted = number % 3 == 0
        if interrupted:
            _kill_up(bench, random)
        kind = random.choice(["cut off", "zeros", "garbage", "emptied"])
        failures = _damage(bench, kind, random)
        failures += result.status(f"state {kind}", look(bench, "is not whole"))
        repair = bench.command("repair")
        failures += [] if repair.returncode == 0 else [f"repair failed: {repair.stdout[-1500:]}"]
        failures += [] if "put back" in repair.stdout else [f"repair did not say what it put back: {repair.stdout}"]
        failures += bench.disorder()
        done = bench.command("up")
        failures += [] if done.returncode == 0 else [f"up failed: {done.stdout[-1500:]}"]
        failures += bench.unchanged() + bench.disorder()
        failures += bench.damage(evidence)
        result.add(f"{number} state {kind}{', up killed' if interrupted else ''}", failures)
    for name in ("dev.json", "dev.pulumi-tags"):
        result.add(f"check sum of {name} cut off", _torn(bench, name, evidence))
    result.add("wrong passphrase", _passphrase(bench))
    result.figure = "each refused with the backup's name and repaired by one command"
    bench.config(authReplicas="1", mysqlResourcesMemoryLimit="512Mi")
    bench.command("up")
    return result


def _kill_up(bench: Bench, random: Random) -> None:
    while True:
        change(bench, random)
        process = bench.begin("up", quiet=True)
        if kill(process, bench, random.uniform(1, 6), everything=True):
            return
        process.wait()


def _damage(bench: Bench, kind: str, random: Random) -> list[str]:
    path = bench.files.path
    whole = path.read_bytes()
    content = {
        "cut off": whole[: random.randrange(1, len(whole))],
        "zeros": bytes(len(whole)),
        "garbage": random.randbytes(len(whole)),
        "emptied": b"",
    }
    path.write_bytes(content[kind])
    before = _everything(bench)
    failures: list[str] = []
    for command in REFUSED:
        done = bench.command(command)
        if done.returncode == 0 or "make repair STACK=dev puts back the backup /" not in done.stdout:
            failures.append(f"{command} did not refuse with the way back: {done.stdout[-500:]}")
    return failures + ([] if _everything(bench) == before else ["a refused command changed something"])


def _torn(bench: Bench, name: str, evidence: str) -> list[str]:
    """Cut off what Pulumi writes beside a file, as a kill at that moment does: refused, then repaired."""
    path = bench.files.path.with_name(f"{name}.attrs")
    path.write_bytes(b"")
    before = _everything(bench)
    refused = bench.command("preview")
    told = refused.returncode != 0 and f"left {path}" in refused.stdout and "make repair STACK=dev" in refused.stdout
    failures = [] if told else [f"preview did not refuse with the way back: {refused.stdout[-500:]}"]
    failures += [] if _everything(bench) == before else ["a refused command changed something"]
    for command in ("repair", "up"):
        path.write_bytes(b"")
        done = bench.command(command)
        said = done.returncode == 0 and f"had left {path.name}" in done.stdout
        failures += [] if said else [f"{command} did not put it right: {done.stdout[-1500:]}"]
    failures += bench.unchanged() + bench.disorder() + bench.damage(evidence)
    if failures:
        # One that is still there would end the bench, not count as lost.
        path.unlink(missing_ok=True)
    return failures


def _passphrase(bench: Bench) -> list[str]:
    before = _everything(bench)
    failures: list[str] = []
    for command in REFUSED:
        done = bench.command(command, {"PULUMI_CONFIG_PASSPHRASE": "wrong"})
        if (
            done.returncode == 0
            or "incorrect passphrase" not in done.stdout
            or ".kubeauth/passphrase" not in done.stdout
        ):
            failures.append(f"{command} did not refuse with the way back: {done.stdout[-500:]}")
    return failures + ([] if _everything(bench) == before else ["a refused command changed something"])


def _everything(bench: Bench) -> dict[str, str]:
    """What must not change: the state's files but for locks, and the versions of the cluster's objects."""
    root = bench.files.path.parents[2]
    places = [path for path in root.rglob("*") if path.is_file() and "locks" not in path.relative_to(root).parts]
    seen = {str(path): hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in places}
    for item in bench.get("deployments,services,secrets,persistentvolumeclaims")["items"]:
        seen[item["metadata"]["uid"]] = str(item["metadata"].get("generation", item["metadata"]["resourceVersion"]))
    return seen


FAULT = Fault(
    "F4",
    "state file or a check sum of it cut off or overwritten, also in the middle of an up; wrong passphrase",
    "refused with the way back (the backup's name), nothing changed; one command repairs",
    12,
    run,
)
