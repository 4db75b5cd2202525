"""Backups and restores against a real server: what comes back, and what an interrupt leaves."""

import gzip
import hashlib
import re
import threading
from pathlib import Path

import pytest

from components.mysql.backup import SCRATCH
from lab.faults.schemas import SCHEMA
from lab.faults.schemas import content as content_of

from .programs import SHELLS

SMALL = """
CREATE TABLE t (i INT PRIMARY KEY); INSERT INTO t VALUES (1);
CREATE VIEW v AS SELECT * FROM t; CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.i = NEW.i;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;
"""
#: Another content with the same names, `v` being a table.
OTHER = """
DROP TABLE t; DROP VIEW v; DROP EVENT e; CREATE TABLE v (i INT PRIMARY KEY); INSERT INTO v VALUES (7);
CREATE TRIGGER h BEFORE INSERT ON v FOR EACH ROW SET NEW.i = NEW.i; CREATE PROCEDURE q() SELECT 2;
"""


def everything(shell):
    """SCHEMA; without its large row for dash, whose tools are those of bash: no shell sees a row, only the tools do."""
    return SCHEMA.replace("40 * 1024 * 1024", "40") if shell == "dash" else SCHEMA


def inside(jobs, schema, sql):
    return jobs.database.root(f"USE `{schema}`; {sql}")


def admin(jobs, sql):
    return inside(jobs, "admin", sql)


def content(jobs):
    return content_of(jobs.database.root)


def schemas(jobs):
    return [name for name in jobs.database.root("SHOW DATABASES").splitlines() if name.startswith("admin")]


def made(jobs):
    done = jobs.job("backup")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


@pytest.mark.parametrize("shell", SHELLS)
def test_everything_comes_back_and_the_old_content_is_kept(jobs, shell):
    jobs = jobs(shell)
    admin(jobs, everything(shell))
    wanted, name = content(jobs), made(jobs)
    assert re.fullmatch(rf"{name} \d+ verified \S+Z", jobs.job("list").stdout.splitlines()[0])
    admin(jobs, "DROP TABLE c; DROP PROCEDURE commented; DROP EVENT each_second; "
                "CREATE TABLE later (i INT PRIMARY KEY); INSERT INTO later VALUES (8);"
                "CREATE VIEW later_view AS SELECT * FROM later")  # fmt: skip
    refused = jobs.job("restore", name)
    assert (refused.returncode, "the schema admin has rows; nothing was changed" in refused.stderr) == (1, True)
    done = jobs.job("restore", name, "force")
    assert done.returncode == 0, done.stderr
    assert content(jobs) == wanted
    _, kept = schemas(jobs)
    assert f"{kept} holds the content from before" in done.stdout
    assert jobs.database.root(f"TABLE {kept}.later") == "8"
    assert kept in jobs.job("list").stdout
    # Foreign keys hold, events run, the server's own settings are as before.
    refused = jobs.database.app("INSERT INTO c (i, a) VALUES (9, 9)")
    assert "foreign key constraint fails" in refused.stderr
    assert jobs.database.root("SELECT @@max_allowed_packet, @@log_bin_trust_function_creators") == "67108864\t0"
    assert jobs.job("drop_old").returncode == 0
    assert schemas(jobs) == ["admin"]
    assert made(jobs) in jobs.names()


def test_an_empty_schema_and_an_empty_database_are_restored_without_force(jobs):
    jobs = jobs()
    empty = made(jobs)
    admin(jobs, "CREATE TABLE t (i INT PRIMARY KEY); INSERT INTO t VALUES (1)")
    assert jobs.job("restore", empty, "force").returncode == 0
    assert admin(jobs, "SHOW TABLES") == ""
    full = jobs.job("list").stdout.splitlines()
    assert any("__before_" in line for line in full)


