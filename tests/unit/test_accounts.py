"""The script of the pod, run by the shells that images have."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.mysql import accounts

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
passwords = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"]), min_size=1, max_size=60)
POLICY = (
    "PASSWORD EXPIRE NEVER PASSWORD HISTORY 0 PASSWORD REUSE INTERVAL 0 DAY PASSWORD REQUIRE CURRENT OPTIONAL"
    " FAILED_LOGIN_ATTEMPTS 0 PASSWORD_LOCK_TIME 0"
)
WITH = "IDENTIFIED WITH caching_sha2_password BY"


def written(
    files: dict[str, str], shell: str = SHELLS[0], **given: Any
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """What the script makes of a Secret's files: its run, init.sql and client.cnf."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "secrets"), Path(folder, "run")
        source.mkdir()
        target.mkdir()
        for key, value in files.items():
            (source / key).write_bytes(value.encode())
        values = accounts.values("my_app", secrets=str(source), run=str(target), port=3306, **given)
        command = [shell, "-c", accounts.SCRIPT, "accounts", *values]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        sql, cnf, mark = (
            path.read_bytes().decode() if path.exists() else ""
            for path in (target / "init.sql", target / "client.cnf", target / "mark")
        )
        for path in target.iterdir():
            assert path.stat().st_mode & 0o77 == 0, "passwords are for the server's own user"
        return done, sql.replace(mark, "MARK") if mark else sql, cnf


def mysql_reads(literal: str) -> str:
    """A string literal as MySQL reads it: '' and \\x for the two characters that the script changes."""
    assert literal[0] == literal[-1] == "'"
    body = literal[1:-1]
    assert re.fullmatch(r"(?:''|\\.|[^'\\])*", body, re.DOTALL), "the literal ends early"
    return re.sub(r"''|\\(.)", lambda match: match[1] or "'", body, flags=re.DOTALL)


