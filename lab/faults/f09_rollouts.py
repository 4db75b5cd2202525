"""F9: rollouts that cannot succeed end soon, and the last lines say why."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .sabotage import Way, changed, configured
from .watch import Watch

LIMIT, LINES = 90, 20
DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
_CONTAINER = "container = props['spec']['template']['spec']['containers'][0]"
_RESTART = "props['spec']['template']['metadata']['annotations'] = {'bench': 'restart'}"


@dataclass(frozen=True)
class Broken:
    """One way to break a rollout, and what its last lines have to name."""

    name: str
    make: Way
    named: str
    deployed: bool = True
    """Whether anything of it gets as far as the cluster, where status could see it. Default: true."""


def _program(type_: str, name: str, *statements: str) -> Way:
    """Another program."""

    def make(bench: Bench) -> Iterator[None]:
        with changed(bench, type_, name, *statements):
            yield

    return make


def _quota(bench: Bench) -> Iterator[None]:
    bench.run("kubectl", "-n", NAMESPACE, "create", "quota", "bench", "--hard=pods=1")
    with changed(bench, DEPLOYMENT, "authenticate-deployment", _RESTART):
        yield
    bench.run("kubectl", "-n", NAMESPACE, "delete", "quota", "bench")


def _dns(bench: Bench) -> Iterator[None]:
    # Between pods and DNS server: one that is stopped would be started again by `make up`.
    rules = [["PREROUTING", "-p", protocol, "--dport", "53", "-j", "DROP"] for protocol in ("udp", "tcp")]
    for rule in rules:
        bench.node.run(["iptables", "-t", "raw", "-I", *rule], check=True)
    with changed(bench, DEPLOYMENT, "authenticate-deployment", _RESTART):
        yield
    for rule in rules:
        bench.node.run(["iptables", "-t", "raw", "-D", *rule], check=True)


WAYS = (
    Broken("image missing", configured(authImage="localhost/nothing:1"), r"image localhost/nothing:1 cannot be pulled"),
    Broken(
        "Pod Security refusal",
        _program(
            DEPLOYMENT,
            "authenticate-deployment",
            _CONTAINER,
            "container['securityContext']['allowPrivilegeEscalation'] = True",
        ),
        r"Pod Security.*(\n.*)?allowPrivilegeEscalation",
        # A policy refuses it first.
        deployed=False,
    ),
    Broken("quota", _quota, r"quota is used up(\n.*)?exceeded quota: bench"),
    Broken(
        "OOM",
        _program(
            DEPLOYMENT,
            "authenticate-deployment",
            _CONTAINER,
            "container['args'] = ['python -c \"import time; time.sleep(1); b\\'x\\' * 10**9\"']",
        ),
        r"more memory than its limit of 256Mi.*OOMKilled",
    ),
    Broken(
        "probe failing",
        configured(**{"authArgs[0]": "python -c 'import time; time.sleep(600)'"}),
        r"does not pass its probe(\n.*)?Startup probe failed",
    ),
    Broken(
        "wrong selector",
        _program(SERVICE, "mysqlauth-service", "props['spec']['selector'] = {'name': 'nobody'}"),
        r"Service mysqlauth-service selects no pod",
    ),
    Broken("DNS down", _dns, r"names do not resolve.*DNS"),
    Broken(
        "claim pending",
        configured(mysqlName="second", mysqlNodePort="0", mysqlStorageClass="nothing"),
        r'volume claim second-data gets no volume from storage class nothing(\n.*)?"nothing" not found',
    ),
)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Break each rollout, read the last lines, put it right."""
    result, seconds = Result(), list[float]()
    for broken in WAYS[:count]:
        failures: list[str] = []
        with contextmanager(broken.make)(bench), Watch(bench) as watch:
            begun = time.monotonic()
            done = bench.command("up")
            seconds.append(time.monotonic() - begun)
            if broken.deployed:
                failures += result.status(broken.name, watch.named(broken.named))
        last = "\n".join(done.stdout.rstrip().splitlines()[-LINES:])
        failures += [] if done.returncode else ["up did not fail"]
        failures += [] if re.search(broken.named, last) else [f"the last {LINES} lines do not name it:\n{last}"]
        healed = bench.command("up")
        failures += [] if healed.returncode == 0 else [f"not healed by the next up: {healed.stdout[-1500:]}"]
        failures += bench.unchanged() + bench.disorder()
        late = [f"it took {seconds[-1]:.0f} s"] if seconds[-1] > LIMIT else []
        result.add(f"{broken.name} ({seconds[-1]:.0f} s)", failures, late)
    result.figure = f"longest {max(seconds):.0f} s, cause in the last {LINES} lines"
    result.leave(bench)
    return result


FAULT = Fault(
    "F9",
    "rollouts that cannot succeed: image, Pod Security, quota, OOM, probe, selector, DNS, claim",
    "8/8 end in 90 s at most with the cause in the last 20 lines",
    8,
    run,
)
