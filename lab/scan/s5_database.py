"""S5: the database refuses root from outside, accounts without TLS, and everything the service does not need."""

import json
import re
from typing import Any

from cli.console import Problem
from components.mysql.accounts import PRIVILEGES as OWNED

from . import Check, Result
from .live import Live

SCHEMA, ACCOUNT = "admin", "admin"
PRIVILEGES = sorted(OWNED["owner"].split(", "))

#: As the service's account, over TLS; each has to be refused.
STATEMENTS = (
    "SELECT * FROM mysql.user",
    "CREATE DATABASE other",
    "DROP DATABASE mysql",
    "CREATE TABLE sys.t (i INT)",
    "CREATE USER 'x'@'%'",
    "GRANT SELECT ON admin.* TO 'root'@'localhost'",
    "ALTER USER 'root'@'localhost' IDENTIFIED BY 'x'",
    "SET GLOBAL max_connections = 1",
    "SET PERSIST require_secure_transport = OFF",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE users",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "CREATE VIEW sys.v AS SELECT 1",
    "CREATE DEFINER = 'root'@'localhost' VIEW v AS SELECT 1",
    "SHUTDOWN",
    "FLUSH LOGS",
    "INSTALL PLUGIN x SONAME 'x.so'",
    "SHOW BINARY LOGS",
)

PROBE = """
import json, os, sys, pymysql
given = json.load(sys.stdin)
host, _, port = os.environ["DB_HOST"].partition(":")
def login(user, password, tls, database=None):
    options = {"ssl": {"check_hostname": False}} if tls else {"ssl_disabled": True}
    return pymysql.connect(host=host, port=int(port), user=user, password=password.encode(), database=database,
                           connect_timeout=5, **options)
said = {}
for name, user, password, tls in given["logins"]:
    try:
        login(user, password, tls).close()
        said[name] = ""
    except pymysql.err.MySQLError as error:
        said[name] = f"{error.args[0]} {error.args[1]}"
connection = login(os.environ["DB_USER"], os.environ["DB_PASS"], True, given["schema"])
def ask(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [str(row[0]) for row in cursor.fetchall()]
for statement in given["statements"]:
    try:
        ask(statement)
        said[statement] = ""
    except pymysql.err.MySQLError as error:
        said[statement] = f"{error.args[0]} {error.args[1]}"
print(json.dumps({"said": said, "grants": ask("SHOW GRANTS"), "account": ask("SHOW CREATE USER CURRENT_USER()")}))
"""
#: The server's own words for "no". Anything else, for example a typing error here, is no proof.
REFUSALS = {
    "1044": "no access to the schema",
    "1045": "access denied",
    "1130": "host not allowed",
    "1142": "command denied",
    "1227": "privilege needed",
    "1290": "switched off for everybody",
    "1410": "not allowed to create a user with GRANT",
    "3159": "TLS required",
}


def logins(app: str, root: str) -> list[tuple[str, str, str, bool]]:
    """Logins from another pod that have to fail: name, account, password, with TLS."""
    return [
        ("root, right password", "root", root, True),
        ("root, no password", "root", "", True),
        ("root, without TLS", "root", root, False),
        ("the service's account, without TLS", ACCOUNT, app, False),
        ("the service's account, wrong password", ACCOUNT, "wrong", True),
        ("the service's account, no password", ACCOUNT, "", True),
        ("nobody", "", "", True),
        ("mysql.sys", "mysql.sys", "", True),
    ]


def granted(lines: list[str]) -> list[str]:
    """What grants have beyond, or lack of, the listed privileges on the one schema."""
    rest = [line for line in lines if not re.match(r"GRANT USAGE ON \*\.\* ", line)]
    pattern = rf"GRANT (.+) ON `{SCHEMA}`\.\* TO `{ACCOUNT}`@`%`"
    match = re.fullmatch(pattern, rest[0]) if len(rest) == 1 else None
    if not match or sorted(match[1].split(", ")) != PRIVILEGES:
        return [f"grants are not those listed: {'; '.join(lines)}"]
    return []


def refusals(said: dict[str, str]) -> list[str]:
    """Attempts that the server did not refuse."""
    return [
        f"{attempt}: {answer or 'allowed'}" for attempt, answer in said.items() if answer.split(" ")[0] not in REFUSALS
    ]


def in_the_pod(live: Live, password: str) -> tuple[list[str], dict[str, str]]:
    """Inside the database's pod: root needs its password, and exists for localhost only."""
    pod = live.pod("mysqlauth")
    client = ("exec", "--stdin", pod, "--container", "mysqlauth-container", "--", "mysql")
    socket = "--socket=/run/mysqld/mysqld.sock"
    bare = live.kubectl(*client, "--no-defaults", socket, "--user=root", "--execute=SELECT 1", text="")
    said = {"root in the pod, no password": "" if not bare.returncode else _number(bare.stderr)}
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    query = "SELECT CONCAT(user, '@', host, ' ', ssl_type, ' ', account_locked) FROM mysql.user ORDER BY 1"
    settings = f'[client]\nuser=root\npassword="{quoted}"\n'
    arguments = ("--defaults-file=/dev/stdin", socket, "--batch", "--skip-column-names", f"--execute={query}")
    listed = live.kubectl(*client, *arguments, text=settings)
    if listed.returncode:
        raise Problem(f"root cannot log in inside the pod: {listed.stderr.strip()}")
    return listed.stdout.strip().splitlines(), said


def _number(text: str) -> str:
    match = re.search(r"ERROR (\d+) \(\w+\): (.*)", text)
    return f"{match[1]} {match[2]}" if match else text.strip()


def accounts(lines: list[str]) -> list[str]:
    """Accounts that should not be: root or unlocked others from elsewhere, the service's without TLS."""
    wrong = []
    for line in lines:
        name, tls, locked = line.rsplit(" ", 2)
        if name == f"{ACCOUNT}@%":
            wrong += [] if tls == "ANY" else [f"{name} does not require TLS"]
        elif name not in ("root@localhost", "kubeauth_server@localhost") and locked != "Y":
            wrong.append(f"account {name} is open")
    return wrong


def attempt(live: Live) -> tuple[list[str], dict[str, Any]]:
    """Try everything; return what is wrong, and what the server said."""
    root = live.secret("mysqlRootPassword")
    listed, local = in_the_pod(live, root)
    given = {"logins": logins(live.secret("mysqlPassword"), root), "statements": STATEMENTS, "schema": SCHEMA}
    answer = live.python(live.pod("authenticate"), PROBE, given)
    said = {**local, **answer["said"]}
    wrong = [*refusals(said), *granted(answer["grants"]), *accounts(listed)]
    if "REQUIRE SSL" not in " ".join(answer["account"]):
        wrong.append("the service's account does not REQUIRE SSL")
    return wrong, {"said": said, "accounts": listed}


def run(live: Live) -> Result:
    """Try what must not work."""
    wrong, found = attempt(live)
    said = found["said"]
    rows = [["attempt", "the server"], *([name, answer or "allowed"] for name, answer in said.items())]
    # Host addresses of pods change with every run.
    rows = [[re.sub(r"\d+\.\d+\.\d+\.\d+", "(address)", cell) for cell in row] for row in rows]
    rows.append(["accounts: name, TLS, locked", json.dumps(found["accounts"])])
    refused = len(said) - len(refusals(said))
    return Result(f"{refused}/{len(said)} attempts refused, grants as listed", not wrong, wrong, rows)


CHECK = Check("S5", "database: root stays inside, least privileges, TLS", "proven by trying", run)
