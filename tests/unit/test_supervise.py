"""Pulumi gets each signal once and is never killed; what it waits for is read from its events."""

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import cast

import pytest

from cli import paths
from cli.stack import Stack
from cli.stack.diagnose import Watcher
from cli.stack.events import EventLog
from cli.stack.namespace import Namespace
from cli.stack.supervise import supervise

from . import cluster_objects as objects

#: Stands for Pulumi: the first interrupt lets it finish what it is at, the second ends it.
PULUMI = """
import signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print('ready', flush=True)
begun = time.monotonic()
while not seen and time.monotonic() - begun < 30: time.sleep(0.02)
begun = time.monotonic()
while len(seen) < 2 and time.monotonic() - begun < 1: time.sleep(0.02)
print('interrupts', len(seen), flush=True)
sys.exit(7)
"""
WRAPPER = f"""
import os, sys
from pathlib import Path
from cli.stack.supervise import supervise
read, write = os.pipe()
print(supervise([sys.executable, '-c', {PULUMI!r}], os.environ, Path('.'), write), flush=True)
"""


@pytest.fixture
def wrapper():
    process = subprocess.Popen([sys.executable, "-c", WRAPPER], cwd=paths.CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_pulumi_finish_and_tells_the_user(wrapper, number):
    wrapper.send_signal(number)
    assert wrapper.communicate(timeout=20)[0].splitlines() == ["interrupts 1", "Ended(status=7, interrupts=1)"]


def test_the_second_interrupt_reaches_it_too(wrapper):
    wrapper.send_signal(signal.SIGINT)
    time.sleep(0.3)
    wrapper.send_signal(signal.SIGINT)
    assert wrapper.communicate(timeout=20)[0].splitlines() == ["interrupts 2", "Ended(status=7, interrupts=2)"]


def test_when_the_wait_is_in_vain_it_is_interrupted_once(tmp_path, monkeypatch):
    monkeypatch.setattr("cli.stack.supervise.WATCH_SECONDS", 0.3)
    asked = []

    def watch():
        asked.append(1)
        return len(asked) >= 2

    _, write = os.pipe()
    assert supervise([sys.executable, "-c", PULUMI], os.environ, tmp_path, write, watch) == (7, 0)
    assert len(asked) == 2


def step(event, urn, op="create", planning=False, custom=False, **inputs):
    metadata = {"op": op, "urn": urn, "type": "kubernetes:x", "new": {"custom": custom, "inputs": inputs}}
    return {event: {"metadata": metadata, "planning": planning}}


def deployment(name):
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": "production-cloud"}}


def test_the_events_tell_what_is_being_waited_for(tmp_path):
    path = tmp_path / "events"
    log = EventLog(path)
    log.poll()
    assert not log.rolled_out
    first = [
        step("resourcePreEvent", "planned", planning=True, **deployment("planned")),
        step("resourcePreEvent", "one", **deployment("one")),
        step("resourcePreEvent", "two", "update", **deployment("two")),
        step("resourcePreEvent", "same", "same", **deployment("same")),
        step("resourcePreEvent", "secret", kind="Secret"),
        {"diagnosticEvent": {"severity": "error", "message": "it broke"}},
        {"diagnosticEvent": {"severity": "info", "message": "by the way"}},
    ]
    text = "".join(json.dumps(event) + "\n" for event in first)
    path.write_text(text[:-20])
    log.poll()
    path.write_text(text)
    log.poll()
    assert log.workloads() == {("production-cloud", "one"), ("production-cloud", "two")}
    assert log.errors == ["it broke"]
    assert log.rolled_out
    with path.open("a") as file:
        file.write(
            json.dumps(step("resOutputsEvent", "one")) + "\n" + json.dumps(step("resOpFailedEvent", "two")) + "\n"
        )
    log.poll()
    assert log.workloads() == set()


@pytest.mark.parametrize(
    ("ended", "half_done"), [("resOutputsEvent", set()), ("resOpFailedEvent", {"update"})], ids=["done", "failed"]
)
def test_a_change_that_was_begun_and_failed_is_half_done(tmp_path, ended, half_done):
    path = tmp_path / "events"
    log = EventLog(path)
    events = [step("resourcePreEvent", "one", "update", **deployment("one")), step(ended, "one", "update")]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    log.poll()
    assert (log.half_done, log.waiting) == (half_done, {})


def test_a_resource_that_was_refused_before_it_was_begun_is_not_half_done(tmp_path):
    path = tmp_path / "events"
    log = EventLog(path)
    path.write_text(json.dumps(step("resOpFailedEvent", "one")) + "\n")
    log.poll()
    assert not log.half_done


def test_a_log_that_is_written_anew_is_read_anew(tmp_path):
    path = tmp_path / "events"
    log = EventLog(path)
    path.write_text(json.dumps({"timestamp": 1, **step("resourcePreEvent", "x", planning=True)}) + "\n")
    log.poll()
    events = [{"timestamp": 2}, step("resourcePreEvent", "one", **deployment("one")), {"filler": "x" * 500}]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    log.poll()
    assert log.workloads() == {("production-cloud", "one")}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "Job"])
