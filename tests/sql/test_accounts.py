"""Accounts follow the inputs: their passwords, rights and names, whatever the server's settings are."""

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.mysql import accounts

from .programs import SHELLS

LONGEST = '"' * 255
PASSWORDS = ['a"b#c', "l\\<Z][a\\F1*v'\"#", "ä€😀 $x `id` %s", LONGEST, "#", " two  blanks "]
#: Any text of one line that an option file can hold.
lines = st.text(st.characters(blacklist_characters="\n\r\0", blacklist_categories=["Cs"]), min_size=1, max_size=60)


def test_any_password_logs_in(pod):
    server = pod(password=PASSWORDS[0])
    for password in PASSWORDS:
        server.update(password=password)
        assert server.app("SELECT 1").stdout == "1\n", (password, server.said())
        assert server.ready


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=lines)
def test_mysqls_clients_read_what_was_written_for_them(programs, memory, text):
    # The user's name goes the way of the password, which is never shown.
    script = accounts.FUNCTIONS + 'text=$1; double "\\\\"; client h 1 "$text" x'
    for shell in ("dash", "busybox"):
        done = subprocess.run(
            [*programs.shell(shell), "-c", script, "sh", text], capture_output=True, text=True, check=True
        )
        file = memory / "client.cnf"
        file.write_text(done.stdout)
        shown = subprocess.run(
            [programs.bin / "mysql", f"--defaults-file={file}", "--print-defaults"], capture_output=True, check=True
        ).stdout.decode()
        assert f"--user={text} --password=" in shown


