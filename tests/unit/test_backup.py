"""Backups: the children, what they may do, and the script of their pod against stand-ins for MySQL's programs."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from components import MySqlDatabase, MySqlDatabaseArgs
from components.mysql import backup_inputs, backup_script

from .recorder import MINE, Recorder, deploy

REQUIRED: dict[str, Any] = {"namespace": "shop", "password": "app-pw", "backup": {"schedule": "0 3 * * *"}}
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
DUMP = "CREATE TABLE a;\nINSERT INTO a;\n-- Dump completed\n"


def database(**given: Any) -> Recorder:
    return deploy(lambda: MySqlDatabase("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, **given})))


def cronjob(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("CronJob", "mysqlauth-backup").inputs["spec"]


def pod(recorder: Recorder) -> dict[str, Any]:
    return cronjob(recorder)["jobTemplate"]["spec"]["template"]


def test_the_children_that_a_backup_adds():
    without = deploy(lambda: MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw"}))
    assert sorted(set(database().tree()) - set(without.tree())) == [
        ("CronJob", "mysqlauth-backup", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-backup", "mysqlauth"),
        ("PersistentVolumeClaim", "mysqlauth-backups", "mysqlauth"),
    ]


def test_jobs_never_overlap_and_always_end():
    spec = cronjob(database())
    template = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": "0 3 * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    assert (template["backoffLimit"], template["activeDeadlineSeconds"]) == (2, 3600)


def test_the_pod_is_restricted_and_bounded():
    spec = pod(database())["spec"]
    (container,) = spec["containers"]
    assert (spec["automountServiceAccountToken"], spec["restartPolicy"]) == (False, "Never")
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "512Mi"}


def test_no_password_is_in_the_pod_and_its_secret_is_the_clients():
    recorder = database()
    spec = pod(recorder)["spec"]
    assert "app-pw" not in repr(spec)
    assert [entry["name"] for entry in spec["containers"][0]["env"]] == ["DATABASE_HOST"]
    name = recorder.one("MySqlDatabase", "mysqlauth").outputs["credentialsSecretName"]
    assert spec["volumes"][1]["projected"]["sources"] == [{"secret": {"name": name}}]


def test_the_databases_service_does_not_find_the_backups_pod():
    recorder = database(labels={"team": "a"})
    labels = pod(recorder)["metadata"]["labels"]
    assert labels["name"] == "mysqlauth-backup-selector"
    assert recorder.one("Service", "mysqlauth-service").inputs["spec"]["selector"] == {"name": "mysqlauth-selector"}
    assert labels["team"] == "a"


def test_traffic_goes_to_dns_and_the_database_only_and_is_let_in_there():
    recorder = database(clients=[{"pod_labels": {"app": "other"}}])
    ours = recorder.one("NetworkPolicy", "mysqlauth-backup").inputs["spec"]
    assert ours["podSelector"] == {"matchLabels": {"name": "mysqlauth-backup-selector"}}
    assert ours["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in ours
    dns, server = ours["egress"]
    assert [port["port"] for port in dns["ports"]] == [53, 53]
    assert server == {
        "to": [{"podSelector": {"matchLabels": {"name": "mysqlauth-selector"}}}],
        "ports": [{"port": 3306, "protocol": "TCP"}],
    }
    peers = recorder.one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": {"name": "mysqlauth-backup-selector"}}} in peers


@pytest.mark.parametrize(("retain", "protect"), [(True, True), (False, False)])
def test_backups_are_protected_as_the_data_is(retain, protect):
    claim = database(retain_data=retain).one("PersistentVolumeClaim", "mysqlauth-backups")
    assert claim.protect is protect
    # With many storage classes the claim stays pending until the first job.
    assert claim.inputs["metadata"]["annotations"] == {**MINE, "pulumi.com/skipAwait": "true"}


def test_options():
    given = {"schedule": "@daily", "keep": 3.0, "storage_size": "5Gi", "storage_class": "slow"}
    recorder = database(backup=given, port=3307)
    assert cronjob(recorder)["schedule"] == "@daily"
    claim = recorder.one("PersistentVolumeClaim", "mysqlauth-backups").inputs["spec"]
    assert (claim["resources"], claim["storageClassName"]) == ({"requests": {"storage": "5Gi"}}, "slow")
    text = pod(recorder)["spec"]["containers"][0]["command"][2]
    assert "\nkeep=3\n" in text
    assert "\nport=3307\n" in text


@pytest.mark.parametrize(
    "schedule", ["* * * * *", "*/15 0-6,20 1 jan-mar MON", "@weekly", "0 3 * * 0", "5/10 1-23/2 * * sat,sun"]
)
def test_good_schedules(schedule):
    assert backup_inputs.cron("schedule", schedule) == []


@pytest.mark.parametrize(
    "schedule", ["", "daily", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *",
                 "* * * * 8", "* * * * * *", "@reboot", "1,,2 * * * *", "*-5 * * * *", "TZ=UTC 0 3 * * *", 7],
)  # fmt: skip
def test_bad_schedules(schedule):
    (error,) = backup_inputs.cron("schedule", schedule)
    assert "five fields of cron" in error.rule


class Pod:
    """The script with stand-ins on PATH: mysqldump prints a file, mysql notes the SQL and answers from a table."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.backups, self.dump, self.sql, self._shell = folder / "backups", folder / "dump", folder / "sql", shell
        self._secrets, bin_, self._tmp = folder / "secrets", folder / "bin", folder / "tmp"
        for path in (self.backups, self._secrets, bin_, self._tmp):
            path.mkdir()
        (self._secrets / "username").write_text("app")
        (self._secrets / "password").write_text("p'w")
        self.dump.write_text(DUMP)
        self.mark, self.rows, self.broken = folder / "mark", folder / "rows", folder / "broken"
        self._program(bin_ / "mysqldump", f"cat {self.dump}; [ ! -e {self.broken} ]")
        self._program(
            bin_ / "mysql",
            f"""text=$(cat); echo "$text" >> {self.sql}
case $text in
  *"SHOW TABLES"*) [ ! -e {self.mark} ] || echo marked ;;
  *"SELECT 1 FROM "*CONCAT*|*CONCAT*"SELECT 1 FROM "*) [ ! -e {self.broken} ] || exit 1; echo 'SELECT 1 FROM a;' ;;
  "SELECT 1 FROM a;") [ ! -e {self.rows} ] || echo 1 ;;
esac""",  # noqa: S608 - a stand-in for MySQL
        )
        self._path = f"{bin_}{os.pathsep}{os.environ['PATH']}"

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        folders = {"secrets": str(self._secrets), "folder": str(self.backups), "scratch": str(self._tmp)}
        text = backup_script.script("app", **folders, port=3306, keep=2, seconds=3600)
        env = {"PATH": self._path, "DATABASE_HOST": "db", "HOSTNAME": "pod"}
        return subprocess.run([self._shell, "-c", text, "backup", *arguments], env=env, capture_output=True, text=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir())

    def old(self, *days: str) -> list[str]:
        names = [f"app-202601{day}T030000Z.sql.gz" for day in days]
        for name in names:
            (self.backups / name).write_bytes(gzip.compress(DUMP.encode()))
        return names


