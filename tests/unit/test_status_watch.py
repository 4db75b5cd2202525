"""`kubeauth status` at its end: once or watching, on a terminal and without one."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from cli import main, paths
from cli.clusters import road
from cli.console import Problem
from cli.stack import config
from cli.status import commands, show
from cli.status.model import Problem as Wrong
from cli.status.model import Status, Unknown, Workload

#: Looks that are well, wrong, wrong in the same way, well; then the same for ever.
LOOKS = """
import sys
from datetime import UTC, datetime
from cli import console
from cli.status import commands, show
from cli.status.model import Problem, Status, Workload
commands.EVERY_SECONDS = 0.05
console.call_me_kubeauth()
number = 0
def look():
    global number
    number += 1
    status = Status("dev", "shop", datetime.now(UTC), deployed=True)
    status.workloads = [Workload("shop", "Deployment", "db", True, True, 1, 1)]
    if number in (2, 3):
        status.problems = [Problem("it broke", "seen", "make up STACK=dev")]
    if number == 5:
        print("five looks", file=sys.stderr, flush=True)
    return status
def main():
    sys.exit(commands.watched(look, as_json="json" in sys.argv))
console.run(main)
"""
PYTHON = [sys.executable, "-c", LOOKS]


def interrupted(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Watch without a terminal, and press Ctrl-C after five looks."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*PYTHON, *arguments], cwd=paths.CHECKOUT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "five looks\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_without_a_terminal_there_is_one_line_for_each_change_and_ctrl_c_ends_it_with_130():
    done = interrupted()
    assert (done.returncode, done.stderr) == (130, "")
    lines = [re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", "", line) for line in done.stdout.splitlines()]
    assert lines == ["all is well [db 1/1]", "something is wrong: it broke [db 1/1]", "all is well [db 1/1]"]


def test_json_is_one_object_on_a_line_for_each_change():
    found = [json.loads(line) for line in interrupted("json").stdout.splitlines()]
    assert [one["verdict"] for one in found] == ["well", "wrong", "well"]
    assert found[1]["problems"][0]["fix"] == "kubeauth up --stack dev"


def test_on_a_terminal_one_picture_is_drawn_over_and_taken_away_at_the_end():
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(paths.CHECKOUT)
        os.execve(sys.executable, PYTHON, {**os.environ, "TERM": "xterm"})  # noqa: S606
    shown, until = "", time.monotonic() + 20
    while "five looks" not in shown:
        assert select.select([terminal], [], [], max(0, until - time.monotonic()))[0], shown
        shown += os.read(terminal, 65536).decode(errors="replace")
    os.write(terminal, b"\x03")
    try:
        while True:
            shown += os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        # That end of the terminal is closed.
        pass
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    begin, end = shown.index("\x1b[?1049h"), shown.rindex("\x1b[?1049l")
    assert begin < shown.index("all is well") < shown.index("it broke") < end
    # It is drawn over; a screen that is cleared first would flicker.
    assert not re.search(r"\x1b\[[0-3]?J|\x1b\[[0-2]?K", shown[begin:end])
    assert "Traceback" not in shown


def wrong() -> Status:
    made = Status("dev", "shop", commands.datetime.now(commands.UTC), deployed=True)
    made.workloads = [Workload("shop", "Deployment", "db", True, False, 1, 0)]
    made.problems = [Wrong("it broke", "", "make up STACK=dev")]
    return made


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    for variable in ("KUBECONFIG", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return tmp_path


def typed(*words: str) -> Any:
    return CliRunner().invoke(main.kubeauth, ["status", *words])


def test_the_exit_status_is_the_verdicts(project, monkeypatch):
    monkeypatch.setattr(commands, "looked", lambda *_, **__: wrong())
    said = typed()
    assert said.exit_code == 1
    assert said.output.startswith("Stack dev: something is wrong")
    unknown = wrong()
    unknown.problems, unknown.unknown = [], [Unknown("the cluster", "it does not answer", essential=True)]
    monkeypatch.setattr(commands, "looked", lambda *_, **__: unknown)
    assert typed().exit_code == 3
    assert json.loads(typed("--json").output)["exit"] == 3
    assert typed("--what").exit_code == 2


def test_a_stack_that_was_never_deployed_needs_no_cluster_and_no_program(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(commands.cluster, "find", lambda *_, **__: pytest.fail("nothing is to be asked for"))
    said = typed()
    assert said.exit_code == 1
    assert "Stack dev: nothing is deployed" in said.output
    assert "next        make up STACK=dev" in said.output
    assert not (project / ".kubeauth").exists(), "it writes nothing"


def deployed(project) -> None:
    stacks = project / ".kubeauth/state/.pulumi/stacks/shop"
    stacks.mkdir(parents=True)
    item = {"urn": "u", "type": "kubernetes:apps/v1:Deployment", "id": "shop/db-deployment", "inputs": {}}
    latest = {"manifest": {}, "resources": [item], "pending_operations": [{}]}
    (stacks / "dev.json").write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    (stacks / "dev.pulumi-tags").write_text(json.dumps({"version": 1, "tags": {"kubeauth:cluster": "uid-1 there"}}))
    history = project / ".kubeauth/state/.pulumi/history/shop/dev"
    history.mkdir(parents=True)
    for number, result in ((1, "failed"), (2, "succeeded")):
        told = {"kind": "update", "result": result, "startTime": 1795744672, "endTime": 1795744700}
        (history / f"dev-{number}.history.json").write_text(json.dumps(told))


def test_where_there_is_no_cluster_the_files_of_the_state_say_what_they_know(project, monkeypatch):
    deployed(project)
    tools = commands.Toolchain(project, project / "home")
    monkeypatch.setattr(commands.machine, "this", lambda: SimpleNamespace(toolchain=lambda: tools))
    lost = Problem("there is no cluster", "make up CONTEXT=<a context>")

    def find(*_: Any, **__: Any) -> Any:
        raise lost

    monkeypatch.setattr(commands.cluster, "find", find)
    found = commands.looked("dev", commands.tools(), node="", context="", choice="")
    assert [part.why for part in found.unknown] == ["there is no cluster"]
    assert found.change
    assert (found.change.result, found.change.by) == ("succeeded", (project / "Pulumi.yaml").owner())
    assert found.problems[0].what == "a run was killed: it left its lock, or operations that it did not finish"


@pytest.mark.parametrize(("host", "verdict"), [("elsewhere", "a change by ann@elsewhere"), ("", "a run was killed")])
def test_a_lock_of_another_machine_may_be_a_live_runs_and_one_of_a_dead_process_here_is_not(project, host, verdict):
    deployed(project)
    path = project / ".kubeauth/state/.pulumi/locks/organization/shop/dev/one.json"
    path.parent.mkdir(parents=True)
    lock = {"pid": 2**22, "username": "ann", "hostname": host, "timestamp": "2026-11-27T00:00:00Z"}
    path.write_text(json.dumps(lock))
    found = commands.looked(
        "dev", (commands.Toolchain(project, project), Problem("none")), node="", context="", choice=""
    )
    assert verdict in "\n".join(line.text for line in show.lines(found))


def test_a_state_that_was_lost_is_not_nothing_deployed(project):
    deployed(project)
    (project / ".kubeauth/state/.pulumi/stacks/shop/dev.json").unlink()
    found = commands.looked("dev", (commands.Toolchain(project, project), None), node="", context="", choice="")
    assert (found.verdict, found.deployed) == ("unknown", None)
    assert "the state of stack dev is missing" in found.unknown[0].why


def test_a_machine_without_the_programs_is_told_what_to_install(project, monkeypatch):
    deployed(project)
    monkeypatch.setenv("PATH", "")
    found = commands.looked("dev", commands.tools(), node="", context="", choice="")
    assert "programs are missing on PATH" in found.unknown[0].why
    assert "kubectl" in found.unknown[0].fix


def test_the_way_to_the_cluster_is_a_file_of_its_own_that_goes_again(project):
    way = road.Road(road.CONTEXT, "kind-a", "", "https://127.0.0.1:1", "apiVersion: v1\nkind: Config\n")
    with commands.gather.reached("dev", way, commands.tools()[0]) as stack:
        assert stack.kubeconfig
        assert stack.kubeconfig.read_text() == way.kubeconfig
        assert stack.kubeconfig.stat().st_mode & 0o777 == 0o600
        assert not config.kubeconfig_file("dev").exists(), "another run's file"
    assert not stack.kubeconfig.exists()
    gone = road.Road(road.KIND, "kubeauth-1")
    with pytest.raises(Problem, match="does not exist"), commands.gather.reached("dev", gone, commands.tools()[0]):
        pass