APP = {"username": "app", "password": "p'w", "root-password": "r\\t"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_accounts_of_every_start(shell):
    done, sql, cnf = written(APP, shell)
    assert done.returncode == 0, done.stderr
    assert [line for line in sql.splitlines() if "USER " in line and "kubeauth =" not in line] == [
        f"ALTER USER 'root'@'localhost' {WITH} 'r\\\\t' {POLICY} ACCOUNT UNLOCK;",
        "DROP USER IF EXISTS 'app'@'%', 'kubeauth_backup'@'%', 'kubeauth_metrics'@'%', 'kubeauth_server'@'localhost';",
        f"CREATE USER 'app'@'%' {WITH} 'p''w' REQUIRE SSL {POLICY} ATTRIBUTE '{{\"kubeauth\": \"the accounts\"}}';",
        "ALTER USER 'app'@'%' ATTRIBUTE '{\"kubeauth\": \"MARK\"}';",
    ]
    assert sql.splitlines()[0] == "SET SESSION sql_mode = '';", "quotation marks mean what they mean here"
    assert cnf.splitlines() == [
        *("[client]", "host=127.0.0.1", "port=3306", "protocol=TCP", "ssl-mode=REQUIRED", 'user="app"'),
        *('password="p\'w"', "[mysql]", "database=my_app", "connect-timeout=3"),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_account_for_backups_has_its_schemas_and_a_password_of_its_own(shell):
    password = "b" * 64
    done, sql, _ = written({**APP, "backup-password": password}, shell, backup=True)
    assert done.returncode == 0, done.stderr
    mine = "'kubeauth_backup'@'%'"
    assert [line for line in sql.splitlines() if "kubeauth_backup" in line][1:] == [
        f"CREATE USER {mine} {WITH} '{password}' REQUIRE SSL {POLICY} ATTRIBUTE '{{\"kubeauth\": \"\"}}';",
        f"GRANT {accounts.BACKUP_PRIVILEGES} ON *.* TO {mine};",
        *(
            f"SET @kubeauth = CONCAT('GRANT ALL PRIVILEGES ON `', IF(@@partial_revokes, '{name}', '{pattern}'), "
            "'`.* TO ', '''kubeauth_backup''@''%''');"
            for name, pattern in [
                ("my_app", r"my\\_app"),
                ("my_app__restore", r"my\\_app\\_\\_restore"),
                ("my_app__before_%", r"my\\_app\\_\\_before\\_%"),
            ]
        ),
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_account_for_metrics_has_no_right_and_few_connections(shell):
    password = "m" * 64
    done, sql, _ = written({**APP, "metrics-password": password}, shell, metrics=True)
    assert done.returncode == 0, done.stderr
    assert [line for line in sql.splitlines() if "kubeauth_metrics" in line][1:] == [
        f"CREATE USER 'kubeauth_metrics'@'%' {WITH} '{password}' REQUIRE SSL WITH MAX_USER_CONNECTIONS 3 {POLICY} "
        'ATTRIBUTE \'{"kubeauth": ""}\';'
    ]
    assert "CREATE USER 'kubeauth_metrics'" not in written(APP, shell)[1]


def test_without_a_root_password_root_is_locked():
    _, sql, _ = written({"username": "app", "password": "p'w"})
    assert "ALTER USER 'root'@'localhost' ACCOUNT LOCK;" in sql.splitlines()


def test_more_sql_comes_last_with_the_servers_own_mode_and_each_line_is_counted():
    _, sql, _ = written({**APP, "init.sql": "GRANT PROCESS ON *.* TO 'app'@'%';\n \nSELECT '\\\\';"})
    assert sql.splitlines()[-7:] == [
        "SET SESSION sql_mode = DEFAULT;",
        "ALTER USER 'app'@'%' ATTRIBUTE '{\"kubeauth\": \"line 1 of init_sql\"}';",
        "GRANT PROCESS ON *.* TO 'app'@'%';",
        "ALTER USER 'app'@'%' ATTRIBUTE '{\"kubeauth\": \"line 3 of init_sql\"}';",
        "SELECT '\\\\';",
        "SET SESSION sql_mode = '';",
        "ALTER USER 'app'@'%' ATTRIBUTE '{\"kubeauth\": \"MARK\"}';",
    ]


def test_where_tls_is_not_required_the_account_says_so():
    _, sql, _ = written({"username": "app", "password": "pw"}, require_tls=False)
    assert sql.count("REQUIRE NONE") == 1
    assert "REQUIRE SSL" not in sql


def test_only_where_a_certificate_may_be_renewed_an_account_makes_the_server_read_it():
    assert "CREATE USER 'kubeauth_server'" not in written(APP)[1]
    assert "GRANT CONNECTION_ADMIN ON *.* TO 'kubeauth_server'@'localhost';" in written(APP, certificate="/tls")[1]


@settings(max_examples=60, deadline=None)
@given(passwords, st.sampled_from(SHELLS))
def test_no_password_ends_its_sql_string_or_changes_in_it(password, shell):
    done, sql, cnf = written({"username": "app", "password": password, "root-password": password}, shell)
    assert done.returncode == 0, done.stderr
    # Not splitlines: a password may hold characters that Python, not mysqld, takes for the end of a line.
    lines = [line for line in sql.split("\n") if WITH in line]
    assert len(lines) == 2, "mysqld reads its file line by line"
    for line in lines:
        assert mysql_reads(re.split(f" (?:REQUIRE SSL )?{POLICY}", line.partition(f"{WITH} ")[2])[0]) == password
    # tests/sql/test_accounts.py reads it with MySQL's own reader.
    assert 'password="' + password.replace("\\", "\\\\").replace('"', '\\"') + '"' in cnf.split("\n")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"username": "app"}, "the Secret has no value for the key password"),
        ({"username": "app", "password": ""}, "the Secret has no value for the key password"),
        ({"password": "pw"}, "the Secret has no value for the key username"),
        ({"username": "app", "password": "pw\n"}, "the key password of the Secret holds a line break"),
        ({"username": "app", "password": "pw", "root-password": "a\nb"}, "the key root-password of the Secret holds"),
        ({"username": "app", "password": "ä" * 128}, "the key password of the Secret holds more than 255 bytes"),
        ({"username": "root", "password": "pw"}, "the account root is MySQL's or"),
        ({"username": "kubeauth_backup", "password": "pw"}, "the account kubeauth_backup is MySQL's or"),
        ({"username": "mysql.sys", "password": "pw"}, "the account mysql.sys is MySQL's or"),
    ],
)
def test_a_secret_that_somebody_else_made_is_checked_in_the_pod(shell, files, message):
    done, sql, _ = written(files, shell)
    assert done.returncode == 1
    assert f"error: {message}" in done.stderr
    assert sql == ""


@given(passwords)
@example("a@b:c/d#e%f?g h+i$(DB_USER)")
def test_any_password_is_the_same_again_when_a_client_reads_the_url(password):
    url = urlsplit(f"mysql://{accounts.userinfo('my_app', password)}@db.shop.svc.cluster.local:3306/admin")
    assert (url.hostname, url.port, url.path) == ("db.shop.svc.cluster.local", 3306, "/admin")
    assert (unquote(url.username or ""), unquote(url.password or "")) == ("my_app", password)
    assert "$" not in url.netloc, "the kubelet would put a variable in"