@pytest.mark.parametrize("mode", ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
def test_the_servers_sql_mode_does_not_change_a_password(pod, mode):
    server = pod(settings={"sql_mode": mode}, password="a\\b\"c'd")
    assert server.app("SELECT @@sql_mode").stdout.startswith(mode)


def test_rules_for_peoples_passwords_do_not_break_the_products_accounts(pod):
    rules = {"password_history": "5", "password_reuse_interval": "365", "default_password_lifetime": "90"}
    server = pod(settings=rules, backup={"schedule": "0 3 * * *"})
    server.restart()
    aged = (
        "UPDATE mysql.user SET password_last_changed = NOW() - INTERVAL 91 DAY WHERE user RLIKE 'admin|kubeauth|root'"
    )
    server.root(f"{aged}; FLUSH PRIVILEGES")
    assert server.app("SELECT 1").stdout == "1\n"
    assert server.root("SELECT 1") == "1"
    server.restart()
    assert server.app("SELECT 1").stdout == "1\n", server.said()


def test_failed_log_ins_lock_nobody_out(pod):
    server = pod()
    server.root("ALTER USER admin FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED")
    server.restart()
    for _ in range(3):
        assert server.app("SELECT 1", password="wrong").returncode
    assert server.app("SELECT 1").stdout == "1\n"


@pytest.mark.parametrize("partial", ["ON", "OFF"])
def test_an_underscore_in_the_schemas_name_is_only_an_underscore(pod, partial):
    server = pod(
        database_name="my_shop", settings={"partial_revokes": partial}, init_sql="CREATE SCHEMA IF NOT EXISTS myXshop;"
    )
    assert server.app("CREATE TABLE t (id INT)", database="my_shop").returncode == 0, server.said()
    assert "1044" in server.app("SELECT 1", database="myXshop").stderr


def test_an_account_that_no_input_names_any_more_is_gone_and_others_stay(pod):
    server = pod(backup={"schedule": "0 3 * * *"})
    server.root("CREATE USER colleague IDENTIFIED BY 'x' ATTRIBUTE '{\"team\": 1}'; CREATE USER other")
    server.update(username="app")
    users = server.root("SELECT user FROM mysql.user WHERE user NOT LIKE 'mysql.%' ORDER BY user").split()
    assert users == ["app", "colleague", "other", "root"]
    assert server.app("SELECT 1", username="admin").returncode
    assert server.app("SELECT 1").stdout == "1\n"


def test_what_was_given_to_an_account_by_hand_is_gone_after_a_start(pod):
    server = pod()
    server.root(
        "CREATE SCHEMA theirs; CREATE USER boss; CREATE ROLE r; GRANT ALL ON *.* TO r; GRANT r TO admin;"
        "SET DEFAULT ROLE r TO admin; GRANT PROXY ON boss TO admin; GRANT ALL ON theirs.* TO admin WITH GRANT OPTION;"
        "GRANT FILE ON *.* TO admin; ALTER USER admin WITH MAX_QUERIES_PER_HOUR 1"
    )
    server.restart()
    grants = server.root("SHOW GRANTS FOR admin").splitlines()
    assert grants[0] == "GRANT USAGE ON *.* TO `admin`@`%`"
    assert [grant.partition(" ON ")[2] for grant in grants[1:]] == ["`admin`.* TO `admin`@`%`"]
    assert "1044" in server.app("DROP DATABASE theirs").stderr


def test_an_account_of_a_plugin_that_is_no_more_is_repaired(pod):
    server = pod()
    server.root("UPDATE mysql.user SET plugin = 'mysql_native_password' WHERE user = 'admin'; FLUSH PRIVILEGES")
    server.restart()
    assert server.app("SELECT 1").stdout == "1\n", server.said()


MIGRATION = """CREATE TABLE t (id INT PRIMARY KEY, n INT); CREATE VIEW v AS SELECT * FROM t;
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 7; CREATE TEMPORARY TABLE x (id INT);
CREATE FUNCTION f() RETURNS INT RETURN 3; CREATE PROCEDURE p() INSERT INTO t (id) VALUES (f());
LOCK TABLES t WRITE; UNLOCK TABLES; CALL p(); SELECT * FROM v; ALTER TABLE t ADD INDEX (n); DROP FUNCTION f;"""


def test_an_application_that_owns_its_schema_runs_its_migrations(pod):
    server = pod()
    done = server.app(MIGRATION)
    assert (done.stdout, done.stderr) == ("3\t7\n", "")
    # Objects that name the account as their definer do not keep it from being made again.
    server.restart()
    assert server.app("INSERT INTO t (id) VALUES (4); SELECT * FROM v WHERE id = 4").stdout == "4\t7\n"
    for more in ("SELECT 1 INTO OUTFILE '/tmp/x'", "GRANT SELECT ON admin.* TO admin", "CREATE SCHEMA other"):
        assert server.app(more).returncode, more


def test_the_least_of_rights_reads_and_writes_rows_only(pod):
    server = pod(privileges="data")
    server.root("CREATE TABLE admin.t (id INT PRIMARY KEY)")
    assert server.app("INSERT INTO t VALUES (1); UPDATE t SET id = 2; DELETE FROM t; SELECT * FROM t").stderr == ""
    for statement in (
        "CREATE TABLE u (id INT)",
        "DROP TABLE t",
        "ALTER TABLE t ADD n INT",
        "CREATE VIEW v AS SELECT 1",
    ):
        assert "1142" in server.app(statement).stderr, statement


def test_shells_agree_on_the_sql(programs, tmp_path):
    files = {
        "username": "app",
        "password": PASSWORDS[1],
        "root-password": "r\\",
        "backup-password": "b" * 64,
        "init.sql": "SELECT '\\\\n';\n\nSELECT 2;",
    }
    run = tmp_path / "run"
    run.mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    said = []
    for shell in SHELLS:
        given = accounts.values("my_app", secrets=str(tmp_path), run=str(run), port=1, backup=True)
        command = [*programs.shell(shell), "-c", accounts.SCRIPT, "sh", *given]
        subprocess.run(command, env={"PATH": programs.path(shell)}, check=True)
        said.append(
            (
                (run / "init.sql").read_text().replace((run / "mark").read_text(), "MARK"),
                (run / "client.cnf").read_text(),
            )
        )
    assert said[0] == said[1] == said[2]
    assert '\'{"kubeauth": "line 3 of init_sql"}\'' in said[0][0]


def test_what_the_application_made_works_after_a_restart_that_makes_its_account_anew(pod):
    server = pod()
    made = server.app(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT); CREATE VIEW v AS SELECT n FROM t;"
        "CREATE TRIGGER plus BEFORE INSERT ON t FOR EACH ROW SET NEW.n = NEW.n + 1;"
        "CREATE PROCEDURE add_one() INSERT INTO t VALUES (1, 1)"
    )
    assert made.stderr == ""
    server.restart()
    assert server.ready, server.said()
    done = server.app("CALL add_one(); SELECT * FROM v")
    assert (done.stdout, done.stderr) == ("2\n", "")


