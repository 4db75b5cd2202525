"""F10: the auth service is there long before its database, and while its database goes away."""

import time
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import AUTH_SELECTOR, delete_pod, ready, until
from .watch import Watch

AWAY_SECONDS = 120
#: The auth service is ready again at most so long after its database.
LIMIT = 5.0


WAYS = ("database away under load", "auth starts first")


def run(bench: Bench, count: int, random: Random) -> Result:
    """Take the database away; start the service without a database."""
    result, delays = Result(), list[float]()
    for name in WAYS[:count]:
        restart = name == "auth starts first"
        with Watch(bench) as watch:
            _scale(bench, 0)
            told = result.status(name, watch.named("mysqlauth-deployment is scaled to 0"))
        if restart:
            delete_pod(bench, selector=AUTH_SELECTOR)
        failures = told + ([] if until(lambda: not ready(bench, AUTH_SELECTOR), 60) else ["readiness does not flip"])
        deadline = time.monotonic() + (AWAY_SECONDS if restart else 20)
        while time.monotonic() < deadline:
            if ready(bench, AUTH_SELECTOR):
                failures.append("ready without a database")
            time.sleep(2)
        _scale(bench, 1)
        failures += [] if until(lambda: bool(ready(bench)), 180) else ["the database does not get ready"]
        begun = time.monotonic()
        failures += [] if until(lambda: bool(ready(bench, AUTH_SELECTOR)), 60) else ["the service does not get ready"]
        delays.append(time.monotonic() - begun)
        failures += [] if not _restarts(bench) else [f"{_restarts(bench)} restarts of the service"]
        said = f"ready {delays[-1]:.1f} s after the database"
        result.add(f"{name}: {said}", failures, [said] if delays[-1] > LIMIT else [])
    result.figure = f"no restarts; ready {max(delays):.1f} s after the database at most"
    return result


def _scale(bench: Bench, replicas: int) -> None:
    bench.run("kubectl", "-n", NAMESPACE, "scale", "deployment/mysqlauth-deployment", f"--replicas={replicas}")


def _restarts(bench: Bench) -> int:
    pods = bench.get("pods", "--selector", AUTH_SELECTOR)["items"]
    return sum(state["restartCount"] for pod in pods for state in pod["status"].get("containerStatuses", []))


FAULT = Fault(
    "F10",
    "auth starts 120 s before the database; the database goes away",
    "no crash loop; readiness flips; ready at most 5 s after the database",
    len(WAYS),
    run,
)
