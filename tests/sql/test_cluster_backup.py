"""The jobs of a MySqlCluster's backups, with a bare mysqld as each of its servers and a stand-in for Vitess' client."""

from collections.abc import Callable
from typing import cast

import pytest

from components import MySqlCluster, MySqlClusterArgs
from components.mysql_cluster import authority
from tests.unit.recorder import deploy

from .cluster import certify, join
from .pods import BackupPod, beside, secrets_of
from .programs import SHELLS

ARGS = cast(
    MySqlClusterArgs,
    {
        "namespace": "shop", "password": "app-pw", "image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16",
        "backup": {"schedule": "@daily"},
    },
)  # fmt: skip
CONTENT = """
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(64));
INSERT INTO users VALUES (1, 'Jörg'), (2, NULL);
CREATE VIEW named AS SELECT id FROM users WHERE name IS NOT NULL;
CREATE TRIGGER upper BEFORE INSERT ON users FOR EACH ROW SET NEW.name = UPPER(NEW.name);
"""
Make = Callable[..., BackupPod]


@pytest.fixture
def several(pod) -> Make:
    """Makes a server with replication's settings and the jobs of a cluster; it stands for every server of that."""

    def make(shell: str = "bash") -> BackupPod:
        database = pod(shell, settings={"gtid_mode": "ON", "enforce_gtid_consistency": "ON"})
        made = BackupPod(database, beside(database))
        made.recorder = deploy(lambda: MySqlCluster("mysqlauth", ARGS))
        made.secrets = secrets_of(made.recorder)
        made.script['  options "$SET-$(($1 - BASE)).$DOMAIN" "$2"'] = '  options 127.0.0.1 "$2"'
        join(made, database, made.secrets)
        return made

    return make


def asked(jobs: BackupPod) -> str:
    return (jobs.folder / "asked").read_text()


def backup_of(jobs: BackupPod) -> str:
    done = jobs.job()
    assert done.returncode == 0, done.stdout + done.stderr
    [name] = jobs.names()
    assert f"{name} " in done.stdout
    assert " verified " in done.stdout
    return name


