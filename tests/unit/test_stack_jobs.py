"""Backups, restores and imports of a stack: which database, which job, and what is said of its end."""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from cli.console import Problem
from cli.stack import backup, guard, jobs
from components import MySqlDatabase

from .recorder import deploy

NAME = "admin-20261127T030000Z.sql.gz"


def cronjob(database, namespace="shop"):
    """The CronJob that the component makes for a database, as it is in the stack's state."""
    args: Any = {"namespace": namespace, "password": "app-pw", "backup": {"schedule": "@daily"}}
    made = deploy(lambda: MySqlDatabase(database, args)).one("CronJob", f"{database}-backup")
    return {"type": made.type, "id": f"{namespace}/{database}-backup", "inputs": made.inputs}


class Cluster:
    """A stack whose cluster runs each job to an end that the test chooses."""

    def __init__(self, said="", *, succeeds=True):
        self.name, self.said, self.succeeds = "dev", said, succeeds
        self.created, self.deleted, self.sent = [], [], []
        self.pod: Any = {"containers": [{"name": "backup", "args": ["backup"]}]}

    def ask(self, *command: str, purpose: str, text: str = "", source: Path = Path(), seconds: float = 0):
        if "cronjob" in command:
            spec = {"activeDeadlineSeconds": 60, "template": {"spec": self.pod}}
            return json.dumps(
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "metadata": {"name": command[command.index("cronjob") + 1], "uid": "u", "labels": {}},
                    "spec": {"jobTemplate": {"spec": spec}},
                }
            )
        if "create" in command:
            self.created.append((command[2], json.loads(text)))
        if "exec" in command:
            self.sent.append((command, source.read_text(), seconds))
        return "the-pod"

    def run(self, *command, **_):
        out = self.said if "logs" in command else ""
        if "job" in command and "get" in command:
            kind = "Complete" if self.succeeds else "Failed"
            out = json.dumps({"status": {"conditions": [{"type": kind, "status": "True"}]}})
        if "delete" in command:
            self.deleted.append(command)
        return CompletedProcess(command, 0, out, "")


@pytest.fixture
def state(monkeypatch):
    """The stack's state, as a list that the test fills."""
    resources = [{"type": "kubernetes:batch/v1:CronJob", "id": "shop/nightly", "inputs": {"metadata": {"labels": {}}}}]
    monkeypatch.setattr(guard, "resources", lambda _: resources)
    return resources


def test_the_database_is_found_by_the_state_whatever_the_programs_keys_are(state):
    state.append(cronjob("orders", "production"))
    stack: Any = Cluster(f"{NAME} 1520 verified 2026-11-27T03:00:11Z\n")
    backup.backup(stack)
    [(namespace, job)] = stack.created
    assert (namespace, job["metadata"]["ownerReferences"][0]["name"]) == ("production", "orders-backup")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["backup"]
    assert job["spec"]["activeDeadlineSeconds"] == 60
    assert stack.deleted


@pytest.mark.parametrize(
    ("databases", "asked", "what", "fix"),
    [
        ([], "", "makes no backups", "pulumi config set mysqlBackupSchedule"),
        (["orders", "users"], "", "backs up several databases: shop/orders, shop/users", "--database"),
        (["orders", "orders"], "orders", "backs up several databases", "--database"),
        (["orders"], "user", "backs up no database user", "orders"),
    ],
)
def test_which_database_is_said_before_anything_starts(state, databases, asked, what, fix):
    state += [cronjob(name) for name in databases]
    stack: Any = Cluster()
    with pytest.raises(Problem, match=what) as caught:
        backup.restore(stack, "", force=False, database=asked)
    assert fix in caught.value.fix
    assert not stack.created


def test_one_of_several_databases_is_restored_by_a_job_without_a_deadline(state):
    state += [cronjob("orders"), cronjob("users")]
    stack: Any = Cluster("5 tables are as in it.\n")
    backup.restore(stack, NAME, force=True, database="users")
    [(_, job)] = stack.created
    assert job["metadata"]["ownerReferences"][0]["name"] == "users-backup"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["restore", NAME, "force"]
    assert "activeDeadlineSeconds" not in job["spec"]


@pytest.mark.parametrize(
    ("asked", "when"),
    [
        ("2026-11-26 03:14:15", "20261126T031415Z"),
        ("2026-11-26T03:14:15Z", "20261126T031415Z"),
        ("2026-11-26T04:14:15+01:00", "20261126T031415Z"),
    ],
)
def test_a_second_is_restored_by_the_bucket_first_and_the_database_then(state, asked, when):
    state.append(cronjob("orders"))
    stack: Any = Cluster("5 tables are as in it.\n")
    stack.pod["containers"].append({"name": "s3", "args": ["push"]})
    backup.restore_second(stack, backup.Second(asked, "more"), force=True)
    [(_, job)] = stack.created
    pod = job["spec"]["template"]["spec"]
    assert [each["args"] for each in pod["initContainers"]] == [["fetch_second", "more", when]]
    assert [each["args"] for each in pod["containers"]] == [["restore_second", "more", when, "force"]]


