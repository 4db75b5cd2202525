"""The history in a report: who changed what and when, from what Pulumi keeps, and no secret of it."""

import json
from typing import Any

import pytest

from cli.console import Problem
from cli.report import history
from cli.stack.state import StateFiles

from .report_objects import Answering, keep_history, recorded, rendered
from .test_status import HISTORY, project  # noqa: F401 - the fixture is of that module

MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def test_each_change_is_told_with_what_it_did(tmp_path):
    one, other = (recorded("settings", data={"level": level}) for level in ("low", "high"))
    past = history.of_files(keep_history(tmp_path, [one], [other, recorded("more")], [other]))
    assert [entry.message for entry in past.entries] == ["change 3", "change 2", "change 1"]
    assert [entry.lines for entry in past.entries] == [
        ("- ConfigMap more: deleted",),
        (
            "~ ConfigMap settings: updated",
            "-     data.level: low",
            "+     data.level: high",
            "+ ConfigMap more: created",
        ),
        ("+ ConfigMap settings: created",),
    ]
    newest = past.entries[0]
    assert (newest.kind, newest.result, newest.changes) == ("update", "succeeded", {"create": 2})
    assert (newest.commit, newest.author) == ("0123456789", "Ann")
    assert newest.by, "the file's owner"
    text = rendered(past=tmp_path)
    assert "data.level: high" in text
    assert "“change 3”" in text


def test_no_secret_of_a_state_is_in_a_difference(tmp_path):
    states = [
        [
            recorded(
                "credentials",
                "core/v1:Secret",
                kind="Secret",
                data={**MARK, "ciphertext": f"v1:{text}"},
                stringData={"plain": f"plain-{text}"},
                metadata={"labels": {"turn": text}},
            )
        ]
        for text in ("one", "two")
    ]
    lines = history.of_files(keep_history(tmp_path, *states)).entries[0].lines or ()
    assert "+     metadata.labels.turn: two" in lines
    assert not [line for line in lines if "v1:" in line or "plain-" in line]


def test_a_replaced_object_is_called_replaced(tmp_path):
    states = [[recorded("x", "core/v1:Secret", f"shop/x-{number}", data=number)] for number in (1, 2)]
    lines = history.of_files(keep_history(tmp_path, *states)).entries[0].lines
    assert lines
    assert lines[0] == "! Secret x: replaced, because of data"


def test_a_script_is_one_line_that_tells_two_of_them_apart(tmp_path):
    scripts = ["\n".join(f"line {number} {name}" for number in range(9)) for name in ("a", "b")]
    states = [[recorded("x", data={"script": script})] for script in scripts]
    lines = history.of_files(keep_history(tmp_path, *states)).entries[0].lines or ()
    assert len(lines) == 3
    assert all("a text of 9 lines" in line for line in lines[1:])
    assert lines[1][1:] != lines[2][1:]


def test_a_long_difference_is_cut_and_says_so(tmp_path):
    states: list[list[dict[str, Any]]] = [[recorded("x", data={})]]
    states.append([recorded("x", data={f"key{number}": "1" for number in range(history.LONGEST + 5)})])
    newest = history.of_files(keep_history(tmp_path, *states)).entries[0]
    assert newest.lines
    assert (len(newest.lines), newest.left_off) == (history.LONGEST, 6)
    assert "… and 6 lines more" in rendered(past=tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 3}'])
def test_a_state_that_is_not_whole_hides_no_entry(tmp_path, content):
    keep_history(tmp_path, [recorded("x")], [recorded("y")])
    (tmp_path / "dev-1.checkpoint.json").write_text(content)
    past = history.of_files(tmp_path)
    assert [entry.lines for entry in past.entries] == [None, None]
    assert "This backend keeps no state for each change." in rendered(past=tmp_path)


def test_a_long_history_is_cut_and_the_rest_counted(tmp_path):
    for number in range(history.MOST + 3):
        (tmp_path / f"dev-{number:03}.history.json").write_text(json.dumps(HISTORY))
    past = history.of_files(tmp_path)
    assert (len(past.entries), past.older) == (history.MOST, 3)


def test_an_entry_of_a_user_whom_this_machine_does_not_know(tmp_path, monkeypatch):
    keep_history(tmp_path, [])
    monkeypatch.setattr("pathlib.Path.owner", lambda _: (_ for _ in ()).throw(KeyError("501")))
    assert history.of_files(tmp_path).entries[0].by == ""


def test_files_are_read_where_the_state_is_in_files(tmp_path):
    stack: Any = Answering([])
    stack.files = StateFiles(f"file://{tmp_path}", "shop", "dev")
    keep_history(tmp_path / ".pulumi/history/shop/dev", [recorded("x")])
    (entry,) = history.read(stack, 1).entries
    assert entry.lines == ("+ ConfigMap x: created",)


def test_pulumi_is_asked_where_it_is_not_and_keeps_no_differences():
    (entry,) = history.read(Answering([]), 1).entries  # pyright: ignore[reportArgumentType]
    assert (entry.kind, entry.by, entry.lines) == ("update", "", None)


@pytest.mark.parametrize("answer", [Problem("the bucket is away\nmore"), "no JSON"])
def test_what_cannot_be_read_is_said(answer):
    past = history.read(Answering([], history=answer), 1)  # pyright: ignore[reportArgumentType]
    assert past.entries == []
    assert past.why in ("the bucket is away", "it cannot be read: Expecting value: line 1 column 1 (char 0)")