def value(jobs: BackupPod, sql: str) -> str:
    return jobs.database.root(f"USE admin; {sql}")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_backup_is_read_from_a_replica_and_put_back_with_all_that_was_there(several, shell):
    jobs = several(shell)
    value(jobs, CONTENT)
    name = backup_of(jobs)
    calls = jobs.calls.read_text()
    assert "replica.cnf --batch --raw --skip-column-names" in calls
    value(jobs, "DELETE FROM users; DROP VIEW named; DROP TRIGGER upper")
    done = jobs.job("restore", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert value(jobs, "SELECT id, name FROM users ORDER BY id") == "1\tJörg\n2\tNULL"
    assert value(jobs, "SELECT * FROM named; SELECT COUNT(*) FROM information_schema.triggers") >= "1\n1"
    assert "ReloadSchemaKeyspace admin" in asked(jobs), "the gateways hear of it"


def test_without_a_replica_that_answers_the_primary_is_read_and_that_is_said(several):
    jobs = several()
    value(jobs, CONTENT)
    program = jobs.folder / "bin" / "vtctldclient"
    program.write_text(program.read_text().replace("echo 'zone1-", "exit 1; echo 'zone1-"))
    done = jobs.job()
    assert done.returncode == 0, done.stderr
    assert "the primary is read" in done.stderr
    assert " verified " in done.stdout


def test_without_a_primary_nothing_begins_and_that_is_said(several, monkeypatch):
    jobs = several()
    jobs.script["  tries=60"] = "  tries=2"
    program = jobs.folder / "bin" / "vtctldclient"
    program.write_text(program.read_text().replace("""echo '"uid": 100'""", "exit 1"))
    done = jobs.job()
    assert done.returncode == 1
    assert "there is no primary" in done.stderr
    assert jobs.names() == []


def test_a_server_with_the_certificate_of_another_authority_gets_no_password(several):
    jobs = several()
    jobs.script["  tries=60"] = "  tries=2"
    certify(jobs.database, authority.key())
    done = jobs.job()
    assert done.returncode == 1
    assert "SSL connection error" in done.stderr
    assert jobs.names() == []


def test_the_account_is_made_once_with_the_rights_of_one_servers_and_only_with_tls(several):
    jobs = several()
    value(jobs, CONTENT)
    backup_of(jobs)
    first = asked(jobs).count("ExecuteFetchAsDBA")
    assert first == 6
    assert jobs.job("list").returncode == 0
    assert asked(jobs).count("ExecuteFetchAsDBA") == first, "a second job finds it"
    rights = jobs.database.root("SHOW GRANTS FOR kubeauth_backup@'%'")
    assert "GRANT USAGE ON *.*" in rights
    assert "ON `admin`.*" in rights
    assert r"`admin\\_\\_restore`" in rights
    assert r"`admin\\_\\_before\\_%`" in rights
    assert jobs.database.root("SELECT ssl_type FROM mysql.user WHERE user = 'kubeauth_backup'") == "ANY"


def test_another_password_in_the_secret_is_given_to_the_account(several):
    jobs = several()
    value(jobs, CONTENT)
    backup_of(jobs)
    for files in jobs.secrets.values():
        if "backup-password" in files:
            files["backup-password"] = "0123456789abcdef"
    done = jobs.job("list")
    assert done.returncode == 0, done.stderr
    assert " verified " in done.stdout


def test_what_one_server_held_runs_as_the_account_of_several_once_it_is_restored(several):
    jobs = several()
    value(jobs, "CREATE USER old@'%'; GRANT ALL ON admin.* TO old@'%';" + CONTENT)
    value(jobs, "ALTER DEFINER = old@'%' VIEW named AS SELECT id FROM users WHERE name IS NOT NULL")
    value(jobs, "CREATE DEFINER = old@'%' EVENT later ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM users")
    value(jobs, "CREATE DEFINER = old@'%' FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1")
    name = backup_of(jobs)
    done = jobs.job("restore", name, "force")
    assert done.returncode == 0, done.stdout + done.stderr
    definers = """SELECT definer FROM information_schema.views WHERE table_schema = 'admin' UNION
      SELECT definer FROM information_schema.routines WHERE routine_schema = 'admin' UNION
      SELECT definer FROM information_schema.triggers WHERE trigger_schema = 'admin' UNION
      SELECT definer FROM information_schema.events WHERE event_schema = 'admin'"""
    assert value(jobs, definers) == "vt_app@localhost"


@pytest.mark.parametrize("where", ["the backup", "the schema"])
def test_a_table_that_replication_cannot_move_is_refused_by_name_and_nothing_changes(several, where):
    jobs = several()
    value(jobs, CONTENT + ("CREATE TABLE notes (id INT) ENGINE=MyISAM;" if where == "the backup" else ""))
    name = backup_of(jobs)
    value(jobs, "CREATE TABLE IF NOT EXISTS notes (id INT) ENGINE=MyISAM; INSERT INTO users VALUES (3, 'new')")
    if where == "the backup":
        value(jobs, "DROP TABLE notes")
    done = jobs.job("restore", name, "force")
    assert done.returncode == 1
    assert "not InnoDB: notes; nothing was changed" in done.stderr
    assert value(jobs, "SELECT COUNT(*) FROM users") == "3"
    assert jobs.database.root("SHOW DATABASES LIKE 'admin\\_\\_%'") == ""


def test_a_restore_that_was_killed_is_undone_or_finished_by_the_next_job(several):
    jobs = several()
    value(jobs, CONTENT)
    name = backup_of(jobs)
    value(jobs, "INSERT INTO users VALUES (3, 'new')")
    seen: set[str] = set()
    total = len(jobs.calls.read_text().splitlines())
    for at in range(20, total + 40, 25):
        jobs.job("restore", name, "force", kill_at=at)
        done = jobs.job("list")
        assert done.returncode == 0, done.stderr
        done = jobs.job("drop_old")
        assert done.returncode == 0, done.stderr
        rows = value(jobs, "SELECT COUNT(*) FROM users")
        seen.add(rows)
        assert value(jobs, "SELECT COUNT(*) FROM named") in ("1", "2")
        if rows == "2":
            value(jobs, "INSERT INTO users VALUES (3, 'new')")
    assert seen == {"2", "3"}, "some kills come before the tables change places, some after"
