"""The fault bench's own book-keeping: nothing is counted as survived that was not, nothing short is hidden."""

import json
import subprocess
from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from cli import paths
from cli.console import Problem
from lab.faults import Result, f22_several, mutations, registry, report, watch
from lab.faults.f01_killed import plan
from lab.faults.writer import Writer


def test_several_servers_are_broken_in_each_way_and_in_its_share():
    ways = Counter(f22_several.plan(80, Random("seed")))
    assert ways == {way: share for way, (_, share) in f22_several.WAYS.items()}
    assert set(f22_several.plan(11, Random("seed"))) == set(f22_several.WAYS)


def test_the_kills_are_shared_out_as_the_specification_says():
    of_each = Counter(plan(100, Random("seed")))
    assert of_each == {"up": 50, "create": 20, "refresh": 10, "destroy": 20}
    assert of_each["up"] + of_each["create"] == 70
    assert plan(100, Random("seed")) == plan(100, Random("seed"))


def test_a_creation_follows_each_destroy():
    kinds = plan(100, Random("seed"))
    assert [kinds[index + 1] for index, kind in enumerate(kinds) if kind == "destroy"] == ["create"] * 20


def test_a_short_version_has_every_kind():
    assert set(plan(5, Random("seed"))) == {"up", "create", "refresh", "destroy"}


def test_what_failed_is_counted_and_told():
    result = Result()
    result.add("one", [])
    result.add("two", ["the data changed"])
    assert (result.count, result.survived, result.failures) == (2, 1, ["two: the data changed"])


def test_what_took_too_long_survived_and_is_told():
    result = Result()
    result.add("one", [], ["it took 104 s"])
    assert (result.count, result.survived, result.failures, result.late) == (1, 1, [], ["one: it took 104 s"])
    assert not result.well


def test_writes_that_go_on_too_late_are_late_and_not_lost():
    result = Result()
    result.add("one", [])
    stand_in: Any = SimpleNamespace(acknowledged=[1, 2])
    Writer.judge(stand_in, result, {"kill": [12.0], "all": []}, {"kill": 10, "all": 90})
    assert (result.survived, result.failures, result.late) == (1, [], ["kill: p95 12.0 s, the goal is 10 s"])
    assert result.figure.startswith("0 acknowledged writes lost of 2")


def test_every_fault_has_a_goal_and_its_own_number():
    for name, fault in registry().items():
        assert name == fault.id
        assert fault.goal
        assert fault.count > 0


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path / "reliability.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "reliability.md")
    return tmp_path


def outcome(**given):
    base = {"id": "F3", "title": "t", "goal": "g", "wanted": 20, "count": 20, "survived": 20, "figure": "f"}
    return {**base, "failures": [], "seed": 1, "date": "2026-11-24", **given}


def test_the_page_has_the_newest_result_of_each_fault_in_order(files):
    report.record(outcome(survived=3))
    report.record(outcome(id="F12", wanted=6, count=6, survived=6))
    report.record(outcome())
    page = (files / "reliability.md").read_text()
    assert "| F3 | t | 20/20 | g | f |\n| F12 | t | 6/6 | g | f |\n" in page
    assert set(json.loads((files / "reliability.json").read_text())) == {"F3", "F12"}


def test_the_page_shows_what_fell_short_and_what_was_counted_less(files):
    report.record(outcome(survived=19, failures=["round 4: 2 winners"]))
    report.record(outcome(id="F1", wanted=100, count=40, survived=40))
    page = (files / "reliability.md").read_text()
    assert "| 19/20 **(short)** |" in page
    assert "- F3 round 4: 2 winners" in page
    assert "| 40/40 **(fewer than the goal asks for)** |" in page


def test_the_page_shows_what_came_late(files):
    report.record(outcome(late=["round 4: it took 104 s"]))
    page = report.PAGE.read_text()
    assert "| 20/20 **(late)** |" in page
    assert "- F3 round 4: it took 104 s" in page


def test_the_page_shows_each_protection_and_the_bench_red_without_it():
    rows = mutations.recorded(mutations.PAGE.read_text(encoding="utf-8"))
    assert list(rows) == [mutation.protects for mutation in mutations.MUTATIONS]
    assert [protects for protects, row in rows.items() if "| red: " not in row] == []


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.protects)
def test_each_protection_that_is_broken_on_purpose_stands_where_the_list_says(mutation):
    text = (paths.CHECKOUT / mutation.file).read_text()
    without = mutation.mutated(text)
    assert without != text
    if mutation.file.endswith(".py"):
        compile(without, mutation.file, "exec")
    else:
        subprocess.run(["sh", "-n"], input=without, text=True, check=True)
    assert mutation.fault in registry()


def test_a_protection_that_moved_is_told():
    with pytest.raises(Problem, match="does not have once what protects"):
        mutations.MUTATIONS[0].mutated("nothing")


def test_an_expression_is_found_by_its_syntax_and_what_is_round_it_stays():
    mutation = mutations.Mutation("x", "x.py", "f(a, b=1)", "g()", "F1", 1)
    assert (
        mutation.mutated('é = "f(a, b=1)"; y = [f(\n    a,  # c\n    b=1,\n), 2]\n')
        == 'é = "f(a, b=1)"; y = [g(), 2]\n'
    )
    with pytest.raises(Problem):
        mutation.mutated("f(a, b=1); f(a, b=1)")


def told(
    case: str = "image missing", said: str = "image x cannot be pulled", seconds: float | None = 4.2
) -> dict[str, Any]:
    return {"case": case, "said": said, "seconds": seconds}


def test_what_status_said_is_on_the_page_with_the_slowest_of_each_case(files):
    report.record(outcome(told=[told(), told(seconds=9.0), told("quota", "a|b", 3.0)]))
    page = report.PAGE.read_text()
    assert "| F3 | image missing | image x cannot be pulled | 9 s |" in page
    assert "| F3 | quota | a\\|b | 3 s |" in page
    assert "4 s" not in page


def test_a_fault_that_status_never_named_is_told_before_all_that_it_did(files):
    report.record(outcome(told=[told(seconds=99.0), told(said="all else", seconds=None), told(seconds=3.0)]))
    assert "| F3 | image missing | all else | **not named** |" in report.PAGE.read_text()


def test_a_status_that_does_not_name_a_fault_is_a_failure_of_the_fault():
    result = Result()
    assert result.status("quota", watch.Named("x", None)) == ["status does not name it, but says: x"]
    assert result.status("quota", watch.Named("quota is used up", 3.0)) == []
    assert [item["seconds"] for item in result.told] == [None, 3.0]


def test_what_a_status_says_is_its_problems_and_what_is_not_known():
    status = {
        "problems": [{"what": "a", "seen": "b", "fix": "c"}, {"what": "d", "seen": "", "fix": ""}],
        "unknown": [{"what": "the cluster", "why": "it does not answer", "fix": ""}],
    }
    assert watch.statements(json.dumps(status)) == ["a\nb", "d", "the cluster: it does not answer"]
    assert watch.statements("Stack dev goes to local node x (NODE).") == []
