"""`kubeauth status` of a system that runs, that somebody broke by hand, and that is well again."""

import json
import os
import stat
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


def run(system: System, *options: str, verb: str = "status", seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """What `make status` runs; make itself would turn every exit status into 2."""
    given = ["--context", system.variables["CONTEXT"]] if "CONTEXT" in system.variables else []
    command = [str(system.checkout / ".venv/bin/python"), "-m", "lab", verb, "--stack", "dev"]
    return subprocess.run(
        [*command, "--node", system.node.name, *given, *options],
        cwd=system.checkout,
        env={**os.environ, **system.variables},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def report(system: System, out: Path) -> tuple[int, str]:
    """The exit status of `kubeauth report`, and its page."""
    done = run(system, "--out", str(out), verb="report", seconds=180)
    assert out.exists(), done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    return done.returncode, out.read_text()


def data(system: System) -> dict[str, Any]:
    done = run(system, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == found["exit"], done.stderr
    return found


def files(system: System) -> dict[str, bytes]:
    """The checkout's own files: state, configuration, the way to the cluster."""
    local: Path = system.checkout / ".kubeauth"
    return {str(path): path.read_bytes() for path in local.rglob("*") if path.is_file()}


def test_a_running_stack_is_well_and_one_that_is_broken_by_hand_names_the_cause(system, tmp_path):
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
        status, page = report(system, tmp_path / "report.html")
        assert status == 1
        assert "image localhost/other:1 cannot be pulled" in page
        assert "authenticate-deployment was changed" in page, "drift"
        assert "Service mysqlauth-service in namespace production-cloud (ready) has pod mysqlauth-deployment-" in page
        assert "the data is in volume claim mysqlauth-data (Bound)" in page
        assert system.secret("mysqlPassword") not in page
    finally:
        f11_drift.up(bench)
    assert data(system)["verdict"] == "well"
