"""Any second: binary logs in a bucket, and what becomes of them and a backup. A folder stands for the bucket."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from cli.status.seconds import read
from lab.faults.schemas import OBJECTS, SCHEMA

from .pods import BackupPod
from .programs import SHELLS
from .test_bucket import S3, SECRET, folder_of, new_database

ROWS = "SELECT GROUP_CONCAT(i ORDER BY i) FROM admin.t"


@pytest.fixture
def logged(jobs: Callable[..., BackupPod]) -> Callable[..., BackupPod]:
    """Makes a database whose binary log goes to a bucket: `logged("dash")`."""

    def make(shell: str = "bash", *, verify: bool = False, **given: Any) -> BackupPod:
        backup = {"verify": verify, "point_in_time": True, "s3": S3}
        made = jobs(shell, backup=backup, secrets={"s3": {**SECRET}}, **given)
        folder_of(made).mkdir(parents=True)
        for folder in (made.bucket, made.bucket / "acme", folder_of(made).parent, folder_of(made)):
            folder.chmod(0o777)
        made.database.bucket = made.bucket
        return made

    return make


def second() -> str:
    """A second that begins after all that was committed before, and ends before what follows."""
    time.sleep(1.1)
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    time.sleep(1.1)
    return now


def sent(pod: BackupPod) -> None:
    # What is as old as a second is in the log that is sent.
    time.sleep(2.1)
    done = pod.database.send_logs()
    assert done.returncode == 0, done.stderr
    # In the words that kubeauth status looks for.
    assert read("shop", {"metadata": {"name": "pod"}}, done.stdout).until, done.stdout


def logs_of(pod: BackupPod) -> list[str]:
    return sorted(path.name for path in folder_of(pod).glob("logs/*/*binlog*"))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_schema_comes_back_as_it_was_at_any_second_after_a_backup(logged, shell):
    # One shell has the whole: a schema with everything in it, and each backup restored once.
    pod = logged(shell, verify=shell == "bash")
    sql = pod.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY); INSERT INTO admin.t VALUES (1)")
    if shell == "bash":
        sql(f"USE admin; {SCHEMA}")
    made = pod.job()
    assert made.returncode == 0, made.stderr
    sql("INSERT INTO admin.t VALUES (2); CREATE DATABASE others; USE others; CREATE PROCEDURE p() SELECT 1")
    sent(pod)
    sql("USE admin; INSERT INTO t VALUES (3); CREATE VIEW late AS SELECT i FROM t")
    sql(
        "USE admin; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.i = NEW.i + 100; INSERT INTO t VALUES (4)"
    )
    moment = second()
    sql("USE admin; DELETE FROM t WHERE i < 3; DROP VIEW late")
    sent(pod)
    sql("DROP TABLE admin.t")
    sent(pod)
    back = pod.job("restore_second", "admin", moment, "force")
    assert back.returncode == 0, back.stderr + back.stdout
    assert sql(ROWS) == "1,2,3,104"
    assert sql("SELECT COUNT(*) FROM admin.late") == "4"
    assert "VIEW\tlate\n" in sql(OBJECTS)
    listed = pod.job("list")
    assert f"content of {moment}, from an earlier backup and the binary log" in listed.stdout
    assert "The last second that can be restored is 20" in listed.stdout
    # What it brought went with the job.
    assert [name for name in pod.names() if name.startswith(".")] == []


def test_a_restore_is_in_the_log_and_a_later_second_is_one_after_it(logged):
    pod = logged()
    sql = pod.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY); INSERT INTO admin.t VALUES (1)")
    assert pod.job().returncode == 0
    [name] = pod.names()
    sql("DELETE FROM admin.t")
    assert pod.job("restore", name, "force").returncode == 0
    sql("INSERT INTO admin.t VALUES (2)")
    moment = second()
    sql("DELETE FROM admin.t")
    sent(pod)
    back = pod.job("restore_second", "-", moment, "force")
    assert back.returncode == 0, back.stderr
    assert sql(ROWS) == "1,2"


def test_a_lost_database_begins_with_all_that_was_sent_or_with_less_where_a_time_is_said(logged, pod):
    source = logged(schemas=[{"name": "more"}])
    sql = source.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY); CREATE TABLE more.t (i INT PRIMARY KEY)")
    assert source.job().returncode == 0
    sql("INSERT INTO admin.t VALUES (1); INSERT INTO more.t VALUES (1)")
    moment = second()
    # Tables go from one schema to the other, and statements of the one are about the other.
    sql("USE more; INSERT INTO admin.t VALUES (2); INSERT INTO t VALUES (2)")
    sent(source)
    sql("INSERT INTO admin.t VALUES (3)")
    stamp = f"{moment[:4]}-{moment[4:6]}-{moment[6:11]}:{moment[11:13]}:{moment[13:]}"
    for given, wanted in (({}, "1,2"), ({"time": stamp}, "1")):
        other = pod(begin=False, restore_from={"s3": {**S3, "prefix": "shop/mysqlauth"}, **given},
                    schemas=[{"name": "more"}], secrets={"s3": {**SECRET}})  # fmt: skip
        other.bucket = source.bucket
        other.start()
        assert other.root(ROWS) == wanted
        assert other.root(ROWS.replace("admin", "more")) == wanted
        assert other.root("SHOW REPLICA STATUS") == ""
        assert not [path for path in (other.folder / "data/data").iterdir() if path.name.startswith("relay")]


def test_what_was_not_sent_or_is_missing_is_said_and_nothing_is_changed(logged):
    pod = logged()
    sql = pod.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY)")
    early = second()
    assert pod.job().returncode == 0
    sent(pod)
    failed = pod.job("restore_second", "admin", early, "force")
    assert f"the bucket has no backup of admin in acme/shop/mysqlauth of {early} or earlier" in failed.stderr
    moment = ""
    for _ in range(3):
        sql("INSERT INTO admin.t SELECT COUNT(*) + 1 FROM admin.t")
        moment = second()
        sent(pod)
    later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 1))
    failed = pod.job("restore_second", "admin", later, "force")
    assert "error: the binary log in the bucket reaches to " in failed.stderr
    lost = logs_of(pod)[-2]
    next(folder_of(pod).glob(f"logs/*/{lost}")).unlink()
    failed = pod.job("restore_second", "admin", moment, "force")
    assert "error: the binary log has a gap before 20" in failed.stderr
    assert sql(ROWS) == "1,2,3"
    # Without `force` rows are a reason to stop before anything is loaded.
    refused = pod.job("restore_second", "-", second())
    assert "error: " in refused.stderr
    assert sql(ROWS) == "1,2,3"


def test_a_backup_that_is_younger_than_the_end_of_the_log_is_what_a_new_database_begins_with(logged, pod):
    source = logged()
    sql = source.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY); INSERT INTO admin.t VALUES (1)")
    assert source.job().returncode == 0
    sent(source)
    # Somebody turns it off: later backups have no place in a log.
    source.database.update(backup={"schedule": "@daily", "verify": False, "s3": S3}, secrets={"s3": {**SECRET}})
    sql("INSERT INTO admin.t VALUES (2)")
    assert source.job().returncode == 0
    other = new_database(pod, source)
    other.start()
    assert other.root(ROWS) == "1,2"


def test_logs_that_cannot_be_listed_are_not_taken_for_none(logged, pod):
    source = logged()
    assert source.job().returncode == 0
    sent(source)
    other = new_database(pod, source)
    other.stand_in("rclone", "case $* in *--dirs-only*) echo 'Failed: no route' >&2; exit 1 ;; esac")
    failed = other.initialize()
    assert failed.returncode
    assert "error: the bucket cannot be read: Failed: no route" in failed.stderr


def test_what_cannot_be_replayed_is_named_and_nothing_is_changed(logged):
    pod = logged()
    sql = pod.database.root
    sql("CREATE TABLE admin.t (i INT PRIMARY KEY); INSERT INTO admin.t VALUES (1); CREATE DATABASE others")
    sql("CREATE TABLE others.x (i INT)")
    assert pod.job().returncode == 0
    # What is in a schema without backups cannot be known.
    sql("RENAME TABLE others.x TO admin.x")
    moment = second()
    sent(pod)
    failed = pod.job("restore_second", "admin", moment, "force")
    assert failed.returncode
    assert "error: the binary log cannot be replayed, nothing was changed: 'Table 'others.x' doesn't exist'" in (
        failed.stderr
    )
    assert sql(ROWS) == "1"
    assert sql("SHOW TABLES FROM admin") == "t\nx"


def test_nobody_writes_and_no_log_is_closed_and_what_was_sent_goes_from_the_volume(logged):
    pod = logged()
    sent(pod)
    first = logs_of(pod)
    sent(pod)
    sent(pod)
    assert logs_of(pod) == first
    for number in range(3):
        pod.database.root(f"CREATE TABLE admin.t{number} (i INT)")
        sent(pod)
    here = sorted(path.name for path in (pod.database.folder / "data/data").glob("binlog.0*"))
    assert len(logs_of(pod)) == len(first) + 3
    # The last that was sent, and the one that is written to.
    assert len(here) <= 3
    # Accounts and their passwords are not in it.
    assert not any(b"IDENTIFIED" in path.read_bytes() for path in (pod.database.folder / "data/data").glob("binlog.0*"))


def test_a_bucket_that_is_away_loses_seconds_but_never_fills_the_volume(logged):
    pod = logged()
    pod.database.stand_in("rclone", '[ "$1" = obscure ] || exit 1')
    for number in range(3):
        pod.database.root(f"CREATE TABLE admin.t{number} (i INT)")
        assert "the bucket" in pod.database.send_logs().stderr
    here = pod.database.folder / "data/data"
    assert len([*here.glob("binlog.0*")]) >= 4
    # A volume of which a quarter is full.
    pod.database.stand_in("stat", "case $* in *'%b %S'*) echo 1600 1; exit ;; esac").write_text(
        "#!/bin/sh\ncase $* in *'%b %S'*) echo 1600 1 ;; *) exec /usr/bin/stat \"$@\" ;; esac\n"
    )
    assert "are a quarter of the data volume" in pod.database.send_logs().stderr
    assert sum(path.stat().st_size for path in here.glob("binlog.0*")) <= 400 + 200


def test_logs_that_no_backup_leads_to_any_more_go_from_the_bucket(logged):
    pod = logged()
    pod.database.root("CREATE TABLE admin.t (i INT)")
    sent(pod)
    [chain] = folder_of(pod).glob("logs/*")
    for number in (1, 2):
        old = chain / f"20200101T00000{number}Z-binlog.00000{number}.bin"
        old.write_bytes(b"x")
        old.chmod(0o666)
    assert pod.job().returncode == 0
    left = logs_of(pod)
    assert not any("20200101T000001Z" in name for name in left)
    # The second may hold what came up to the next log.
    assert len(left) == 2


def test_an_image_that_cannot_read_where_a_backup_was_made_is_refused(logged, pod):
    """Every backup would look like one without a place in a log; what came after it would be lost without a word."""
    source = logged("bash")
    assert source.job().returncode == 0
    sent(source)
    other = new_database(pod, source)
    tools = other.folder / "tools"
    tools.mkdir()
    for program in source.programs.tools.iterdir():
        if program.name != "gunzip":
            (tools / program.name).symlink_to(program)
    # busybox's own shell has every tool in it.
    (tools / "bash").symlink_to("/bin/bash")
    other.environment["PATH"] = f"{other.programs.bin}{os.pathsep}{tools}"
    failed = other.initialize()
    assert failed.returncode
    assert "error: the image of the bucket's container has no gunzip" in failed.stderr
