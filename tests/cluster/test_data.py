"""Backup and restore as users type them; the kills are in test_faults.py (F6, F7, F8, F13)."""

import re

import pytest

from .conftest import System

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def stack(system: System):
    """The stack with backups."""
    system.run("pulumi", "config", "set", "mysqlBackupSchedule", "0 3 * * *")
    system.run("pulumi", "config", "set", "mysqlBackupKeep", "1")
    done = system.make("up")
    assert done.returncode == 0, done.stdout + done.stderr
    yield system
    system.run("pulumi", "config", "rm", "mysqlBackupSchedule")
    system.run("pulumi", "config", "rm", "mysqlBackupKeep")
    assert system.make("up").returncode == 0


def in_database(system: System, sql: str, script: str = "", *, ok: bool = True) -> str:
    command = script or "mysql --defaults-file=/run/mysqld/client.cnf --skip-column-names --batch"
    inside = ("exec", "-i", "deployment/mysqlauth-deployment", "-c", "mysqlauth-container", "--", "sh", "-c", command)
    return system.run("kubectl", "-n", "production-cloud", *inside, stdin=sql, ok=ok)


def restore(system: System, **variables: str):
    return system.make("restore", *(f"{key}={value}" for key, value in variables.items()))


def test_a_backup_is_listed_and_only_as_many_as_are_kept(stack):
    made = [stack.make("backup") for _ in range(2)]
    found = [re.search(r"(admin-\S+\.sql\.gz) \(([\d,]+) bytes\)", done.stderr) for done in made]
    assert all(found), [done.stderr for done in made]
    expected = [f"{match[1]} {match[2].replace(',', '')}" for match in found if match]
    listed = [" ".join(line.split()[:2]) for line in restore(stack).stdout.splitlines() if ".sql.gz " in line]
    assert listed == expected[1:]


def test_a_restore_replaces_rows_only_when_told_and_gives_the_same_tables(stack):
    in_database(
        stack,
        "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT, bytes BLOB, number DOUBLE);"
        "INSERT INTO parent (text, bytes, number) VALUES ('it''s \"ö€\\n;-- x', UNHEX('00FF27'), 0.1),"
        " ('-- Dump completed', NULL, 1e300);"
        "CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES parent (id)); INSERT INTO child VALUES (1);"
        "CREATE TABLE `odd ``na'me` (x INT); INSERT INTO `odd ``na'me` VALUES (1), (2);",
    )
    sums = "CHECKSUM TABLE parent, child, users, `odd ``na'me`; SHOW TABLES"
    wanted = in_database(stack, sums)
    assert stack.make("backup").returncode == 0
    newest = max(re.findall(r"admin-\S+\.sql\.gz", restore(stack).stdout))
    refused = restore(stack, BACKUP=newest)
    assert refused.returncode != 0
    assert "error: restore failed: the schema admin has rows; nothing was changed" in refused.stderr
    assert f"fix: to replace them: make restore STACK=dev BACKUP={newest} FORCE=1" in refused.stderr
    in_database(stack, "DELETE FROM child; DROP TABLE child, parent; CREATE TABLE later (x INT)")
    done = restore(stack, BACKUP=newest, FORCE="1")
    assert done.returncode == 0, done.stderr
    assert "holds the content from before" in done.stderr
    assert in_database(stack, sums) == wanted
    in_database(stack, "DROP TABLE child, parent, `odd ``na'me`")


def test_a_backup_that_is_not_there(stack):
    refused = restore(stack, BACKUP="admin-20200101T000000Z.sql.gz")
    assert refused.returncode != 0
    assert "there is no backup admin-20200101T000000Z.sql.gz" in refused.stderr
    assert "fix: make restore STACK=dev lists the backups" in refused.stderr
