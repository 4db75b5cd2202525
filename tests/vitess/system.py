"""A node, a program with a MySqlCluster on it, and what tests ask of both."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pymysql

from cli.toolchain import Toolchain
from lab.node import Node
from tests.conftest import ROOT

NAMESPACE, INSTANCE, PORT = "shop", "orders", 32101
PASSWORD = 'it\'s \\ "öne" €'
SERVERS = [f"{INSTANCE}-tablet-{number}" for number in range(3)]
_ERRORS = (pymysql.err.MySQLError, OSError)
_LOGIN = """
import json, urllib.request, urllib.error
def ask(path, password):
    body = json.dumps({"username": NAME, "password": password}).encode()
    request = urllib.request.Request("http://127.0.0.1:5010" + path, body, {"Content-Type": "application/json"})
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
print([ask("/register", "correct horse 9"), ask("/login", "correct horse 9"), ask("/login", "wrong horse 99")])
"""


@dataclass
class System:
    """The program on the node."""

    folder: Path
    node: Node
    tools: Toolchain
    seconds: dict[str, float] = field(default_factory=dict)
    """What was measured, by what it is."""

    @classmethod
    def make(cls, folder: Path, node: Node, tools: Toolchain) -> Self:
        """Lay out the program in an empty folder, with a state of its own."""
        shutil.copytree(ROOT / "tests/vitess/program", folder)
        (folder.parent / "state").mkdir()
        shutil.copy(node.kubeconfig, folder.parent / "kubeconfig")
        made = cls(folder, node, tools)
        made.run("pulumi", "stack", "init", "dev")
        made.run("pulumi", "config", "set", "--secret", "password", PASSWORD)
        return made

    def run(self, *command: str, ok: bool = True) -> str:
        """Run a command in the program's folder; return what it printed."""
        env = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{self.folder.parent / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(self.tools.pulumi_home),
            "KUBEAUTH": str(ROOT),
            "KUBECONFIG": str(self.folder.parent / "kubeconfig"),
            "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{self.tools.bin}{os.pathsep}{os.environ['PATH']}",
        }
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=1200, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the program's namespace."""
        return self.run("kubectl", "-n", NAMESPACE, *arguments)

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … --output json`."""
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def vitess(self, *arguments: str) -> Any:
        """Ask Vitess' own client in one of the servers' pods that answer."""
        refused: list[str] = []
        for server in SERVERS:
            inside = ("exec", server, "-c", f"{INSTANCE}-container", "--", "sh", "/run/vitess/ask", *arguments)
            try:
                return json.loads(self.kubectl(*inside))
            except AssertionError as error:
                refused.append(str(error))
        raise AssertionError(refused)

    def primary(self) -> str:
        """The pod of the server that the topology calls the primary."""
        found = self.vitess("GetShard", "admin/0")
        return f"{INSTANCE}-tablet-{found['shard']['primary_alias']['uid'] - 100}"

    def pods(self) -> set[str]:
        """The servers' pods, each by an id that no other one has."""
        return {
            pod["metadata"]["uid"]
            for pod in self.get("pods", "--selector", f"name={INSTANCE}-tablet-selector")["items"]
        }

    def replicates(self, server: str) -> bool:
        """Whether a server gets and applies what the primary writes."""
        number = 100 + int(server.rpartition("-")[2])
        status = self.vitess("GetFullStatus", f"zone1-{number:010d}").get("replication_status") or {}
        # 3 is running.
        return (status.get("io_state"), status.get("sql_state")) == (3, 3)

    def logins(self, name: str) -> list[int]:
        """What the service answers to a registration, a right and a wrong login, through DB_HOST."""
        script = _LOGIN.replace("NAME", repr(name))
        return json.loads(self.kubectl("exec", "deployment/authenticate-deployment", "--", "python", "-c", script))

    def connect(self) -> pymysql.connections.Connection:
        """Log in through the node port."""
        return pymysql.connect(
            host=self.node.address,
            port=PORT,
            user="admin",
            password=PASSWORD.encode(),  # pyright: ignore[reportArgumentType] - it would be encoded as Latin-1
            database="admin",
            autocommit=True,
            ssl={"check_hostname": False},
            connect_timeout=3,
            read_timeout=35,
            write_timeout=35,
        )

    def until(self, done: Callable[[], bool], seconds: float, what: str) -> float:
        """Ask until it is done; return the seconds that it took. A question that fails counts as not yet."""
        return until(done, seconds, what, lambda: self.kubectl("get", "pods"))

    def memory(self) -> dict[str, int]:
        """Resident memory of each kind of process on the node, in MiB, all of a kind together."""
        found: dict[str, int] = {}
        listed = self.node.run(["ps", "-eo", "rss=,comm="]).stdout
        for rss, name in (line.split(None, 1) for line in listed.splitlines()):
            if name in ("mysqld", "vttablet", "mysqlctld", "vtgate", "vtorc", "etcd"):
                found[name] = found.get(name, 0) + int(rss) // 1024
        return found


def until(done: Callable[[], bool], seconds: float, what: str, shown: Callable[[], str] = str) -> float:
    """Ask until it is done; return the seconds that it took. A question that fails counts as not yet."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        try:
            if done():
                return time.monotonic() - begun
        except (AssertionError, KeyError, *_ERRORS):
            pass
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {what}\n{shown()}")


class Writer(threading.Thread):
    """Inserts one row after the other through the gateways; connects again whenever that fails."""

    def __init__(self, connect: Callable[[], pymysql.connections.Connection], table: str) -> None:
        """Make the table."""
        super().__init__(daemon=True)
        self._connect, self.table = connect, table
        self.acknowledged: list[int] = []
        self.errors: list[str] = []
        self.longest = 0.0
        """The longest time between two confirmations, in seconds."""
        self._ended = threading.Event()
        until(self._made, 120, f"the table {table} is made")

    def _made(self) -> bool:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {self.table} (id INT PRIMARY KEY)")
        return True

    def run(self) -> None:
        """Write until told to stop."""
        number, last = 0, time.monotonic()
        while not self._ended.is_set():
            try:
                with self._connect() as connection, connection.cursor() as cursor:
                    while not self._ended.wait(0.005):
                        number += 1
                        cursor.execute(f"INSERT INTO {self.table} VALUES ({number})")  # noqa: S608 - a number
                        self.acknowledged.append(number)
                        self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()
            except _ERRORS as error:
                self.errors.append(str(error)[:200])
                self._ended.wait(0.1)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._ended.set()
        self.join(60)

    def writes_again(self) -> None:
        """Wait until three more rows are confirmed."""
        wanted = len(self.acknowledged) + 3
        until(lambda: len(self.acknowledged) >= wanted, 180, f"writes again: {self.errors[-3:]}")

    def lost(self) -> list[int]:
        """Acknowledged rows that the database does not have."""
        acknowledged = list(self.acknowledged)
        assert acknowledged, self.errors
        with self._connect() as connection, connection.cursor() as cursor:
            # Vitess gives at most 10,000 rows at once, unless it is told that they are many.
            cursor.execute("SET workload = olap")
            cursor.execute(f"SELECT id FROM {self.table}")  # noqa: S608 - a name of the tests
            there = {int(row[0]) for row in cursor.fetchall()}
        return [number for number in acknowledged if number not in there]