def test_each_schema_has_backups_of_its_own_and_one_that_fails_ends_no_other(jobs):
    # The names are such that a pattern of one would match another's, or that what a restore makes would meet.
    long = ["x" * 60 + end for end in ("_a", "_b")]
    jobs = jobs(schemas=[{"name": name} for name in ("admin-x", *long)])
    for name in ("admin", "admin-x", *long):
        inside(jobs, name, "CREATE TABLE t (x VARCHAR(64)); INSERT INTO t VALUES (DATABASE())")
    jobs.database.root("REVOKE ALL ON `admin-x`.* FROM kubeauth_backup")
    done = jobs.job("backup")
    assert done.returncode == 1, "a job that misses a schema has failed"
    assert "error: the schema admin-x cannot be read: ERROR 1044 (42000): Access denied" in done.stderr
    made = {line.split()[0].rpartition("-")[0]: line.split()[0] for line in done.stdout.splitlines()}
    assert sorted(made) == ["admin", *long]
    for name in long:
        inside(jobs, name, "DELETE FROM t")
        assert jobs.job("restore", made[name]).returncode == 0
        assert inside(jobs, name, "SELECT x FROM t") == name
    listed = jobs.job("list").stdout
    assert listed.count("holds what a restore replaced") == 2
    assert jobs.job("drop_old").returncode == 0
    assert "x__before" not in jobs.database.root("SHOW DATABASES")


def test_two_hundred_tables_and_a_server_that_demands_primary_keys(jobs):
    jobs = jobs(settings={"sql_require_primary_key": "ON"}, backup={"verify": False})
    admin(jobs, "".join(f"CREATE TABLE t{number} (i INT PRIMARY KEY);" for number in range(200)))
    wanted, name = content(jobs), made(jobs)
    admin(jobs, "DROP TABLE t7")
    done = jobs.job("restore", name)
    assert done.returncode == 0, done.stderr
    assert content(jobs) == wanted


def test_an_interrupt_leaves_the_old_or_the_new_schema_whole_and_the_next_job_cleans_up(jobs):
    jobs = jobs(backup={"verify": False, "keep": 1000})
    admin(jobs, SMALL)
    new, name = content(jobs), made(jobs)
    admin(jobs, OTHER)
    old = content(jobs)
    jobs.job("restore", name, "force")
    calls = len(jobs.calls.read_text().splitlines())
    assert content(jobs) == new
    seen = set()
    for moment in range(4, calls + 1, 7):
        jobs.job("drop_old")
        admin(
            jobs, "DROP TABLE IF EXISTS t, v; DROP VIEW IF EXISTS v; DROP EVENT IF EXISTS e; DROP PROCEDURE IF EXISTS q"
        )
        admin(jobs, SMALL + OTHER)
        assert content(jobs) == old
        assert jobs.job("restore", name, "force", kill_at=moment).returncode == -9, moment
        done = jobs.job("backup")
        assert done.returncode == 0, (moment, done.stderr)
        found = content(jobs)
        assert found in (old, new), moment
        assert "admin__restore" not in schemas(jobs)
        seen.add(found)
    assert seen == {old, new}


def test_what_a_dead_server_left_half_done_is_finished(jobs):
    jobs = jobs(backup={"verify": False})
    admin(jobs, SMALL)
    wanted, name = content(jobs), made(jobs)
    assert jobs.job("restore", name, "force").returncode == 0
    [kept] = [schema for schema in schemas(jobs) if "before" in schema]
    jobs.database.root(f"UPDATE {kept}.kubeauth_restore SET done = 0; DROP TRIGGER admin.g; DROP VIEW admin.v")  # noqa: S608
    done = jobs.job("backup")
    assert "A restore that did not finish was finished" in done.stderr
    assert content(jobs) == wanted


def test_a_table_in_use_ends_the_restore_and_changes_nothing(jobs):
    jobs = jobs(backup={"verify": False})
    jobs.script = {"patience=20": "patience=1"}
    admin(jobs, SMALL)
    name = made(jobs)
    admin(jobs, OTHER)
    wanted = content(jobs)
    user = threading.Thread(target=jobs.database.app, args=("BEGIN; SELECT * FROM v; SELECT SLEEP(20)",))
    user.start()
    done = jobs.job("restore", name, "force")
    user.join()
    assert done.returncode == 1
    assert "a table is in use for longer than 1 s, or cannot be moved; nothing was changed" in done.stderr
    assert (content(jobs), schemas(jobs)) == (wanted, ["admin"])
    assert jobs.database.root("SELECT @@max_allowed_packet, @@log_bin_trust_function_creators") == "67108864\t0"
    assert jobs.job("backup").returncode == 0


