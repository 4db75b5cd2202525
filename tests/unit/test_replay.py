"""`settle` after a run without checkpoints, with stand-ins for Pulumi and kubectl: what is asked in which order."""

import json
import subprocess
from typing import Any

import pytest

from cli.console import Problem
from cli.stack import journal, repair, state
from tests.unit.test_journal import write
from tests.unit.test_recorded import MARK, PLAN, signed

NAME = "db-credentials-99999999"


class _Stack:
    """A stack whose Pulumi keeps the state in memory, and whose cluster is a list of objects."""

    name = "dev"

    def __init__(self, folder, cluster, fails=()):
        self.files = state.StateFiles(f"file://{folder}", "kubeauth", "dev")
        write(self.files, "before")
        self.deployment = {"manifest": {}, "secrets_providers": {"type": "passphrase"}}
        self.cluster, self.fails, self.asked = cluster, set(fails), []

    def mark(self):
        return MARK

    def ask(self, *command, **_):
        return self.run(*command).stdout

    def run(self, *command, text=None, variables=None, **_):
        what = " ".join(word for word in command[:3] if not word.startswith("-"))
        self.asked.append((what, journal.Journal(self.files).left()))
        said = ""
        if what == "pulumi stack export":
            said = json.dumps({"version": 3, "deployment": self.deployment})
        elif what == "pulumi stack import":
            self.deployment = json.loads(text or "")["deployment"]
        elif what == "pulumi refresh":
            self.refreshed = variables
            self.deployment["secrets_providers"] = {"type": "passphrase"}
        elif command[:2] == ("kubectl", "get"):
            wanted = {item["metadata"]["name"] for item in json.loads(text)["items"]} if text else None
            items = [item for item in self.cluster if wanted is None or item["metadata"]["name"] in wanted]
            said = json.dumps({"kind": "List", "items": items})
        return subprocess.CompletedProcess(command, int(what in self.fails), said, "no answer")


Stack: Any = _Stack


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv(journal.VARIABLE, raising=False)
    monkeypatch.setattr(journal, "FEW", 0)


def killed(folder, cluster, **options):
    made = Stack(folder, cluster, **options)
    assert journal.begin(made, PLAN).variables
    return made


def test_what_was_made_is_in_the_state_and_the_journal_goes_last(tmp_path):
    stack = killed(tmp_path, [signed(NAME, data={"password": "cHc="})])
    assert repair.settle(stack)
    assert [item.get("id", "").startswith("home/") for item in stack.deployment["resources"]] == [
        False,
        False,
        False,
        True,
    ]
    # All was asked while the journal lay there: a kill at any of these begins anew.
    assert stack.asked[-1] == ("pulumi refresh", True)
    assert all(there for _, there in stack.asked)
    assert journal.of(stack) is None
    assert not repair.settle(stack)


@pytest.mark.parametrize("what", ["pulumi refresh", "pulumi stack import", "kubectl get Secret"])
def test_a_repair_that_cannot_find_out_says_so_and_can_be_repeated(tmp_path, what):
    stack = killed(tmp_path, [signed(NAME, data={})], fails={what})
    with pytest.raises(Problem):
        repair.settle(stack)
    assert journal.of(stack)
    stack.fails.clear()
    assert repair.settle(stack)
    assert len(stack.deployment["resources"]) == 4


def test_a_secret_that_cannot_be_read_changes_nothing(tmp_path):
    stack = killed(tmp_path, [signed(NAME)])
    with pytest.raises(Problem, match="a secret of what it made cannot be read"):
        repair.settle(stack)
    assert "pulumi stack import" not in dict(stack.asked)
    assert journal.of(stack)


def test_the_first_state_of_a_stack_is_pulumis_own_so_that_secrets_are_encrypted(tmp_path):
    stack = killed(tmp_path, [signed(NAME, data={"password": "cHc="})])
    stack.deployment = {"manifest": {}}
    repair.settle(stack)
    order = [what for what, _ in stack.asked]
    assert order.index("pulumi refresh") < order.index("pulumi stack import")
    assert stack.deployment["secrets_providers"]


def test_a_refresh_needs_no_checkpoints_unless_they_are_asked_for(tmp_path, monkeypatch):
    stack = Stack(tmp_path, [])
    repair.refresh(stack)
    assert stack.refreshed == {journal.VARIABLE: "true"}
    monkeypatch.setenv(journal.VARIABLE, "false")
    repair.refresh(stack)
    assert stack.refreshed == {}


def test_without_a_journal_and_without_pending_operations_nothing_is_asked(tmp_path):
    stack = Stack(tmp_path, [])
    assert not repair.settle(stack)
    assert stack.asked == []
