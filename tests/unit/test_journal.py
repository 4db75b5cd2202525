"""The journal of a run without checkpoints: when there is one, when it goes, and when the engine keeps its own."""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import pytest

from cli.console import Problem
from cli.stack import journal, state
from tests.unit.test_recorded import MARK, PLAN, log

SKIP = {"PULUMI_SKIP_CHECKPOINTS": "true"}


@dataclass
class _Stack:
    files: state.StateFiles | None
    name: str = "dev"

    def mark(self):
        return MARK


#: All that a journal asks of a stack.
Stack: Any = _Stack


def left(stack) -> journal.Journal:
    found = journal.of(stack)
    assert found
    return found


def write(files, time):
    files.path.parent.mkdir(parents=True, exist_ok=True)
    latest = {"manifest": {"time": time}, "resources": []}
    files.path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))


@pytest.fixture
def stack(tmp_path, monkeypatch):
    monkeypatch.delenv(journal.VARIABLE, raising=False)
    monkeypatch.delenv("PULUMI_DIY_BACKEND_GZIP", raising=False)
    monkeypatch.setattr(journal, "FEW", 0)
    made = Stack(state.StateFiles(f"file://{tmp_path}", "kubeauth", "dev"))
    write(made.files, "before")
    return made


def test_the_plan_is_on_the_disk_before_the_run_and_only_its_owner_reads_it(stack):
    kept = journal.begin(stack, PLAN)
    assert kept.variables == SKIP
    there = left(stack)
    assert there.read() == (PLAN, [])
    assert kept.log == there.events
    assert {path.stat().st_mode & 0o777 for path in there.files.journal.iterdir()} == {0o600}
    assert there.files.journal.stat().st_mode & 0o777 == 0o700


def test_events_are_read_up_to_where_a_kill_cut_them_off(stack):
    journal.begin(stack, PLAN)
    line = log(("create", PLAN[3].resource))[0]
    left(stack).events.write_text(f"{line}\n{line[:50]}")
    assert [step.op for step in left(stack).read()[1]] == ["create"]


def test_a_run_of_another_machine_that_has_no_lock_yet_is_not_taken_for_a_killed_one(stack, monkeypatch):
    with monkeypatch.context() as there:
        there.setattr(journal.socket, "gethostname", lambda: "elsewhere.example")
        journal.begin(stack, PLAN)
    with pytest.raises(Problem, match=r"elsewhere\.example, another machine, began or ended a run") as caught:
        left(stack).read()
    assert "wait until it ends there" in caught.value.fix
    earlier = time.time() - journal.UNLOCKED_SECONDS - 5
    for path in stack.files.journal.iterdir():
        os.utime(path, (earlier, earlier))
    assert left(stack).read() == (PLAN, [])
    # What looked at the clock left nothing behind.
    assert {path.name for path in stack.files.journal.iterdir()} == {"plan.json", "events"}


def test_it_goes_when_the_state_was_written_since(stack):
    kept = journal.begin(stack, PLAN)
    left(stack).events.write_text("event")
    write(stack.files, "after")
    kept.ended(1)
    assert journal.of(stack) is None


@pytest.mark.parametrize("status", [0, 1, 255])
def test_it_stays_when_the_state_was_not_written(stack, status):
    kept = journal.begin(stack, PLAN)
    left(stack).events.write_text("event")
    kept.ended(status)
    assert journal.of(stack)


def test_it_stays_when_the_state_is_not_whole(stack):
    kept = journal.begin(stack, PLAN)
    left(stack).events.write_text("event")
    stack.files.path.write_text('{"version": 3, "checkp')
    kept.ended(0)
    assert journal.of(stack)


def test_it_stays_after_a_kill_whatever_the_state_says(stack):
    kept = journal.begin(stack, PLAN)
    write(stack.files, "after")
    kept.ended(-9)
    assert journal.of(stack)


def test_it_goes_when_pulumi_refused_before_it_began(stack):
    # For example because of a lock.
    journal.begin(stack, PLAN).ended(255)
    assert journal.of(stack) is None


