"""Without a terminal: one line for each object, a sign of life in between, and Pulumi's own end."""

import json
from pathlib import Path

import pytest

from cli.stack import progress
from cli.stack.events import EventLog

URN = "urn:pulumi:dev::kubeauth::kubernetes:core/v1:Service::"


def step(event, name, op="create", kind="Service", custom=True, planning=False, old=False, type_=""):
    state = {"custom": custom, "inputs": {"kind": kind, "metadata": {"name": f"{name}-service"}}}
    states = {"old": state, "new": None} if old else {"old": None, "new": state}
    type_ = type_ or "kubernetes:core/v1:Service"
    return {event: {"metadata": {"op": op, "urn": URN + name, "type": type_, **states}, "planning": planning}}


class Clock:
    """Stands for the time."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Run:
    """A run whose events a test writes."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self.events = EventLog(path)
        self.progress = progress.Progress(self.events)

    def say(self, *events, seconds=1.0):
        with self._path.open("a") as file:
            file.write("".join(json.dumps(event) + "\n" for event in events))
        self.progress()
        self._clock.now += seconds


@pytest.fixture
def run(tmp_path, monkeypatch):
    clock = Clock()
    for module in ("progress", "events"):
        monkeypatch.setattr(f"cli.stack.{module}.time", clock)
    return Run(tmp_path / "events", clock)


def test_there_is_one_line_for_each_object(run, capfd):
    run.say(step("resourcePreEvent", "a"), step("resourcePreEvent", "b", "update"), seconds=70)
    run.say(step("resOutputsEvent", "a"))
    run.say(step("resOpFailedEvent", "b", "update"), step("resourcePreEvent", "c", "delete", old=True), seconds=3)
    run.say(step("resOutputsEvent", "c", "delete", old=True))
    run.progress.finish()
    lines = [line for line in capfd.readouterr().out.splitlines() if not line.startswith("…")]
    assert lines == [
        "created: Service a-service (1 min 10 s)",
        "failed to update: Service b-service (1 min 11 s)",
        "deleted: Service c-service (3 s)",
    ]


@pytest.mark.parametrize(
    "what",
    [
        {"op": "same"},
        {"op": "refresh"},
        {"custom": False},
        {"planning": True},
        {"type_": "pulumi:providers:kubernetes"},
    ],
    ids=str,
)
def test_what_changes_no_object_has_no_line(run, capfd, what):
    run.say(step("resourcePreEvent", "a", **what), step("resOutputsEvent", "a", **what))
    run.progress.finish()
    assert capfd.readouterr().out == ""


def test_a_wait_says_what_is_waited_for_at_least_every_30_seconds(run, capfd):
    run.say(*(step("resourcePreEvent", name) for name in "abcd"))
    gaps, last = [], 0
    for second in range(100):
        run.say()
        if capfd.readouterr().out:
            gaps.append(second - last)
            last = second
    assert len(gaps) >= 3
    assert max(gaps) <= 30


def test_a_wait_names_the_objects_and_how_long_they_take(run, capfd):
    run.say(*(step("resourcePreEvent", name) for name in "abcd"), seconds=40)
    run.say()
    waited = ", ".join(f"Service {name}-service (40 s)" for name in "abc")
    assert capfd.readouterr().out == f"… waiting for {waited} and 1 more, 40 s in all\n"


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        ({"policyLoadEvent": {}}, "loads the policy pack"),
        ({"preludeEvent": {"config": {}}}, "runs the program"),
        ({"stdoutEvent": {"message": "^C received; cancelling. If you"}}, "finishes what it is at"),
        ({"stdoutEvent": {"message": "SIGTERM received; terminating"}}, "ends"),
        ({"stdoutEvent": {"message": "hello"}}, "starts"),
    ],
)
def test_without_objects_a_wait_says_what_pulumi_does(run, capfd, event, phase):
    run.say(event, seconds=40)
    run.say()
    assert capfd.readouterr().out == f"… Pulumi {phase}, 40 s in all\n"
    assert run.events.interrupted == ("stdoutEvent" in event and phase != "starts")


def test_of_what_pulumi_prints_the_end_is_shown(tmp_path):
    said = tmp_path / "said"
    end = "Outputs:\n    x: 1\n\nResources:\n    1 new\n"
    said.write_text(f"Updating (dev):\n@ updating....\n +  a b creating (0s)\n{end}")
    assert progress.closing(said) == end
    said.write_text("error: no such stack\n")
    assert progress.closing(said) == "error: no such stack\n"


WORDS = "cannot be deleted\nbecause it is protected. … remove the `protect` flag from the resource in your program"


@pytest.mark.parametrize(
    ("urn", "message", "protected"),
    [
        (URN + "a", f'resource "{URN}a" {WORDS}', True),
        (URN + "a", f'Preview failed: unable to replace resource "{URN}a"\nas … remove the `protect` flag from', True),
        (URN + "a", f'resource "{URN}b" {WORDS}', False),
        (URN + "a", "the volume is protected by the storage class", False),
        (URN + "a", f'update of "{URN}a": pvc-protection holds it', False),
        ("", f'resource "{URN}a" {WORDS}', False),
    ],
)
def test_the_engine_refuses_what_is_protected_in_the_objects_own_name(run, urn, message, protected):
    run.say({"diagnosticEvent": {"severity": "error", "message": message, **({"urn": urn} if urn else {})}})
    assert run.events.protected == protected
