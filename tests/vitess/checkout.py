"""A copy of the project as a stranger has it, and what its tests ask of the stack."""

import base64
import os
import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
import yaml

from tests import copies, environment

#: `make up` on a busy machine, with the images built before.
SECONDS = 900
_SQL = """
import os, sys, pymysql
host, port = os.environ["DB_HOST"].split(":")
connection = pymysql.connect(host=host, port=int(port), user=os.environ["DB_USER"], password=os.environ["DB_PASS"],
    database="admin", autocommit=True, ssl={"check_hostname": False, "verify_mode": 0})
with connection.cursor() as cursor:
    for statement in sys.argv[1:]:
        cursor.execute(statement)
    print(cursor.fetchall())
"""


class Checkout:
    """A stranger's copy of the project."""

    def __init__(self, folder: Path) -> None:
        """Copy it."""
        self.folder = copies.make(folder, commit=True)

    def write(self, **values: object) -> None:
        """Change lines of stack dev's file."""
        file = self.folder / "Pulumi.dev.yaml"
        content = yaml.safe_load(file.read_text())
        content["config"] |= {f"kubeauth:{key}": value for key, value in values.items()}
        file.write_text(yaml.safe_dump(content))

    def make(self, target: str, *, ok: bool = True, **variables: str) -> str:
        """Run a target of the Makefile, and return all that it printed."""
        done = subprocess.run(
            ["make", "-s", target],
            cwd=self.folder,
            env={**environment.passing(os.environ), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def sql(self, *statements: str) -> str:
        """Send statements as the service does; return the last one's rows."""
        return self.kubectl("exec", "deployment/authenticate-deployment", "--", "python", "-c", _SQL, *statements)

    def kubectl(self, *arguments: str, ok: bool = True) -> str:
        """Run kubectl in the stack's namespace."""
        done = subprocess.run(
            ["bash", "-c", 'eval "$(make -s env)"; exec kubectl -n production-cloud "$@"', "kubectl", *arguments],
            cwd=self.folder, env=environment.passing(os.environ), capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0 or not ok, done.stderr
        return done.stdout.strip()

    def server(self, name: str, statements: str, *, ok: bool = True) -> str:
        """Send statements to a server itself, as its administrator; return the rows."""
        login = ("mysql", "--defaults-file=/run/vitess/client.cnf", "--batch", "--skip-column-names", "--execute")
        return self.kubectl("exec", name, "-c", "mysqld", "--", *login, statements, ok=ok)

    def vitess(self, *arguments: str) -> str:
        """Ask Vitess' own client."""
        pod = ("deployment/mysqlauth-vtorc", "-c", "vtorc")
        return self.kubectl("exec", *pod, "--", "sh", "/run/vitess/ask", *arguments)

    @cached_property
    def _login(self) -> dict[str, Any]:
        server = self.kubectl("config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
        asked = ("get", "secrets", "--output", "jsonpath={.items[?(@.data.username)].data.password}")
        password = base64.b64decode(self.kubectl(*asked).split()[0])
        return {"host": urlsplit(server).hostname, "port": 32001, "user": "admin", "password": password}

    def connect(self) -> pymysql.connections.Connection:
        """Log in through the node port."""
        seconds: Any = {"connect_timeout": 3, "read_timeout": 35, "write_timeout": 35}
        return pymysql.connect(
            **self._login, **seconds, database="admin", autocommit=True, ssl={"check_hostname": False}
        )

    def primary(self) -> str:
        """The pod of the server that takes writes; one on a node that is lost does not answer."""
        names = [f"mysqlauth-tablet-{number}" for number in range(3)]
        [primary] = [name for name in names if self.server(name, "SELECT @@super_read_only", ok=False) == "0"]
        return primary

    def eventually(self, ask: Callable[[], str], seconds: float) -> str:
        """Ask until there is an answer; what is still broken then is an error."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return ask()
            except (AssertionError, subprocess.TimeoutExpired):
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)
