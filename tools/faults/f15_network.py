"""F15: packets between auth and database are lost, or all of them for a while.

The kernel of the machines that this was written on has no netem, so there is no delay: packets are dropped by the
`statistic` match of iptables, in the network namespace of the node, where forwarded packets pass.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import AUTH_SELECTOR, SELECTOR, pod, ready, until

SECONDS = 30
#: The auth service answers every request within this time, whatever its database does.
LIMIT = 20.0
LOSSES = {"10 % lost": 0.1, "30 % lost": 0.3, "50 % lost": 0.5, "partition": 1.0}
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
def loss(bench: Bench, share: float) -> Iterator[None]:
    """Drop a share of the packets between the two pods, in both directions, while the body runs."""
    addresses = [bench.get("pod", pod(bench, selector))["status"]["podIP"] for selector in (AUTH_SELECTOR, SELECTOR)]
    chance = [] if share == 1 else ["-m", "statistic", "--mode", "random", "--probability", str(share)]
    rules = [["-s", one, "-d", other, *chance, "-j", "DROP"] for one, other in (addresses, addresses[::-1])]
    for rule in rules:
        bench.node.run(["iptables", "-w", "-t", "mangle", "-A", "FORWARD", *rule], check=True)
    try:
        yield
    finally:
        for rule in rules:
            bench.node.run(["iptables", "-w", "-t", "mangle", "-D", "FORWARD", *rule], check=True)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Register users through the auth service under each loss; all that were acknowledged must be there."""
    result, slowest, stored_in_all = Result(), 0.0, 0
    for number in range(1, count + 1):
        for name, share in LOSSES.items():
            prefix = f"f15-{random.getrandbits(32):x}"
            script = _CLIENT.replace("SECONDS", str(SECONDS)).replace("PREFIX", prefix)
            with loss(bench, share):
                said = bench.run(
                    "kubectl", "-n", NAMESPACE, "exec", pod(bench, AUTH_SELECTOR), "--", "python", "-c", script
                )
            stored, failed, longest = json.loads(said)
            slowest, stored_in_all = max(slowest, longest), stored_in_all + len(stored)
            failures = [] if longest <= LIMIT else [f"a request took {longest:.1f} s"]
            failures += [] if share < 1 or not stored else ["the partition let something through"]
            failures += [] if until(lambda: bool(ready(bench, AUTH_SELECTOR)), 60) else ["not ready afterwards"]
            found = set(bench.sql(f"SELECT username FROM users WHERE username LIKE '{prefix}-%'").split())  # noqa: S608
            missing = set(stored) - found
            failures += [f"{len(missing)} of {len(stored)} acknowledged users are lost"] if missing else []
            result.add(f"{number} {name}: {len(stored)} stored, {failed} refused, slowest {longest:.1f} s", failures)
    result.figure = f"all {stored_in_all} acknowledged writes are there; the slowest answer took {slowest:.1f} s"
    return result


FAULT = Fault(
    "F15",
    f"10, 30, 50 and 100 % of the packets between auth and database dropped, {SECONDS} s each (no netem: no delay)",
    "bounded timeouts, 0 acknowledged writes lost",
    1,
    run,
)
