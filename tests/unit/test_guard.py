"""A stack stays in its cluster, and nobody works on what a run elsewhere may be working on."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli import programs
from cli.console import Problem
from cli.stack import config, exclusive, guard
from cli.stack.state import PulumiLock, StateFiles

CLAIM = {"type": "kubernetes:core/v1:PersistentVolumeClaim", "id": "production-cloud/mysqlauth-data", "protect": True}


class Fake:
    """Stands for a stack: answers kubectl and pulumi, remembers the tag."""

    def __init__(self, uid, tag="", resources=(), locks=(), torn=(), fails=()):
        self.name, self.uid, self.tag, self.resources, self.cleared = "dev", uid, tag, list(resources), []
        self.fails = fails
        files = SimpleNamespace(locks=lambda: list(locks), torn=lambda: list(torn), clear=self.cleared.append)
        self.files = files if locks or torn else None

    def identity(self):
        return {"PULUMI_STACK": "no-such-stack", "PULUMI_BACKEND_URL": "file:///nowhere"}

    def ask(self, *command, purpose):
        if self.fails and command[: len(self.fails)] == self.fails:
            raise programs.Failed(f"{purpose} failed")
        if command[:2] == ("kubectl", "get"):
            if not self.uid:
                raise programs.Forbidden("namespaces is forbidden")
            return self.uid
        if command[:4] == ("pulumi", "stack", "tag", "ls"):
            return json.dumps({guard.TAG: self.tag} if self.tag else {})
        if command[:4] == ("pulumi", "stack", "tag", "set"):
            self.tag = command[5]
            return ""
        assert command[:3] == ("pulumi", "stack", "export"), command
        return json.dumps({"deployment": {"resources": self.resources}})


def fake(*given: Any, **options: Any) -> Any:
    return Fake(*given, **options)


def check(stack, place, *, fresh=False):
    """As `make up` does once the user agreed."""
    first = guard.check(stack, place, fresh=fresh)
    if first is not None:
        guard.remember(stack, first)


def test_the_first_cluster_is_remembered():
    stack = fake("uid-1")
    check(stack, "https://one")
    assert stack.tag == "uid-1 https://one"


def test_another_cluster_is_refused_with_both_names_and_the_way_out():
    stack = fake("uid-2", "uid-1 https://one", [CLAIM])
    with pytest.raises(Problem, match="stack dev lives in another cluster: https://one, not https://two") as caught:
        check(stack, "https://two")
    assert "pulumi stack tag rm kubeauth:cluster, then make repair STACK=dev" in caught.value.fix
    assert stack.tag == "uid-1 https://one"


def test_a_stack_without_resources_may_move():
    stack = fake("uid-2", "uid-1 https://one")
    check(stack, "https://two")
    assert stack.tag == "uid-2 https://two"


def test_a_local_node_that_was_reset_is_the_stacks_own():
    stack = fake("uid-2", "uid-1 local node dev", [CLAIM])
    check(stack, "local node dev", fresh=True)
    assert stack.tag == "uid-2 local node dev"


def test_a_new_local_node_does_not_replace_a_real_cluster():
    stack = fake("uid-2", "uid-1 https://one", [CLAIM])
    with pytest.raises(Problem, match="lives in another cluster"):
        check(stack, "local node dev", fresh=True)


def test_who_may_not_ask_is_known_by_the_address(capsys):
    stack = fake("", "uid-1 https://one", [CLAIM])
    check(stack, "https://one")
    assert "the cluster's address has to tell which one it is" in capsys.readouterr().err
    with pytest.raises(Problem, match="lives in another cluster: https://one, not https://two"):
        check(stack, "https://two")
    assert stack.tag == "uid-1 https://one"


@pytest.mark.parametrize(
    "fails", [("kubectl",), ("pulumi", "stack", "tag"), ("pulumi", "stack", "export")], ids=lambda given: given[-1]
)
def test_a_guard_that_cannot_find_out_refuses(fails):
    stack = fake("uid-2", "uid-1 https://one", [CLAIM], fails=fails)
    with pytest.raises(Problem, match="failed"):
        check(stack, "https://two")
    assert stack.tag == "uid-1 https://one"


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_compressed_state_is_read_through_pulumi(tmp_path, ending):
    stack = fake("u", resources=[CLAIM])
    stack.files = StateFiles(f"file://{tmp_path}", "kubeauth", "dev")
    stack.files.path.parent.mkdir(parents=True)
    assert guard.protected(stack) == []
    stack.files.path.with_name(f"dev.json.{ending}").touch()
    assert guard.protected(stack) == [CLAIM["id"]]


def test_a_state_that_cannot_be_read_is_not_taken_for_an_empty_one():
    with pytest.raises(Problem, match="failed"):
        guard.protected(fake("u", resources=[CLAIM], fails=("pulumi",)))


def test_what_is_protected_is_listed_by_its_name_in_the_cluster():
    assert guard.protected(fake("u", resources=[CLAIM, {**CLAIM, "protect": False}])) == [CLAIM["id"]]


def test_what_a_stack_has_is_named_from_its_state_whatever_the_program_is_called():
    made = [
        {"type": "kubernetes:core/v1:Namespace", "id": "shop"},
        {"type": "kubernetes:apps/v1:Deployment", "id": "shop/db-deployment"},
        {"type": "kubernetes:core/v1:Service", "id": "bi/auth-service"},
        {"type": "kubernetes:apps/v1:Deployment", "id": ""},
    ]
    assert guard.named(fake("u", resources=made), "apps/v1:Deployment") == [("shop", "db-deployment")]
    assert guard.named(fake("u", resources=made)) == [("shop", "db-deployment"), ("bi", "auth-service")]


def test_a_program_without_kubeauths_keys_is_left_to_the_preview(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    monkeypatch.setattr(config, "project_file", lambda: tmp_path / "Pulumi.yaml")
    guard.check_volume(fake("u", resources=[CLAIM]))


@pytest.mark.parametrize(
    ("name", "size", "refused"),
    [
        ("mysqlauth", "1Gi", True),
        ("mysqlauth", "2047Mi", True),
        ("mysqlauth", "2Gi", False),
        ("mysqlauth", "3Gi", False),
        ("orders", "1Gi", False),
        ("mysqlauth", "small", False),
    ],
)
def test_a_volume_that_would_shrink_is_refused_before_anything_changes(tmp_path, name, size, refused):
    inputs = {"metadata": {"name": "mysqlauth-data"}, "spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    stack = fake("u", resources=[{**CLAIM, "inputs": inputs}])
    stack.config_file = tmp_path / "Pulumi.dev.yaml"
    stack.config_file.write_text(f"config: {{kubeauth:mysqlName: {name}, kubeauth:mysqlStorageSize: {size}}}")
    if not refused:
        guard.check_volume(stack)
        return
    with pytest.raises(Problem) as caught:
        guard.check_volume(stack)
    assert str(caught.value) == (
        f"mysqlStorageSize = '{size}' is smaller than the volume of stack dev, 2Gi. Nothing was changed.\n"
        "  rule: a volume can grow, not shrink"
    )
    assert caught.value.fix.startswith("pulumi config set mysqlStorageSize 2Gi; ")


def test_a_lock_in_a_bucket_is_named_with_what_to_do():
    said = "error: the stack is currently locked by 1 lock(s).\n  s3://b/x: created by ann@laptop (pid 7) at noonZ"
    with pytest.raises(Problem, match=r"stack qa is locked by ann@laptop \(pid 7, since noonZ\)") as caught:
        exclusive.refuse_lock("qa", said)
    assert "pulumi cancel --yes qa" in caught.value.fix
    exclusive.refuse_lock("qa", "error: something else, created by ann@laptop (pid 7) at noon")


def test_a_lock_of_another_machine_is_not_cleared(tmp_path):
    stack = fake("u", locks=[PulumiLock(tmp_path / "x", 1, "ann", "elsewhere", "2026-11-24T10:00:00Z")])
    with pytest.raises(Problem, match=r"locked by ann@elsewhere \(pid 1, since .*another machine") as caught:
        exclusive.clear(stack)
    assert "pulumi cancel --yes dev" in caught.value.fix
    assert stack.cleared == []


def test_a_dead_runs_lock_is_cleared_with_a_notice(tmp_path, capsys):
    lock = PulumiLock(tmp_path / "x")
    stack = fake("u", locks=[lock])
    assert exclusive.clear(stack)
    assert stack.cleared == [lock]
    assert "A killed run had left its lock" in capsys.readouterr().err
    assert not exclusive.clear(fake("u"))


def test_a_check_sum_that_was_cut_off_is_removed_with_a_notice(tmp_path, capsys):
    beside = tmp_path / "dev.json.attrs"
    beside.write_text("")
    assert exclusive.clear(fake("u", torn=[beside]))
    assert not beside.exists()
    assert "A killed run had left dev.json.attrs, a check sum, half written: removed." in capsys.readouterr().err