def test_a_cause_is_looked_for_where_pods_were_waited_for(tmp_path, kind):
    path = tmp_path / "events"
    log = EventLog(path)
    named = {"name": "one", "namespace": "shop"}
    path.write_text(json.dumps(step("resourcePreEvent", "one", kind=kind, metadata=named)) + "\n")
    log.poll()
    assert log.rolled_out
    assert log.workloads() == {("shop", "one")}


#: Stands for a Pulumi that hangs: it takes no notice of interrupts.
STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"


def test_a_run_has_a_limit_and_what_does_not_end_by_itself_is_killed(tmp_path, monkeypatch, capfd):
    for name, value in (("WATCH", 0.1), ("LIMIT", 1), ("FINISH", 0.5), ("GRACE", 0.5)):
        monkeypatch.setattr(f"cli.stack.supervise.{name}_SECONDS", value)
    _, write = os.pipe()
    assert supervise([sys.executable, "-c", STUBBORN], os.environ, tmp_path, write) == (-signal.SIGKILL, 0)
    assert capfd.readouterr().err == "This takes longer than 1 s: ending it.\n"


def test_an_error_of_ours_leaves_no_run_behind(tmp_path):
    started, done = tmp_path / "started", tmp_path / "done"

    def tick():
        # Before it listens, an interrupt ends it.
        if started.exists():
            raise RuntimeError

    _, write = os.pipe()
    script = PULUMI.replace("print('ready', flush=True)", f"open({str(started)!r}, 'w')")
    script = script.replace("sys.exit(7)", f"open({str(done)!r}, 'w')")
    with pytest.raises(RuntimeError):
        supervise([sys.executable, "-c", script], os.environ, tmp_path, write, tick=tick)
    assert done.exists()


@pytest.mark.parametrize(("busy", "ends"), [(False, True), (True, False)], ids=["loading", "an object is made"])
def test_a_pulumi_that_says_nothing_is_ended_unless_it_waits_for_an_object(tmp_path, monkeypatch, capfd, busy, ends):
    """The object's own limit holds for that."""
    now = [1000.0]
    for module in ("events", "diagnose"):
        monkeypatch.setattr(f"cli.stack.{module}.time", SimpleNamespace(monotonic=lambda: now[0]))
    path = tmp_path / "events"
    log = EventLog(path)
    watcher = Watcher(cast(Stack, None), log)
    events = [{"policyLoadEvent": {}}, *([step("resourcePreEvent", "one", custom=True, kind="Secret")] if busy else [])]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert not watcher()
    now[0] += 299
    assert not watcher()
    now[0] += 2
    assert watcher() == watcher.gave_up == ends
    said = "Pulumi loads the policy pack and has said nothing for 5 min 1 s: ending it.\n" if ends else ""
    assert capfd.readouterr().err == said


def test_a_service_that_is_not_ready_waits_for_a_database_that_began_later_and_both_together_are_ended(monkeypatch):
    now, started = [1000.0], [False]
    monkeypatch.setattr("cli.stack.diagnose.time", SimpleNamespace(monotonic=lambda: now[0]))
    log = SimpleNamespace(
        poll=lambda: None,
        heard=1000.0,
        busy=lambda: True,
        workloads=lambda: {("shop", "authenticate-deployment"), ("shop", "mysqlauth-deployment")},
    )

    def cluster(*_: object) -> Namespace:
        database = objects.pod(objects.RUNNING if started[0] else objects.waiting("PodInitializing"), name="mysqlauth")
        service = [objects.deployment(), objects.replica_set(), objects.pod(objects.RUNNING)]
        return Namespace(
            "shop",
            [
                *service,
                objects.deployment("mysqlauth", component="database"),
                objects.replica_set("mysqlauth"),
                database,
            ],
        )

    monkeypatch.setattr("cli.stack.diagnose.read", cluster)
    watcher = Watcher(cast(Stack, None), cast(EventLog, log))
    given_up = []
    for second in range(100):
        now[0] = 1000.0 + second
        started[0] = second >= 30
        if watcher():
            given_up.append(second)
            break
    assert given_up == [70], "40 s after the last one began"


def test_what_comes_after_a_job_does_not_grow_old_while_the_job_works(monkeypatch):
    now, done = [1000.0], ["False"]
    monkeypatch.setattr("cli.stack.diagnose.time", SimpleNamespace(monotonic=lambda: now[0]))
    waiting = {("shop", "authenticate-deployment"), ("shop", "mysqlauth-shards")}
    log = SimpleNamespace(poll=lambda: None, heard=1000.0, busy=lambda: True, workloads=lambda: waiting)

    def cluster(*_: object) -> Namespace:
        told = [{"type": "Complete", "status": done[0]}]
        job = {"metadata": {"name": "mysqlauth-shards", "uid": "job", "labels": objects.LABELS}, "kind": "Job"}
        service = [objects.deployment(), objects.replica_set(), objects.pod(objects.RUNNING)]
        return Namespace("shop", [*service, {**job, "status": {"conditions": told}}])

    monkeypatch.setattr("cli.stack.diagnose.read", cluster)
    watcher = Watcher(cast(Stack, None), cast(EventLog, log))
    given_up = []
    for second in range(200):
        now[0], done[0] = 1000.0 + second, str(second >= 60)
        if watcher():
            given_up.append(second)
            break
    assert given_up == [99], "40 s after it was seen last that something may still come"