def test_what_is_not_a_whole_backup_changes_nothing(jobs):
    jobs = jobs(backup={"verify": False})
    admin(jobs, SMALL)
    name, wanted = made(jobs), content(jobs)
    path = jobs.backups / name
    whole = path.read_bytes()
    for damaged in (whole[:-9], gzip.compress(gzip.decompress(whole)[:-20]), b"", gzip.compress(b"DROP TABLE t;\n")):
        path.write_bytes(damaged)
        assert f"{name} is damaged" in jobs.job("restore", name, "force").stderr
    path.write_bytes(gzip.compress(b"CREATE TABLE t (i INT);\n-- Dump completed\n"))
    assert f"{name} was made by an earlier version of kubeauth" in jobs.job("restore", name, "force").stderr
    for wrong in ("", "admin-20260102T030000Z.sql.gz", "../secrets/backup-password", "admin-.*", "-e"):
        assert "there is no backup" in jobs.job("restore", wrong, "force").stderr
    assert (content(jobs), schemas(jobs)) == (wanted, ["admin"])


def test_a_backup_that_cannot_be_loaded_changes_nothing(jobs):
    jobs = jobs(backup={"verify": False})
    admin(jobs, SMALL)
    name, wanted = made(jobs), content(jobs)
    path = jobs.backups / name
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace("CREATE TABLE `t`", "CREATE TABEL `t`").encode()))
    assert "the backup cannot be loaded" in jobs.job("restore", name, "force").stderr
    assert (content(jobs), schemas(jobs)) == (wanted, ["admin"])


def test_a_lock_of_a_killed_job_that_names_another_process_stops_no_backup(jobs):
    """The numbers of the next container's processes begin anew, so that its lock may name any of them."""
    jobs = jobs()
    made(jobs)
    lock = Path(jobs.here([SCRATCH])[0]) / "copy.sock.lock"
    lock.write_text(f"{jobs.database.pid}\n")
    done = jobs.job("backup")
    assert done.returncode == 0, done.stderr


def test_a_server_that_ends_while_a_backup_is_loaded_is_told_and_the_next_job_cleans_up(jobs):
    jobs = jobs(backup={"verify": False})
    admin(jobs, SMALL)
    wanted, name = content(jobs), made(jobs)
    loaded = '  [ ! -s "$scratch/error" ] || refuse "the backup cannot be loaded: $(cat "$scratch/error")"'
    jobs.script[loaded] = f'  kill -KILL {jobs.database.pid}; refuse "the backup cannot be loaded: Lost connection"'
    refused = jobs.job("restore", name, "force")
    assert refused.returncode
    assert "error: the backup cannot be loaded: Lost connection; nothing was changed" in refused.stderr
    jobs.script.clear()
    jobs.database.restart()
    assert jobs.job("drop_old").returncode == 0
    assert (content(jobs), schemas(jobs)) == (wanted, ["admin"])


def test_invalid_views_and_other_engines_are_named_with_the_backup(jobs):
    jobs = jobs()
    admin(jobs, "CREATE TABLE m (i INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE gone (i INT PRIMARY KEY);"
                "CREATE VIEW `bad \"view` AS SELECT * FROM gone; "
                "CREATE VIEW good AS SELECT * FROM m; DROP TABLE gone")  # fmt: skip
    name = made(jobs)
    listed = jobs.job("list").stdout
    assert "warning: table m is not InnoDB" in listed
    assert "warning: a view is not in the backup: View 'admin.bad \"view' references invalid" in listed
    admin(jobs, "DROP VIEW good")
    done = jobs.job("restore", name, "force")
    assert done.returncode == 0, done.stderr
    assert admin(jobs, "SELECT table_name FROM information_schema.views WHERE table_schema = 'admin'") == "good"


def test_a_volume_too_small_to_check_with_keeps_earlier_backups(jobs):
    jobs = jobs()
    name = made(jobs)
    jobs.script = {"verify=yes": "verify=yes\ndf() { printf 'x\\nx 1 1 2048 1 x\\n'; }"}
    done = jobs.job("backup")
    assert "needs about 200 MiB free and has 2; earlier backups are as they were" in done.stderr
    assert jobs.names() == [name]


def test_the_application_cannot_log_in_as_the_account_for_backups(jobs):
    jobs = jobs()
    [secret] = [each for name, each in jobs.database.secrets.items() if "backup-password" in each]
    account = {"username": "kubeauth_backup"}
    assert jobs.database.app("SELECT 1", **account, password=secret["backup-password"]).returncode == 0
    derived = hashlib.sha256(b"backup app-pw").hexdigest()
    for guess in ("app-pw", derived):
        assert "Access denied" in jobs.database.app("SELECT 1", **account, password=guess).stderr
    for statement in ("SELECT * FROM mysql.user", "CREATE DATABASE other", "CREATE USER x"):
        assert "denied" in jobs.database.app(statement, **account, password=secret["backup-password"]).stderr
