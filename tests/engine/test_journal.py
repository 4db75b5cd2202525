"""The journal with the real engine: what its logs say of a run that is killed, and a state made from them again.

A folder of manifests plays the cluster: it has what was made, and nobody's state.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from cli import paths
from cli.stack import Stack, change, journal, policy, processes, recorded, repair
from tests.unit.test_recorded import replayed, signed

pytestmark = pytest.mark.engine

CANARIES = {"mysqlPassword": "canary-of-the-user-4711", "mysqlRootPassword": "canary-of-root-4712"}
MARK = "organization/kubeauth/dev"


@pytest.fixture
def offline(stack: Callable[[str], Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    made = stack("dev")
    for key, value in CANARIES.items():
        made.ask("pulumi", "config", "set", "--secret", key, value, purpose="set a password")
    with made.offline(tmp_path / "out") as variables:
        exports = {**made.exports(), **variables}
        monkeypatch.setattr(made, "exports", lambda: exports)
        # The state's files are beside each other only where both are asked for in the same place.
        monkeypatch.setenv("PULUMI_BACKEND_URL", variables["PULUMI_BACKEND_URL"])
        monkeypatch.delenv(journal.VARIABLE, raising=False)
        monkeypatch.setattr(journal, "FEW", 0)
        yield made


def cluster(folder: Path):
    """The manifests as a cluster would have them: with what the provider signs."""
    found = {}
    for path in folder.rglob("*.yaml"):
        item = yaml.safe_load(path.read_text())
        ref = recorded.ref_of(item)
        owner = signed("x")["metadata"]["managedFields"]
        item["metadata"] |= {"managedFields": owner, "creationTimestamp": "2026-11-27T10:00:00Z"}
        found[ref] = item
    return found


def planned(made: Stack, tmp_path: Path):
    plan = tmp_path / "plan"
    assert (
        change._run(made, os.open(os.devnull, os.O_RDONLY), ["preview", *policy.options("dev")], journal.Kept(plan))
        is None
    )
    return recorded.steps(plan.read_text().splitlines())


def killed(made: Stack, kept: journal.Kept, objects: int) -> None:
    """Kill `up` after some objects."""
    command = ["pulumi", "up", "--yes", "--skip-preview", *policy.options("dev"), "--event-log", str(kept.log)]
    run = {processes.RUN: f"{os.getpid()}.journal"}
    env = {**os.environ, **made.exports(), "PULUMI_DEBUG_COMMANDS": "true", **run, **kept.variables}
    with subprocess.Popen(command, cwd=paths.CHECKOUT, env=env, stdout=subprocess.DEVNULL, process_group=0) as process:
        while process.poll() is None:
            if kept.log and kept.log.read_text().count('"resOutputsEvent"') >= objects:
                break
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # Its plugins have groups of their own, and would stay.
    processes.end(processes.orphans(run))


def names(resources):
    return {item["urn"].rpartition("::")[2] for item in resources if item["type"].startswith("kubernetes:")}


def test_a_killed_run_is_in_plan_and_events_and_its_state_is_made_from_them(offline, tmp_path, capfd):
    plan = planned(offline, tmp_path)
    assert [why for step in plan if (why := recorded.unrecognizable(step, MARK))] == []
    kept = journal.begin(offline, plan)
    assert kept.variables
    killed(offline, kept, 9)
    left = journal.of(offline)
    assert left
    written = "".join(path.read_text() for path in left.files.journal.iterdir())
    assert [secret for secret in CANARIES.values() if secret in written] == []
    before = repair.export(offline)
    assert before["deployment"].get("resources") in (None, [])
    there = cluster(tmp_path / "out")
    assert there
    for path in left.files.path.parents[2].glob("locks/*/*/*/*"):
        path.unlink()
    # Writes how the secrets of this stack are encrypted, as cli/stack/repair.py has it done.
    repair.refresh(offline)
    before = repair.export(offline)
    outcome = replayed(before["deployment"], *left.read(), there)
    for item in outcome.deployment["resources"]:
        if item["type"].startswith("kubernetes:"):
            # A refresh brings this from a cluster; a folder is not read.
            item["outputs"] |= {"__inputs": item["inputs"], "__initialApiVersion": item["inputs"]["apiVersion"]}
    repair.write(offline, {**before, "deployment": outcome.deployment})
    left.drop()
    made = repair.export(offline)["deployment"]["resources"]
    assert len(names(made)) == len(there)
    assert [secret for secret in CANARIES.values() if secret in json.dumps(made)] == []
    # What is there stays; only the rest is to be made.
    steps = repair.preview(offline)
    assert {step["op"] for step in steps if step["urn"].rpartition("::")[2] in names(made)} <= {"update"}
    assert (
        change._run(
            offline, os.open(os.devnull, os.O_RDONLY), ["up", "--yes", "--skip-preview", *policy.options("dev")]
        )
        is None
    )
    assert repair.preview(offline) == []
    assert len(names(repair.export(offline)["deployment"]["resources"])) == 12


def test_a_run_that_came_to_its_end_leaves_no_journal(offline, tmp_path, capfd):
    kept = journal.begin(offline, planned(offline, tmp_path))
    lock = os.open(os.devnull, os.O_RDONLY)
    assert change._run(offline, lock, ["up", "--yes", "--skip-preview", *policy.options("dev")], kept) is None
    assert journal.of(offline) is None
    assert len(names(repair.export(offline)["deployment"]["resources"])) == 12
