"""The state's files: what counts as whole, what stands in for it, whose lock it is."""

import json
import os
import socket
import subprocess
from datetime import UTC, datetime

import pytest

from cli.console import Problem
from cli.stack import state


def whole(names=("a",)) -> str:
    latest = {"manifest": {"version": "v3"}, "resources": [{"urn": name, "type": "t"} for name in names]}
    return json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": latest}})


@pytest.fixture
def files(tmp_path):
    made = state.StateFiles(f"file://{tmp_path}", "kubeauth", "dev")
    made.path.parent.mkdir(parents=True)
    made.path.write_text(whole())
    return made


def put(files, place, text, age):
    path = {
        "bak": files.path.with_name("dev.json.bak"),
        "backup": files.path.parents[2] / "backups/kubeauth/dev" / f"dev.{1000 - age}.json",
    }[place]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1000 - age, 1000 - age))
    return path


@pytest.mark.parametrize("size", [0, 1, 40, len(whole()) - 1])
def test_a_state_that_was_cut_off_is_damaged(files, size):
    assert not files.damaged()
    files.path.write_text(whole()[:size])
    assert files.damaged()


@pytest.mark.parametrize("garbage", [b"\0" * 4096, os.urandom(4096), b"[]", b"{}", b'{"version": 3}', b"null"])
def test_garbage_is_damaged(files, garbage):
    files.path.write_bytes(garbage)
    assert files.damaged()


def test_a_stack_that_was_never_deployed_is_whole(files):
    files.path.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": None}}))
    assert not files.damaged()


def test_a_lost_state_is_told_from_a_removed_stack(files):
    files.path.unlink()
    assert not files.damaged()
    history = files.path.parents[2] / "history/kubeauth/dev"
    history.mkdir(parents=True)
    (history / "dev-1.history.json").write_text("{}")
    assert files.damaged()


def test_the_newest_whole_backup_is_chosen(files):
    older = put(files, "backup", whole(), age=50)
    put(files, "bak", whole()[:30], age=10)
    assert files.backup() == older
    newer = put(files, "bak", whole(), age=20)
    assert files.backup() == newer


def test_the_refusal_names_the_file_the_backup_and_the_command(files):
    backup = put(files, "bak", whole(), age=10)
    files.path.write_text("{")
    with pytest.raises(Problem, match=r"the state of stack dev is not whole .* Nothing was changed") as caught:
        state.refuse_damage(files, "dev")
    assert str(files.path) in str(caught.value)
    assert f"make repair STACK=dev puts back the backup {backup} of " in caught.value.fix


def test_without_a_backup_the_refusal_says_so(files):
    files.path.write_text("{")
    with pytest.raises(Problem) as caught:
        state.refuse_damage(files, "dev")
    assert "no backup is left" in caught.value.fix


@pytest.mark.parametrize("content", ["", '{"user.cache_control": ""'])
@pytest.mark.parametrize("name", ["stacks/kubeauth/dev.json", "stacks/kubeauth/dev.pulumi-tags", "meta.yaml"])
def test_a_check_sum_that_was_cut_off_is_found_and_refused_with_the_way_back(files, name, content):
    beside = files.path.parents[2] / f"{name}.attrs"
    beside.write_text('{"md5": "x"}')
    assert files.torn() == []
    state.refuse_damage(files, "dev")
    beside.write_text(content)
    assert files.torn() == [beside]
    assert not files.damaged(), "the state is whole, a backup would be older"
    with pytest.raises(Problem) as refused:
        state.refuse_damage(files, "dev")
    assert str(refused.value) == (
        f"a killed run left {beside}, a check sum of the state, half written. Nothing was changed."
    )
    assert refused.value.fix == "make repair STACK=dev"


def test_the_check_sums_of_another_stack_are_not_looked_at(files):
    files.path.with_name("dev.two.json.attrs").write_text("")
    assert files.torn() == []


def test_restoring_keeps_the_damaged_state(files):
    backup = put(files, "bak", whole(["a", "b"]), age=10)
    files.path.write_text("{broken")
    kept = files.restore(backup)
    assert kept.read_text() == "{broken"
    assert not kept.name.endswith(".json"), "Pulumi would list it as a stack"
    assert files.path.read_text() == whole(["a", "b"])


def lock(files, **content):
    given = {"pid": os.getpid(), "username": "me", "hostname": socket.gethostname(), "timestamp": now(), **content}
    folder = files.path.parents[2] / "locks/organization/kubeauth/dev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.json").write_text(json.dumps(given))
    (found,) = files.locks()
    return found


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_lock_is_alive_only_while_its_very_process_runs(files, tmp_path):
    program = tmp_path / "pulumi"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen(["sleep", "60"], executable=program) as process:
        assert lock(files, pid=process.pid).alive()
        # A process with that pid that began after the lock was taken is another one.
        assert not lock(files, pid=process.pid, timestamp="2020-01-01T00:00:00.123456789Z").alive()
        process.kill()
    assert not lock(files, pid=process.pid).alive()
    # A process with that pid that is not Pulumi.
    assert not lock(files, pid=os.getpid()).alive()


def test_a_lock_of_another_machine_is_told_apart(files):
    assert lock(files, hostname="elsewhere").elsewhere()
    assert not lock(files).elsewhere()
    home = socket.gethostname().partition(".")[0]
    assert not lock(files, hostname=f"{home}.another-network.example").elsewhere(), "a Mac that changed networks"


def test_a_lock_that_was_never_written_to_its_end_is_seen_and_cleared(files):
    found = lock(files)
    found.path.write_text('{"pid": 1')
    (broken,) = files.locks()
    assert not broken.elsewhere()
    files.clear(broken)
    assert files.locks() == []
