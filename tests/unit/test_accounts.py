"""The script of the pod, run by the shells that images have."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.mysql import accounts

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
passwords = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"]), min_size=1, max_size=60)
STATEMENTS = [
    "SET SESSION sql_mode = DEFAULT;",
    "CREATE DATABASE IF NOT EXISTS `my_app`;",
    "ALTER USER 'root'@'localhost' IDENTIFIED BY 'r\\\\t' ACCOUNT UNLOCK;",
    "CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'p''w' REQUIRE SSL;",
    "ALTER USER 'app'@'%' IDENTIFIED BY 'p''w' REQUIRE SSL ACCOUNT UNLOCK;",
    "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'app'@'%';",
    "GRANT ALTER, CREATE, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, UPDATE ON `my\\_app`.* TO 'app'@'%';",
    "DROP USER IF EXISTS 'kubeauth_backup'@'%';",
]


def written(
    files: dict[str, str], shell: str = SHELLS[0], *, tls: bool = True, backup: bool = False
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """What the script makes of a Secret's files: its run, init.sql and client.cnf."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "secrets"), Path(folder, "run")
        source.mkdir()
        target.mkdir()
        for key, value in files.items():
            (source / key).write_bytes(value.encode())
        script = accounts.script(
            "my_app", source=str(source), target=str(target), port=3306, require_tls=tls, backup=backup
        )
        done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False)
        sql, cnf = (
            path.read_bytes().decode() if path.exists() else "" for path in (target / "init.sql", target / "client.cnf")
        )
        for path in target.iterdir():
            assert path.stat().st_mode & 0o77 == 0, "passwords are for the server's own user"
        return done, sql, cnf


def mysql_reads(literal: str) -> str:
    """A string literal as MySQL reads it: '' and \\x for the two characters that the script changes."""
    assert literal[0] == literal[-1] == "'"
    body = literal[1:-1]
    assert re.fullmatch(r"(?:''|\\.|[^'\\])*", body, re.DOTALL), "the literal ends early"
    return re.sub(r"''|\\(.)", lambda match: match[1] or "'", body, flags=re.DOTALL)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_statements_that_mysqld_runs_at_every_start(shell):
    done, sql, cnf = written({"username": "app", "password": "p'w", "root-password": "r\\t"}, shell)
    assert done.returncode == 0, done.stderr
    assert sql.splitlines() == STATEMENTS
    assert cnf.splitlines() == [
        *("[client]", "host=127.0.0.1", "port=3306", "protocol=TCP", "ssl-mode=REQUIRED", 'user="app"'),
        *('password="p\'w"', "[mysql]", "database=my_app", "connect-timeout=3"),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_account_for_backups_has_its_schemas_and_a_password_of_its_own(shell):
    password = "b" * 64
    files = {"username": "app", "password": "p'w", "root-password": "r\\t", "backup-password": password}
    done, sql, _ = written(files, shell, backup=True)
    assert done.returncode == 0, done.stderr
    account = "'kubeauth_backup'@'%'"
    assert sql.splitlines() == [
        *STATEMENTS[:-1],
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{password}' REQUIRE SSL;",
        f"ALTER USER {account} IDENTIFIED BY '{password}' REQUIRE SSL ACCOUNT UNLOCK;",
        f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {account};",
        f"GRANT {accounts.BACKUP_PRIVILEGES} ON *.* TO {account};",
        *(
            f"GRANT ALL PRIVILEGES ON `{schema}`.* TO {account};"
            for schema in ("my\\_app", "my\\_app\\_\\_restore", "my\\_app\\_\\_before\\_%")
        ),
    ]


def test_without_a_root_password_root_is_locked():
    _, sql, _ = written({"username": "app", "password": "p'w"})
    assert sql.splitlines() == [*STATEMENTS[:2], "ALTER USER 'root'@'localhost' ACCOUNT LOCK;", *STATEMENTS[3:]]


def test_more_sql_comes_last():
    extra = "GRANT PROCESS ON *.* TO 'app'@'%';\n"
    _, sql, _ = written({"username": "app", "password": "p'w", "root-password": "r\\t", "init.sql": extra})
    assert sql.splitlines() == [*STATEMENTS, extra.strip()]


def test_where_tls_is_not_required_the_account_says_so():
    _, sql, _ = written({"username": "app", "password": "pw"}, tls=False)
    assert sql.count("REQUIRE NONE") == 2
    assert "REQUIRE SSL" not in sql


@settings(max_examples=60, deadline=None)
@given(passwords, st.sampled_from(SHELLS))
def test_no_password_ends_its_sql_string_or_changes_in_it(password, shell):
    done, sql, cnf = written({"username": "app", "password": password, "root-password": password}, shell)
    assert done.returncode == 0, done.stderr
    # Not splitlines: a password may hold characters that Python, not mysqld, takes for the end of a line.
    lines = sql.split("\n")
    assert len(lines) == len(STATEMENTS) + 1, "mysqld reads its file line by line"
    for line, end in ((lines[2], " ACCOUNT UNLOCK;"), (lines[3], " REQUIRE SSL;"), (lines[4], " REQUIRE SSL ACCOUNT")):
        assert mysql_reads(line.partition("IDENTIFIED BY ")[2].rpartition(end)[0]) == password
    assert 'password="' + password.replace("\\", "\\\\") + '"' in cnf.split("\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"username": "app"}, "the Secret has no value for the key password"),
        ({"username": "app", "password": ""}, "the Secret has no value for the key password"),
        ({"password": "pw"}, "the Secret has no value for the key username"),
        ({"username": "app", "password": "pw\n"}, "the key password of the Secret holds a line break"),
        ({"username": "app", "password": "pw", "root-password": "a\nb"}, "the key root-password of the Secret holds"),
        ({"username": "root", "password": "pw"}, "the account root is MySQL's own"),
        ({"username": "kubeauth_backup", "password": "pw"}, "the account kubeauth_backup is MySQL's own"),
        ({"username": "mysql.sys", "password": "pw"}, "the account mysql.sys is MySQL's own"),
    ],
)
def test_a_secret_that_somebody_else_made_is_checked_in_the_pod(shell, files, message):
    done, sql, _ = written(files, shell)
    assert done.returncode == 1
    assert f"error: {message}" in done.stderr
    assert sql == ""


@given(passwords, passwords)
def test_a_changed_secret_gets_another_name_and_an_unchanged_one_keeps_it(one, other):
    assert (accounts.fingerprint(one, "x") == accounts.fingerprint(other, "x")) == (one == other)


def test_two_instances_with_the_same_passwords_do_not_show_it():
    assert accounts.fingerprint("same", "one") != accounts.fingerprint("same", "other")