def test_it_lies_beside_the_state_for_whoever_shares_that(stack, tmp_path):
    journal.begin(stack, PLAN)
    assert journal.of(Stack(state.StateFiles(f"file://{tmp_path}", "kubeauth", "dev")))
    assert not journal.of(Stack(state.StateFiles(f"file://{tmp_path}", "kubeauth", "prod")))


def test_a_journal_that_cannot_be_read_is_a_refusal_and_stays(stack):
    journal.begin(stack, PLAN)
    (stack.files.journal / "plan.json").write_text('[{"op')
    with pytest.raises(Problem, match="its journal cannot be read"):
        left(stack).read()
    assert journal.of(stack)


def refused(stack, planned=PLAN):
    kept = journal.begin(stack, planned)
    assert (kept.variables, kept.log, journal.of(stack)) == ({}, None, None)
    kept.ended(0)


def test_a_state_that_is_not_in_files_keeps_its_checkpoints():
    refused(Stack(None))


def test_a_change_of_few_objects_keeps_its_checkpoints_unless_the_user_wants_none(stack, monkeypatch):
    objects = sum(step.custom and not step.provider for step in PLAN)
    monkeypatch.setattr(journal, "FEW", objects + 1)
    refused(stack)
    monkeypatch.setenv(journal.VARIABLE, "true")
    assert journal.begin(stack, PLAN).variables == SKIP
    left(stack).drop()
    monkeypatch.delenv(journal.VARIABLE)
    monkeypatch.setattr(journal, "FEW", objects)
    assert journal.begin(stack, PLAN).variables == SKIP


def test_a_compressed_state_keeps_its_checkpoints(stack, monkeypatch):
    monkeypatch.setenv("PULUMI_DIY_BACKEND_GZIP", "true")
    refused(stack)
    monkeypatch.delenv("PULUMI_DIY_BACKEND_GZIP")
    stack.files.path.rename(stack.files.path.with_name("dev.json.gz"))
    refused(stack)


def test_what_could_not_be_found_again_keeps_its_checkpoints(stack):
    foreign = {"urn": "urn:x::random:index/randomId:RandomId::x", "type": "random:index/randomId:RandomId"}
    refused(stack, [*PLAN, *journal.recorded.steps(log(("create", {**foreign, "custom": True, "inputs": {}})))])


@pytest.mark.parametrize("value", ["false", "0", "False", "no"])
def test_who_asks_for_checkpoints_gets_them(stack, monkeypatch, value):
    monkeypatch.setenv(journal.VARIABLE, value)
    refused(stack)


def test_a_journal_that_nobody_read_is_never_written_over(stack):
    journal.begin(stack, PLAN)
    second = journal.begin(stack, [])
    assert second.variables == {}
    assert left(stack).read()[0] == PLAN


def test_a_preview_says_that_it_cannot_know_what_a_killed_run_made(stack):
    assert journal.notice(stack) == ""
    journal.begin(stack, PLAN)
    assert "make repair STACK=dev" in journal.notice(stack)


def test_a_disk_without_room_keeps_its_checkpoints(stack):
    stack.files.journal.parent.parent.mkdir()
    stack.files.journal.parent.write_text("in the way")
    kept = journal.begin(stack, PLAN)
    assert (kept.variables, journal.of(stack)) == ({}, None)


def test_a_destroy_knows_from_the_state_what_it_removes(stack):
    resources = [{**PLAN[3].resource, "outputs": {"a": 1}}, {"urn": "urn:x::t::c", "type": "t"}]
    latest = {"manifest": {"time": "before"}, "resources": resources}
    stack.files.path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    planned = journal.removals(stack.files)
    assert [(step.op, step.urn) for step in planned] == [("delete", PLAN[3].urn), ("delete", "urn:x::t::c")]
    assert journal.begin(stack, planned).variables == SKIP


def test_no_folder_of_a_journal_stays_behind(stack, tmp_path):
    journal.begin(stack, PLAN)
    left(stack).drop()
    assert [path.name for path in tmp_path.iterdir()] == [".pulumi"]