@pytest.mark.parametrize(("asked", "what"), [("yesterday", "is not a time"), ("2999-01-01", "is still to come")])
def test_what_is_no_second_of_the_past_starts_nothing(state, asked, what):
    state.append(cronjob("orders"))
    stack: Any = Cluster()
    with pytest.raises(Problem, match=what):
        backup.restore_second(stack, backup.Second(asked), force=True)
    assert not stack.created


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        (
            "error: the schema admin has rows; nothing was changed",
            f"to replace them: make restore STACK=dev BACKUP={NAME} FORCE=1",
        ),
        ("error: a table is in use for longer than 20 s", "run it again when nobody uses that table"),
        ("error: x was made by an earlier version of kubeauth", f"make import STACK=dev FILE={NAME} makes one"),
        ("error: there is no backup x", "make restore STACK=dev lists the backups"),
        ("error: something else", "read kubectl --namespace shop describe job"),
    ],
)
def test_a_failed_restore_says_what_to_type_and_its_job_stays(state, said, fix):
    state.append(cronjob("orders"))
    stack: Any = Cluster(said, succeeds=False)
    with pytest.raises(Problem, match="restore failed: ") as caught:
        backup.restore(stack, NAME, force=False)
    assert fix in caught.value.fix
    assert not stack.deleted


def test_a_restore_to_a_second_that_would_replace_rows_says_the_whole_command(state):
    state.append(cronjob("orders"))
    stack: Any = Cluster("error: the schema more has rows; nothing was changed", succeeds=False)
    with pytest.raises(Problem, match="restore failed: ") as caught:
        backup.restore_second(stack, backup.Second("2026-11-26 03:14:15", "more"), force=False)
    assert "make restore STACK=dev TO='2026-11-26 03:14:15' SCHEMA=more FORCE=1" in caught.value.fix


def test_a_dump_is_sent_to_the_pod_of_its_job_and_waited_for_by_its_size(state, tmp_path, capsys):
    state.append(cronjob("orders"))
    dump = tmp_path / "dump.sql.gz"
    dump.write_text("not really")
    stack: Any = Cluster(f"{NAME} 1520 verified 2026-11-27T03:00:11Z\n")
    backup.import_(stack, dump)
    [(_, job)] = stack.created
    what, place, size = job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert (what, size) == ("receive", "10")
    [(command, sent, seconds)] = stack.sent
    assert command[-1] == place
    assert place.endswith(".gz")
    assert sent == "not really"
    assert seconds >= 60
    assert f"make restore STACK=dev BACKUP={NAME}" in capsys.readouterr().err


def test_a_file_of_the_backups_volume_is_imported_without_being_sent(state):
    state.append(cronjob("orders"))
    stack: Any = Cluster(f"{NAME} 1520 verified 2026-11-27T03:00:11Z\n")
    backup.import_(stack, Path("admin-20250101T030000Z.sql.gz"))
    [(_, job)] = stack.created
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["import_", "admin-20250101T030000Z.sql.gz"]
    assert not stack.sent


def test_a_dump_that_is_not_there_starts_nothing(state, tmp_path):
    state.append(cronjob("orders"))
    stack: Any = Cluster()
    with pytest.raises(Problem, match="there is no file"):
        backup.import_(stack, tmp_path / "none.sql")
    assert not stack.created


def test_a_pod_that_does_not_start_is_told_after_its_time(state, monkeypatch):
    state.append(cronjob("orders"))
    monkeypatch.setattr(jobs, "START_SECONDS", -1)
    stack: Any = Cluster()
    monkeypatch.setattr(stack, "run", lambda *command, **_: CompletedProcess(command, 1, "", ""))
    with pytest.raises(Problem, match="is not running after") as caught:
        backup.backup(stack)
    assert "describe pod --selector job-name=orders-backup-" in caught.value.fix


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (("backup",), [("backup", ["backup"]), ("s3", ["push"])]),
        (("restore", NAME, "force"), [("s3", ["fetch", NAME]), ("backup", ["restore", NAME, "force"])]),
        (("list",), [("s3", ["show"]), ("backup", ["list"])]),
        (("drop_old",), [("backup", ["drop_old"])]),
        (("receive", "x", "1"), [("backup", ["receive", "x", "1"])]),
    ],
)
def test_a_bucket_is_read_before_what_needs_it_and_written_after_a_backup(state, arguments, order):
    state.append(cronjob("orders"))
    stack: Any = Cluster()
    stack.pod = {
        "initContainers": [{"name": "backup", "args": ["backup"]}],
        "containers": [{"name": "s3", "args": ["push"]}],
    }
    jobs.Jobs(stack).start(*arguments)
    [(_, job)] = stack.created
    pod = job["spec"]["template"]["spec"]
    found = [*pod.get("initContainers", []), *pod["containers"]]
    assert [(each["name"], each["args"]) for each in found] == order
    assert len(pod["containers"]) == 1


def test_what_a_job_says_besides_its_backups_is_told_as_it_is(state, capsys):
    state.append(cronjob("orders"))
    copied = f"{NAME} is in the bucket, read back and the same."
    stack: Any = Cluster(
        f"A restore that did not finish was undone.\n{NAME} 1520 verified 2026-11-27T03:00:11Z\n{copied}\n"
    )
    backup.backup(stack)
    said = capsys.readouterr().err
    assert "A restore that did not finish was undone." in said
    assert f"{NAME} (1,520 bytes), verified 2026-11-27T03:00:11Z" in said
    assert copied in said
