"""F14: a broken version of the auth service is rolled out: the old one serves on, the good one heals."""

import threading
import time
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .watch import Watch

#: A version whose image is missing, one that ends at once, one that never answers.
VERSIONS = (
    {"authImage": "localhost/authenticate:broken"},
    {"authArgs[0]": "exit 7"},
    {"authArgs[0]": "python -c 'import time; time.sleep(600)'"},
)
#: What status says of each.
NAMED = (
    r"image localhost/authenticate:broken cannot be pulled",
    r"ends again and again, with exit code 7",
    r"does not pass its probe",
)
GOOD = {"authImage": "localhost/authenticate:1.0.0", "authArgs[0]": "python run.py"}


class Client(threading.Thread):
    """Asks all the time whether the Service has a pod that answers, and counts when it has none."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(daemon=True)
        self._bench, self._ended = bench, threading.Event()
        self.asked = 0
        self.failed = 0

    def run(self) -> None:
        """Ask until told to stop."""
        while not self._ended.wait(2):
            served = self._bench.served("authenticate-service")
            self.asked += 1
            self.failed += not served

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self.join()


def run(bench: Bench, count: int, random: Random) -> Result:
    """Roll out a broken version, watch the old one, roll out the good one."""
    result, longest = Result(), 0.0
    for number in range(count):
        version = VERSIONS[number % len(VERSIONS)]
        old = _serving(bench)
        client = Client(bench)
        client.start()
        bench.config(**version)
        with Watch(bench) as watch:
            begun = time.monotonic()
            done = bench.command("up")
            longest = max(longest, time.monotonic() - begun)
            wrong = result.status(", ".join(version.values()), watch.named(NAMED[number % len(NAMED)]))
        client.stop()
        failures = wrong + ([] if done.returncode else ["up did not fail"])
        failures += (
            [] if client.asked and not client.failed else [f"nobody served {client.failed} of {client.asked} times"]
        )
        failures += [] if old <= _serving(bench) else ["the old pods are gone"]
        bench.config(**GOOD)
        healed = bench.command("up")
        failures += [] if healed.returncode == 0 else [f"the good version did not heal: {healed.stdout[-1500:]}"]
        result.add(f"{number + 1} {', '.join(version.values())}", failures + bench.unchanged())
    result.figure = f"`up` failed after {longest:.0f} s at most; the old pods were ready all the time"
    return result


def _serving(bench: Bench) -> set[str]:
    pods = bench.get("pods", "--selector", "name=authenticate-selector")["items"]
    return {
        pod["metadata"]["uid"]
        for pod in pods
        if any(item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions", []))
        and pod["metadata"]["namespace"] == NAMESPACE
    }


FAULT = Fault(
    "F14",
    "rollout of a broken auth version",
    "old pods keep serving, up fails, the good version heals",
    3,
    run,
)