ORDERS = {"schemas": ["my_orders"], "password": "orders'pw"}
REPORTS = {"schemas": ["admin", "my_orders"], "privileges": "data", "password": "reports-pw"}


@pytest.mark.parametrize("shell", SHELLS)
def test_each_account_reaches_its_own_schemas_with_its_own_rights(pod, shell):
    server = pod(
        shell, schemas=[{"name": "my_orders", "collation": "utf8mb4_bin"}], accounts={"o": ORDERS, "r": REPORTS}
    )
    assert server.ready, server.said()

    def said(sql, account, password, database="my_orders"):
        return server.app(sql, username=account, password=password, database=database)

    assert said("CREATE TABLE t (a CHAR(1) UNIQUE); INSERT INTO t VALUES ('a'), ('A')", "o", "orders'pw").stderr == ""
    assert said("UPDATE t SET a = 'b' WHERE a = 'a'; SELECT * FROM t", "r", "reports-pw").stdout == "A\nb\n"
    assert "1142" in said("DROP TABLE t", "r", "reports-pw").stderr
    assert said("SELECT 1", "r", "reports-pw", "admin").stdout == "1\n"
    # Nothing of one is another's: neither schemas nor passwords.
    assert "1044" in said("SELECT 1", "o", "orders'pw", "admin").stderr
    assert "1044" in said("SELECT 1", "admin", "app-pw").stderr
    assert "1045" in said("SELECT 1", "o", "reports-pw").stderr
    # With one account gone and the other's rights changed, the data is still there.
    server.update(schemas=[{"name": "my_orders"}], accounts={"r": {**REPORTS, "schemas": ["my_orders"]}})
    assert "1045" in said("SELECT 1", "o", "orders'pw").stderr
    assert said("SELECT COUNT(*) FROM t", "r", "reports-pw").stdout == "2\n"
    assert "1044" in said("SELECT 1", "r", "reports-pw", "admin").stderr


def test_a_collation_that_the_server_does_not_have_is_named(pod):
    # Of a series whose collations are known it is refused before.
    given = [{"name": "orders", "collation": "utf8mb4_klingon"}]
    server = pod(begin=False, image="registry.example.com/mysql:9.9.1", schemas=given)
    server.start(wait=False)
    command = server.spec["containers"][0]["startupProbe"]["exec"]["command"]
    while "Can't connect" in (done := server.run(command)).stderr:
        pass
    assert "ended early, in the schema orders" in done.stderr


def test_a_secret_of_another_account_is_refused(pod):
    given = {"o": {"schemas": ["admin"], "existing_secret": "vault"}}
    server = pod(begin=False, secrets={"vault": {"username": "p", "password": "x"}}, accounts=given)
    done = server.initialize()
    assert done.returncode == 1
    assert done.stderr == "error: the key username of the Secret for the account o holds another name\n"


def test_two_passwords_log_in_while_clients_change_and_one_afterwards(pod):
    server = pod(password="old", accounts={"o": {**ORDERS, "password": "o-old"}}, schemas=[{"name": "my_orders"}])
    more = {"schemas": [{"name": "my_orders"}]}

    def log_in(*wanted):
        for account, database, words in (("admin", "admin", ("old", "new")), ("o", "my_orders", ("o-old", "o-new"))):
            done = [server.app("SELECT 1", username=account, password=word, database=database) for word in words]
            assert [each.returncode == 0 for each in done] == list(wanted), [each.stderr for each in done]

    log_in(True, False)
    both = {**ORDERS, "password": "o-new", "previous_password": "o-old"}
    server.update(password="new", previous_password="old", accounts={"o": both}, **more)
    assert server.ready, server.said()
    log_in(True, True)
    server.restart()
    log_in(True, True)
    server.update(password="new", accounts={"o": {**ORDERS, "password": "o-new"}}, **more)
    log_in(False, True)
