"""Copies of backups in a bucket: the real rclone, and a folder for the bucket."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.faults.schemas import OBJECTS

from .pods import BackupPod, DatabasePod
from .programs import SHELLS
from .test_backup import SMALL, everything

SECRET = {"access-key-id": "id", "secret-access-key": "key", "encryption-password": "enc'\"$ pw"}
S3: dict[str, Any] = {"bucket": "acme", "existing_secret": "s3", "endpoint": "https://s3.example.com"}
PREFIX = "shop/mysqlauth"
#: How rclone ends when nothing answers.
NO_ROUTE = "{ echo '2026/01/01 00:00:00 Failed: no route' >&2; exit 1; }"


@pytest.fixture
def copied(jobs: Callable[..., BackupPod]) -> Callable[..., BackupPod]:
    """Makes a database whose backups are copied to a bucket: `copied("dash", keep=2)`."""

    def make(shell: str = "bash", *, backup: dict[str, Any] | None = None, **s3: Any) -> BackupPod:
        # The drill has tests of its own.
        made = jobs(shell, backup={"verify": False, **(backup or {}), "s3": {**S3, **s3}}, secrets={"s3": {**SECRET}})
        folder_of(made).mkdir(parents=True)
        for folder in (made.bucket, made.bucket / "acme", folder_of(made).parent, folder_of(made)):
            folder.chmod(0o777)
        return made

    return make


def folder_of(pod: BackupPod) -> Path:
    return pod.bucket / "acme" / PREFIX


def in_bucket(pod: BackupPod) -> list[str]:
    return sorted(path.name for path in folder_of(pod).iterdir())


@pytest.mark.parametrize("shell", SHELLS)
def test_each_backup_is_in_the_bucket_encrypted_and_comes_back_when_the_volume_is_lost(copied, shell):
    pod = copied(shell, backup={"verify": True})
    pod.database.root(f"USE admin; {SMALL}")
    made = pod.job()
    assert made.returncode == 0, made.stderr
    [name] = pod.names()
    assert in_bucket(pod) == [f"{name}.bin"]
    assert f"{name} is in the bucket, read back and the same." in made.stdout
    assert (folder_of(pod) / f"{name}.bin").read_bytes().startswith(b"RCLONE\0\0")
    (pod.backups / name).unlink()
    listed = pod.job("list")
    assert f"{name} " in listed.stdout
    assert "in the bucket only\nThe bucket has 1 backups of admin.\n" in listed.stdout
    pod.database.root("USE admin; DROP VIEW v; DELETE FROM t")
    back = pod.job("restore", name, "force")
    assert back.returncode == 0, back.stderr
    assert pod.database.root("SELECT * FROM admin.v") == "1"
    assert "verified" in pod.job("list").stdout.splitlines()[0]


def test_without_encryption_the_bucket_has_the_files_as_they_are(copied):
    pod = copied(encrypt=False)
    assert pod.job().returncode == 0
    [name] = in_bucket(pod)
    assert (folder_of(pod) / name).read_bytes() == (pod.backups / name).read_bytes()


def test_what_could_not_be_sent_is_in_the_volume_and_is_sent_by_the_next_job(copied):
    pod = copied()
    broken = pod.stand_in("rclone", f"case $* in *copyto*) {NO_ROUTE} ;; esac")
    failed = pod.job()
    assert failed.returncode
    [name] = pod.names()
    assert f"error: {name} cannot be sent to the bucket; it is in the volume: Failed: no route" in failed.stderr
    assert in_bucket(pod) == []
    broken.unlink()
    time.sleep(1)
    assert pod.job().returncode == 0
    assert in_bucket(pod) == sorted(f"{each}.bin" for each in pod.names())
    assert len(pod.names()) == 2


def test_a_copy_that_reads_back_otherwise_gets_no_backups_name_and_nothing_old_goes(copied):
    pod = copied(keep=1)
    assert pod.job().returncode == 0
    before = in_bucket(pod)
    pod.stand_in("rclone", 'case $* in *" cat "*) echo x; exit 0 ;; esac')
    time.sleep(1)
    failed = pod.job()
    assert failed.returncode
    assert "read back from the bucket, is not what was sent" in failed.stderr
    assert in_bucket(pod) == before


def test_the_bucket_keeps_so_many_and_all_that_are_young_and_nothing_of_others_goes(copied):
    pod = copied(keep=2, keep_days=30, encrypt=False)
    recent = time.strftime("%Y%m%d", time.gmtime(time.time() - 10 * 86400))
    old = [f"admin-2020010{day}T000000Z.sql.gz" for day in (1, 2, 3)]
    others = ["admin-old-20200101T000000Z.sql.gz", "README", "admin2-20200101T000000Z.sql.gz"]
    young = [f"admin-{recent}T00000{number}Z.sql.gz" for number in range(3)]
    for name in (*old, *others, *young):
        (folder_of(pod) / name).write_bytes(gzip.compress(b"x"))
        (folder_of(pod) / name).chmod(0o666)
    made = pod.job()
    assert made.returncode == 0, made.stderr
    [new] = pod.names()
    assert in_bucket(pod) == sorted([*others, *young, new])


def test_a_bucket_that_cannot_be_read_stops_no_list_and_no_restore_of_what_the_volume_has(copied):
    pod = copied()
    assert pod.job().returncode == 0
    [name] = pod.names()
    pod.stand_in("rclone", f'[ "$1" = obscure ] || {NO_ROUTE}')
    listed = pod.job("list")
    assert listed.returncode == 0, listed.stderr
    assert name in listed.stdout
    assert "The bucket is not known: the bucket cannot be read: Failed: no route" in listed.stdout
    assert pod.job("restore", name, "force").returncode == 0
    other = name.replace("admin-2", "admin-1")
    assert "the bucket cannot be read" in pod.job("restore", other, "force").stderr


def test_a_secret_without_the_password_for_encryption_says_what_to_do(copied):
    pod = copied()
    del pod.database.secrets["s3"]["encryption-password"]
    failed = pod.job()
    assert "no value for the key encryption-password" in failed.stderr
    assert len(pod.names()) == 1


def new_database(pod: Callable[..., DatabasePod], source: BackupPod, **given: Any) -> DatabasePod:
    """A database in another cluster that begins with the backups of the first."""
    restore = {"s3": {**S3, "prefix": PREFIX}, **given}
    made = pod(source.shell, begin=False, restore_from=restore, secrets={"s3": {**SECRET}})
    made.bucket = source.bucket
    return made


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_database_begins_with_the_newest_backup_and_its_accounts_are_those_of_its_inputs(copied, pod, shell):
    source = copied(shell)
    source.database.root(f"USE admin; {everything(shell)}")
    objects, rows = source.database.root(OBJECTS), "SELECT SHA2(b, 256) FROM admin.big; SELECT * FROM admin.a_view"
    content = source.database.root(rows)
    assert source.job().returncode == 0
    other = new_database(pod, source)
    other.start()
    assert (other.root(OBJECTS), other.root(rows)) == (objects, content)
    assert other.root("SELECT user FROM mysql.user WHERE user NOT LIKE 'mysql.%' ORDER BY 1") == "admin\nroot"
    assert other.app("SELECT * FROM c").returncode == 0
    # Data that is there already stays.
    other.app("INSERT INTO p VALUES (9, 9)")
    other.restart()
    assert other.root("SELECT COUNT(*) FROM admin.p WHERE a = 9") == "1"
    assert sorted(path.name for path in (other.folder / "data").iterdir()) == ["data", "tmp"]


def test_a_new_database_begins_with_an_older_backup_where_a_time_is_said(copied, pod):
    source = copied()
    source.database.root(f"USE admin; {SMALL}")
    assert source.job().returncode == 0
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    source.database.root("DELETE FROM admin.t")
    assert source.job().returncode == 0
    other = new_database(pod, source, time=moment)
    other.start()
    assert other.root("SELECT * FROM admin.t") == "1"


def test_without_a_backup_no_empty_database_starts_and_without_restore_from_one_does(copied, pod):
    source = copied()
    other = new_database(pod, source)
    failed = other.initialize()
    assert failed.returncode
    assert "error: the bucket has no backup of admin in acme/shop/mysqlauth" in failed.stderr
    other.declare()
    other.start()
    assert other.ready
    assert other.root("SHOW TABLES FROM admin") == ""


@pytest.mark.parametrize("step", [3, 6, 9, 12])
def test_a_load_that_was_killed_begins_anew(copied, pod, step):
    source = copied()
    source.database.root(f"USE admin; {SMALL}")
    assert source.job().returncode == 0
    other = new_database(pod, source)
    calls = other.folder / "calls"
    calls.write_text("")
    calls.chmod(0o666)
    other.stand_in("mysql", f'echo x >> {calls}; [ "$(wc -l < {calls})" -ne {step} ] || kill -KILL 0')
    assert other.initialize().returncode
    assert (other.folder / "data/data/kubeauth-unfilled").exists()
    other.start()
    assert other.root("SELECT * FROM admin.v") == "1"