@pytest.fixture(params=SHELLS)
def job(request, tmp_path) -> Pod:
    return Pod(tmp_path, request.param)


def test_a_backup_is_whole_and_the_oldest_go(job):
    old = job.old("01", "02", "03")
    (job.backups / "notes.txt").write_text("somebody's")
    done = job.run("backup")
    assert done.returncode == 0, done.stderr
    name, size = done.stdout.split()
    assert job.names() == sorted([old[2], name, "notes.txt"])
    assert gzip.decompress((job.backups / name).read_bytes()).decode() == DUMP
    assert int(size) == (job.backups / name).stat().st_size


def test_an_incomplete_dump_gets_no_name_and_removes_nothing(job):
    old = job.old("01", "02", "03")
    job.dump.write_text("CREATE TABLE a;\n")
    done = job.run("backup")
    assert done.returncode != 0
    assert "error: the dump is not complete; earlier backups are as they were" in done.stderr
    assert job.names() == old


def test_no_backup_is_made_of_a_half_restored_schema(job):
    old = job.old("01", "02", "03")
    job.mark.touch()
    done = job.run("backup")
    assert done.returncode != 0
    assert "a restore did not finish" in done.stderr
    assert job.names() == old


def test_a_restore_of_an_empty_schema(job):
    (name,) = job.old("01")
    done = job.run("restore", name)
    assert done.returncode == 0, done.stderr
    sql = job.sql.read_text()
    assert sql.index("CREATE TABLE IF NOT EXISTS kubeauth_restore") < sql.index("INSERT INTO a")
    assert sql.index("INSERT INTO a") < sql.index("DROP TABLE kubeauth_restore")


def test_a_restore_over_rows_needs_force(job):
    (name,) = job.old("01")
    job.rows.touch()
    refused = job.run("restore", name)
    assert refused.returncode != 0
    assert "error: the schema app has rows; nothing was changed" in refused.stderr
    assert "CREATE TABLE IF NOT EXISTS" not in job.sql.read_text()
    assert job.run("restore", name, "force").returncode == 0


def test_a_question_that_fails_is_not_an_empty_schema(job):
    (name,) = job.old("01")
    job.broken.touch()
    done = job.run("restore", name)
    assert done.returncode != 0
    assert "CREATE TABLE IF NOT EXISTS" not in job.sql.read_text()


def test_a_restore_that_did_not_finish_can_be_run_again_without_force(job):
    (name,) = job.old("01")
    job.rows.touch()
    job.mark.touch()
    assert job.run("restore", name).returncode == 0


def test_a_restore_that_differs_from_its_backup_says_so_and_keeps_the_mark(job):
    (name,) = job.old("01")
    job.dump.write_text(DUMP.replace("INSERT", "REPLACE"))
    done = job.run("restore", name)
    assert done.returncode != 0
    assert "error: the schema is not what the backup holds" in done.stderr
    assert "error: the restore did not finish, the schema is incomplete; run it again" in done.stderr
    assert "DROP TABLE kubeauth_restore" not in job.sql.read_text()


@pytest.mark.parametrize("name", ["", "app-20260102T030000Z.sql.gz", "../secrets/password", "app-.*", "-e"])
def test_only_a_backup_is_restored(job, name):
    job.old("01")
    done = job.run("restore", name)
    assert done.returncode != 0
    assert "there is no backup" in done.stderr
    assert not job.sql.exists()


def test_a_damaged_backup_changes_nothing(job):
    (name,) = job.old("01")
    path = job.backups / name
    path.write_bytes(path.read_bytes()[:-9])
    done = job.run("restore", name)
    assert done.returncode != 0
    assert f"{name} is damaged; nothing was changed" in done.stderr
    assert not job.sql.exists()
