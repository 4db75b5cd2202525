"""`kubeauth reshard`: it goes on from wherever it was, refuses what shards cannot hold, and says what to type next."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from cli import programs
from cli.console import Problem
from cli.stack import reshard, vitess
from cli.stack.reshard import Reshard
from cli.stack.vitess import Division
from components.mysql_cluster import shards

PODS = {"0": "orders-tablet", "-80": "orders-shard-x-80", "80-": "orders-shard-80-x"}
STREAM = {"streams": [{"status": "Running", "info": ""}]}


class Vitess:
    """Stands for the topology and its client."""

    def __init__(self) -> None:
        self.serving, self.workflows = {"0"}, list[str]()
        self.asked = list[str]()
        self.unfit = list[str]()
        self.mismatch = False
        self.status: list[dict[str, Any]] = [
            {"table_copy_state": {"users": {"rows_percentage": 40}}, "shard_streams": {"a": STREAM}},
            {"table_copy_state": {}, "shard_streams": {"a": STREAM}},
        ]
        self.refusals = list[str]()

    def json(self, what: str, *arguments: str) -> Any:
        if what == "FindAllShardsInKeyspace":
            return {"shards": {name: {"shard": {"is_primary_serving": name in self.serving}} for name in PODS}}
        if what == "GetShard":
            return {"shard": {"primary_alias": {"cell": "zone1", "uid": 201}}}
        assert (what, arguments[-1]) == ("Workflow", "list")
        return self.workflows

    def ask(self, *arguments: str) -> str:
        self.asked.append(" ".join(arguments[:1]))
        return ""

    def sql(self, pod: str, statement: str) -> list[str]:
        assert pod == "orders-tablet-1"
        assert "'username'" in statement
        return self.unfit

    def move(self, kind: str, action: str, *arguments: str, seconds: float = 0) -> str:
        if action not in ("status", "show"):
            self.asked.append(f"{kind} {action}")
        if action == "create" and self.refusals:
            raise programs.Failed(self.refusals.pop())
        if action == "create" and kind == "Reshard":
            self.workflows = ["reshard"]
        if action == "status":
            return json.dumps(self.status.pop(0) if len(self.status) > 1 else self.status[0])
        if action == "show":
            return json.dumps({"State": "completed", "HasMismatch": self.mismatch, "RowsCompared": 7})
        if action == "SwitchTraffic":
            self.serving = {"-80", "80-"}
        if action == "ReverseTraffic":
            self.serving = {"0"}
        if action in ("complete", "cancel"):
            self.workflows = []
        return "done"


@pytest.fixture
def world(monkeypatch):
    found = Vitess()
    text = shards.vschema({"users": "username"})
    division = Division("shop", "orders", "admin", ("0",), ("-80", "80-"), PODS, text)
    monkeypatch.setattr(reshard.Division, "read", lambda *_: division)
    monkeypatch.setattr(reshard, "Client", lambda *_: found)
    monkeypatch.setattr(reshard.time, "sleep", lambda _: None)
    return found


def run(**given: bool) -> None:
    stack: Any = SimpleNamespace(name="dev")
    Reshard(stack).run(**given)


def test_rows_are_copied_compared_and_switched_in_this_order(world, capfd):
    run()
    assert world.asked == ["ApplyVSchema", "Reshard create", "VDiff create", "Reshard SwitchTraffic"]
    said = capfd.readouterr().err
    assert "users 40 %" in said
    assert "7 rows are the same" in said
    assert "make reshard STACK=dev BACK=1" in said
    assert "make reshard STACK=dev COMPLETE=1" in said


def test_a_new_primary_that_does_not_copy_yet_is_asked_again(world):
    world.refusals = ["vreplication engine is closed"] * 2
    run()
    assert world.serving == {"-80", "80-"}


def test_what_was_begun_is_gone_on_with(world):
    world.workflows = ["reshard"]
    run()
    assert world.asked == ["VDiff create", "Reshard SwitchTraffic"]


def test_what_was_switched_is_not_switched_again(world, capfd):
    world.workflows, world.serving = ["reshard", "reshard_reverse"], {"-80", "80-"}
    run()
    assert world.asked == []
    assert "COMPLETE=1" in capfd.readouterr().err


def test_what_shards_cannot_hold_is_refused_by_name_and_nothing_is_changed(world):
    world.unfit = ["table counted has AUTO_INCREMENT: each shard would count for itself"]
    with pytest.raises(Problem, match=r"counted has AUTO_INCREMENT.*Nothing was changed"):
        run()
    assert world.asked == []


def test_copies_that_are_not_the_same_are_never_served(world):
    world.mismatch = True
    with pytest.raises(Problem, match="not the same; the old shards serve on"):
        run()
    assert world.serving == {"0"}


def test_a_copy_that_stopped_says_why(world):
    world.status = [{"shard_streams": {"a": {"streams": [{"status": "Error", "info": "Duplicate entry"}]}}}]
    with pytest.raises(Problem, match="the copy stopped: Duplicate entry") as caught:
        run()
    assert "BACK=1" in caught.value.fix


def test_the_way_back_takes_all_along_and_removes_the_copies(world, capfd):
    run()
    world.asked.clear()
    run(back=True)
    assert world.asked == ["Reshard ReverseTraffic", "Reshard cancel", "ApplyVSchema"]
    assert world.serving == {"0"}
    assert "pulumi config rm mysqlReshardTo" in capfd.readouterr().err


def test_the_way_back_before_the_switch_only_removes_the_copies(world):
    world.workflows = ["reshard"]
    run(back=True)
    assert world.asked == ["Reshard cancel", "ApplyVSchema"]


def test_nothing_is_completed_before_it_was_switched(world):
    world.workflows = ["reshard"]
    with pytest.raises(Problem, match="rows are served by shard 0: nothing was switched yet"):
        run(complete=True)
    assert world.asked == []


def test_after_completing_there_is_no_way_back(world, capfd):
    run()
    run(complete=True)
    assert "pulumi config set mysqlShards 2" in capfd.readouterr().err
    with pytest.raises(Problem, match="was completed: there is no way back"):
        run(back=True)
    run(complete=True)
    assert world.asked.count("Reshard complete") == 1


def test_both_at_once_are_refused(world):
    with pytest.raises(Problem, match="opposites"):
        run(back=True, complete=True)


def state(*names: str) -> list[dict[str, Any]]:
    labels = {"metadata": {"labels": {"app.kubernetes.io/part-of": "kubeauth"}}}
    return [{"type": "kubernetes:core/v1:ConfigMap", "id": name, "inputs": labels} for name in names]


@pytest.mark.parametrize(
    ("there", "database", "fix"),
    [
        ([], "", "mysqlReshardTo"),
        (["shop/a-shards", "shop/b-shards"], "", "--database"),
        (["shop/a-shards"], "c", "--database"),
    ],
)
def test_which_database_is_meant_has_to_be_plain(monkeypatch, there, database, fix):
    monkeypatch.setattr(vitess.guard, "resources", lambda _: state(*there, "shop/other"))
    stack: Any = SimpleNamespace(name="dev")
    with pytest.raises(Problem) as caught:
        Division.read(stack, database)
    assert fix in caught.value.fix


def test_the_reason_of_vitess_is_said_and_not_its_log():
    log = '{"level":"INFO","msg":"a"}\n{"level":"ERROR","msg":"no\\n  tablets"}\ncommand terminated with exit code 1'
    assert vitess.reason(log) == "no tablets"
    assert vitess.reason("error: pods not found") == ""
