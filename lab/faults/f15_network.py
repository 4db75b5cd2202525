"""F15: packets between auth and database are late, lost, or all of them lost for a while.

The kernel of the machines that this was written on has no netem. Packets are dropped by the `statistic` match of
iptables and made late by a process that connections are led through, both in the network namespace of the node.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import AUTH_SELECTOR, SELECTOR, pod, ready, until
from .watch import Watch

SECONDS = 30
#: The auth service answers every request within this time, whatever its database does.
LIMIT = 20.0
PARTITION = "partition"
LOSSES = {PARTITION: 1.0, "10 % lost": 0.1, "30 % lost": 0.3, "50 % lost": 0.5}
DELAY_SECONDS, DELAY_PORT = 0.2, 13306
_CLIENT = """
import json, time, urllib.request, urllib.error
stored, failed, longest, end = [], 0, 0.0, time.monotonic() + SECONDS
number = 0
while time.monotonic() < end:
    number += 1
    name, begun = f"PREFIX-{number}", time.monotonic()
    body = json.dumps({"username": name, "password": "a long password"}).encode()
    request = urllib.request.Request("http://127.0.0.1:5010/register", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            stored += [name] if answer.status == 201 else []
    except (urllib.error.URLError, OSError):
        failed += 1
    longest = max(longest, time.monotonic() - begun)
    time.sleep(0.2)
print(json.dumps([stored, failed, longest]))
"""


@contextmanager
def dropped(bench: Bench, pairs: Sequence[tuple[str, str]], *match: str) -> Iterator[None]:
    """Drop what the addresses of each pair send each other, or what of it matches, while the body runs."""
    ways = [way for pair in pairs for way in (pair, pair[::-1])]
    rules = [(box, ["-s", one, "-d", other, *match, "-j", "DROP"]) for box in bench.node.boxes for one, other in ways]
    for box, rule in rules:
        box.run(["iptables", "-w", "-t", "mangle", "-A", "FORWARD", *rule], check=True)
    try:
        yield
    finally:
        for box, rule in rules:
            box.run(["iptables", "-w", "-t", "mangle", "-D", "FORWARD", *rule], check=True)


@contextmanager
def loss(bench: Bench, share: float) -> Iterator[None]:
    """Drop a share of the packets between the two pods, in both directions, while the body runs."""
    addresses = [bench.get("pod", pod(bench, selector))["status"]["podIP"] for selector in (AUTH_SELECTOR, SELECTOR)]
    chance = [] if share == 1 else ["-m", "statistic", "--mode", "random", "--probability", str(share)]
    with dropped(bench, [(addresses[0], addresses[1])], *chance):
        yield


@contextmanager
def delay(bench: Bench) -> Iterator[None]:
    """Lead new connections from the auth pod to the database through a slow line while the body runs."""
    auth, database = (bench.get("pod", pod(bench, name))["status"]["podIP"] for name in (AUTH_SELECTOR, SELECTOR))
    line = [sys.executable, str(Path(__file__).with_name("delay.py")), str(DELAY_PORT), database, "3306"]
    rules = [
        [
            "nat",
            "PREROUTING",
            "-s",
            auth,
            "-p",
            "tcp",
            "--dport",
            "3306",
            "-j",
            "REDIRECT",
            "--to-ports",
            str(DELAY_PORT),
        ],
        ["filter", "INPUT", "-s", auth, "-p", "tcp", "--dport", str(DELAY_PORT), "-j", "ACCEPT"],
    ]
    if not (node := bench.node.process):
        raise RuntimeError("the node does not run")
    # Its network alone: nsenter then becomes the command, and ends with it.
    command = ["nsenter", f"--target={node.pid}", "--net", "--", *line, str(DELAY_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        if not process.stdout or process.stdout.readline() != "listening\n":
            raise RuntimeError("the slow line does not start")
        for table, chain, *rule in rules:
            bench.node.run(["iptables", "-w", "-t", table, "-I", chain, *rule], check=True)
        try:
            yield
        finally:
            for table, chain, *rule in rules:
                bench.node.run(["iptables", "-w", "-t", table, "-D", chain, *rule], check=True)
            process.terminate()


def troubles(bench: Bench) -> dict[str, AbstractContextManager[None]]:
    """What is done to the network, by name."""
    late = {f"{DELAY_SECONDS * 1000:.0f} ms late": delay(bench)}
    return {**late, **{name: loss(bench, share) for name, share in LOSSES.items()}}


def run(bench: Bench, count: int, random: Random) -> Result:
    """Register users through the auth service in each trouble; all that were acknowledged must be there."""
    result, slowest, stored_in_all = Result(), 0.0, 0
    for name, trouble in list(troubles(bench).items())[:count]:
        prefix = f"f15-{random.getrandbits(32):x}"
        script = _CLIENT.replace("SECONDS", str(SECONDS)).replace("PREFIX", prefix)
        wrong: list[str] = []
        with trouble, Watch(bench) as watch:
            said = bench.run(
                "kubectl", "-n", NAMESPACE, "exec", pod(bench, AUTH_SELECTOR), "--", "python", "-c", script
            )
            if name == PARTITION:
                wrong = result.status(name, watch.named(r"authenticate-deployment.*(not ready|readiness|probe)"))
        stored, failed, longest = json.loads(said)
        slowest, stored_in_all = max(slowest, longest), stored_in_all + len(stored)
        failures = wrong + _untrue(name, longest, stored)
        failures += [] if until(lambda: bool(ready(bench, AUTH_SELECTOR)), 60) else ["not ready afterwards"]
        found = set(bench.sql(f"SELECT username FROM users WHERE username LIKE '{prefix}-%'").split())  # noqa: S608
        missing = set(stored) - found
        failures += [f"{len(missing)} of {len(stored)} acknowledged users are lost"] if missing else []
        late = [f"a request took {longest:.1f} s"] if longest > LIMIT else []
        result.add(f"{name}: {len(stored)} stored, {failed} refused, slowest {longest:.1f} s", failures, late)
    result.figure = f"all {stored_in_all} acknowledged writes are there; the slowest answer took {slowest:.1f} s"
    return result


def _untrue(name: str, longest: float, stored: list[str]) -> list[str]:
    """Signs that the trouble was not really made."""
    if name == PARTITION and stored:
        return ["the partition let something through"]
    # A request needs several round trips: TCP, the greeting, TLS, the login, the statement.
    if name.endswith("late") and longest < 4 * DELAY_SECONDS:
        return [f"nothing was late: {longest:.1f} s"]
    # With half of the packets lost nothing may get through; refusing in time is all that is asked then.
    return ["nothing was stored"] if name.endswith("late") and not stored else []


FAULT = Fault(
    "F15",
    f"packets auth to database {DELAY_SECONDS * 1000:.0f} ms late, or 10, 30, 50, 100 % lost, each {SECONDS} s",
    "bounded timeouts, 0 acknowledged writes lost",
    1 + len(LOSSES),
    run,
)
