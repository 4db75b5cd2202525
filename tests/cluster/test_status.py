"""`kubeauth status` of a system that runs, that somebody broke by hand, and that is well again."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from lab.faults import f11_drift
from lab.faults.bench import Bench

from .conftest import System

pytestmark = pytest.mark.cluster

#: The kubelet tries a pull, and tells of it, within a few seconds.
PATIENCE = 90


def run(system: System, *options: str) -> subprocess.CompletedProcess[str]:
    """What `make status` runs; make itself would turn every exit status into 2."""
    given = ["--context", system.variables["CONTEXT"]] if "CONTEXT" in system.variables else []
    command = [str(system.checkout / ".venv/bin/python"), "-m", "lab", "status", "--stack", "dev"]
    return subprocess.run(
        [*command, "--node", system.node.name, *given, *options],
        cwd=system.checkout,
        env={**os.environ, **system.variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def data(system: System) -> dict[str, Any]:
    done = run(system, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == found["exit"], done.stderr
    return found


def files(system: System) -> dict[str, bytes]:
    """The checkout's own files: state, configuration, the way to the cluster."""
    local: Path = system.checkout / ".kubeauth"
    return {str(path): path.read_bytes() for path in local.rglob("*") if path.is_file()}


def test_a_running_stack_is_well_and_one_that_is_broken_by_hand_names_the_cause(system):
    # Whatever the tests before left in the stack's history.
    assert system.make("up").returncode == 0
    before = files(system)
    found = data(system)
    assert (found["verdict"], found["exit"], found["problems"]) == ("well", 0, []), found
    assert {item["name"]: item["ready"] for item in found["workloads"]} == {
        "mysqlauth-deployment": True,
        "authenticate-deployment": True,
    }
    assert all(pod["node"] and pod["since"] for item in found["workloads"] for pod in item["pods"])
    assert [(item["name"], item["has"]) for item in found["volumes"]] == [("mysqlauth-data", "1Gi")]
    assert found["change"]["result"] == "succeeded"
    assert found["unknown"] == []
    text = run(system).stdout
    assert text.startswith("Stack dev: all is well"), text
    assert system.secret("mysqlPassword") not in text + json.dumps(found)
    assert files(system) == before, "it writes nothing"

    bench = Bench(system.checkout, system.node)
    f11_drift.make(bench, "an image")
    try:
        deadline = time.monotonic() + PATIENCE
        while not (found := data(system))["problems"] or "image" not in found["problems"][0]["what"]:
            assert time.monotonic() < deadline, found
            time.sleep(1)
        assert (found["verdict"], found["exit"]) == ("wrong", 1)
        assert found["problems"][0]["what"] == "image localhost/other:1 cannot be pulled"
        assert "authImage" in found["problems"][0]["fix"]
        done = run(system)
        assert done.returncode == 1
        assert "wrong       image localhost/other:1 cannot be pulled" in done.stdout
    finally:
        f11_drift.up(bench)
    assert data(system)["verdict"] == "well"
