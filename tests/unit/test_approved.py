"""What was reviewed is what is deployed: two previews compared, and in what they differ."""

import json
from typing import Any

import pytest

from cli.console import Problem
from cli.preview import approved, commands
from cli.preview.model import SECRET, Change, Preview
from cli.preview.report import Report


def change(op: str, name: str, before: Any = None, after: Any = None) -> Change:
    return Change(op, f"urn:pulumi:prod::shop::kubernetes:core/v1:ConfigMap::{name}", before=before, after=after)


def of(*changes: Change) -> approved.Operations:
    return approved.operations(Preview(list(changes)))


UPDATE = change("update", "web", {"data": {"a": "1", "b": "1"}}, {"data": {"a": "2", "b": "1"}})


def test_the_same_previews_do_not_differ_and_no_value_is_kept():
    secret = change("create", "keys", None, {"data": {"long-value-of-a": SECRET, "b": "canary"}})
    assert approved.differences(of(UPDATE, secret), of(UPDATE, secret, change("same", "x", {}, {}))) == []
    assert "canary" not in json.dumps(of(secret))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([], "ConfigMap web: update was approved, and nothing is to be done"),
        ([UPDATE, change("delete", "old", {})], "ConfigMap old: delete, which nobody approved"),
        ([change("replace", "web", {}, UPDATE.after)], "ConfigMap web: update was approved, and it is replace"),
        (
            [change("update", "web", UPDATE.before, {"data": {"a": "3", "b": "1"}})],
            "ConfigMap web: another value than approved: data.a",
        ),
        (
            [change("update", "web", {"data": {"a": "1", "b": "0"}}, UPDATE.after)],
            "ConfigMap web: another value than approved: data.b",
        ),
        (
            [change("update", "web", {**UPDATE.before, "x": "drift"}, UPDATE.after)],  # pyright: ignore[reportGeneralTypeIssues] - it has one
            "ConfigMap web: another value than approved: x",
        ),
    ],
)
def test_each_difference_is_named(now, said):
    assert approved.differences(of(UPDATE), of(*now)) == [said]


def test_whose_state_it_is_makes_no_difference():
    def made(organization: str) -> Change:
        return change(
            "create", "web", None, {"metadata": {"annotations": {"kubeauth/stack": f"{organization}/shop/prod"}}}
        )

    assert approved.differences(of(made("organization")), of(made("acme"))) == []


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prod.json"
    path.write_text(json.dumps(Report("prod", "Preview", Preview([UPDATE])).as_data()))
    return path


def ask(monkeypatch, file, *changes: Change, failure: str = "") -> int:
    def fill(made: Report, *_: Any) -> list[str]:
        made.preview = Preview(list(changes), failure=failure)
        return ["data.a"]

    monkeypatch.setattr(commands, "_fill", fill)
    return commands.deployable(stack="prod", node="", context="", cluster="", file=file)


def test_the_command_stops_where_they_differ_and_shows_no_secret(monkeypatch, capsys, file):
    assert ask(monkeypatch, file, UPDATE) == 0
    assert capsys.readouterr().out == "✅ stack prod gets what was approved\n"
    assert ask(monkeypatch, file, change("update", "web", UPDATE.before, {"data": {"a": "3", "b": "1"}})) == 3
    said = capsys.readouterr().out
    assert "something else than was approved:\n  ConfigMap web: another value than approved: [secret]" in said


def test_a_preview_that_fails_now_is_no_consent(monkeypatch, file):
    with pytest.raises(Problem, match="no cluster"):
        ask(monkeypatch, file, failure="no cluster")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "must be a preview that was approved"),
        ("{", "must be a preview that was approved"),
        ("[]", "must be a preview of stack prod with its operations"),
        ('{"stack": "prod"}', "must be a preview of stack prod with its operations"),
        ('{"stack": "dev", "operations": {}, "verdict": "ok"}', "must be a preview of stack prod"),
        ('{"stack": "prod", "operations": {}, "verdict": "refused"}', "must be approved, and its verdict is refused"),
    ],
)
def test_only_an_approved_preview_of_this_stack_is_taken(monkeypatch, tmp_path, content, said):
    path = tmp_path / "prod.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Problem, match=said):
        ask(monkeypatch, path, UPDATE)
