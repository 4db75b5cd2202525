"""A rehearsal's words: what a change cost, and when it is not well."""

from dataclasses import replace

import pytest

from lab import rehearsal
from tests import copies

GOOD = rehearsal.Turn(True, 21.4, 6.12, 512, 0, 0.0)


def test_a_change_that_comes_and_goes_is_said_in_a_sentence():
    assert rehearsal.sentence(GOOD, replace(GOOD, seconds=9, away=5)) == (
        "database away 6.1 s, service away 0.0 s, 0 of 512 acknowledged writes lost; deployed in 21 s; "
        "taken back in 9 s (database away 5.0 s, 0 of 512 writes lost)"
    )
    assert rehearsal.well(GOOD, GOOD)


@pytest.mark.parametrize(
    ("there", "back", "said"),
    [
        (
            {"succeeded": False, "said": "x\nerror: image y is not found\nfix: z"},
            {},
            "it cannot be deployed: error: image y",
        ),
        ({}, {"succeeded": False, "said": "refused"}, "it cannot be taken back: refused"),
        ({"lost": 3}, {}, "3 of 512 acknowledged writes lost"),
        ({}, {"lost": 1}, "1 of 512 writes lost"),
    ],
)
def test_what_fails_or_loses_is_not_well(there, back, said):
    turns = replace(GOOD, **there), replace(GOOD, **back)
    assert said in rehearsal.sentence(*turns)
    assert not rehearsal.well(*turns)


def test_a_checkout_holds_one_side_and_keeps_its_state(tmp_path, monkeypatch):
    checkout = tmp_path / "kubeauth"
    (checkout / ".kubeauth").mkdir(parents=True)
    (checkout / ".kubeauth/state").write_text("kept")
    (checkout / "old/folder").mkdir(parents=True)
    (checkout / "gone").write_text("")
    monkeypatch.setattr(copies, "make", lambda target, packages: (target / "new").write_text(""))
    rehearsal.put("", checkout)
    assert sorted(path.name for path in checkout.iterdir()) == [".kubeauth", "new"]
    assert (checkout / ".kubeauth/state").read_text() == "kept"
