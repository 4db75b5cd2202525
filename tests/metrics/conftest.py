"""A node with a database, a service and a Prometheus that watches them."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lab import images, toolchain
from lab.node import Node, owned
from tests.conftest import ROOT

from . import prometheus

LIMIT = 600
SHOP = "shop"
#: Days until the certificate of the database ends.
ENDING, LASTING = 5, 365
#: Nobody ends a program in a pod whose kubectl is gone, so it ends with its input.
LEASH = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
"""


@dataclass
class System:
    """The node, and what the tests ask it."""

    node: Node
    folder: Path
    env: dict[str, str]

    def run(self, *command: str, stdin: str = "", ok: bool = True) -> str:
        """Run a program with the node's kubeconfig; return what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, input=stdin, capture_output=True, text=True, timeout=LIMIT,
            check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + (done.stderr if not ok else "")

    def kubectl(self, *arguments: str, stdin: str = "", ok: bool = True) -> str:
        """Run kubectl in the namespace of database and service."""
        return self.run("kubectl", "-n", SHOP, *arguments, stdin=stdin, ok=ok)

    def root(self, sql: str) -> str:
        """SQL as root, in the database's pod."""
        client = "MYSQL_PWD=root-pw mysql -uroot --socket=/run/mysqld/mysqld.sock -NB"
        inside = ("deployment/orders-deployment", "-c", "orders-container", "--", "sh", "-c", client)
        return self.kubectl("exec", "-i", *inside, stdin=sql).strip()

    def ask(self, port: int, path: str) -> Any:
        """GET something of the Prometheus' pod, through the API server."""
        pod = f"/api/v1/namespaces/{prometheus.NAMESPACE}/pods/prometheus:{port}/proxy"
        return json.loads(self.run("kubectl", "get", "--raw", pod + path))

    def query(self, text: str) -> list[dict[str, Any]]:
        """The series of a query."""
        answer = self.ask(9090, f"/api/v1/query?query={quote(text)}")
        assert answer["status"] == "success"
        return answer["data"]["result"]

    def told(self) -> set[str]:
        """The names of the alerts that Alertmanager knows."""
        return {alert["labels"]["alertname"] for alert in self.ask(9093, "/api/v2/alerts?active=true")}

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        alerts = self.ask(9090, "/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def certificate(self, days: int) -> None:
        """Give the database a certificate that ends in so many days."""
        self.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.crt",
            "-days", str(days), "-subj", "/CN=orders-service",
        )  # fmt: skip
        made = self.kubectl(
            "create", "secret", "tls", "orders-tls", "--cert=tls.crt", "--key=tls.key", "--dry-run=client", "-o", "json"
        )
        self.kubectl("apply", "-f", "-", stdin=made)

    @contextmanager
    def in_service(self, script: str) -> Iterator[None]:
        """Run Python in the service's pod for a while."""
        command = [
            "kubectl",
            "-n",
            SHOP,
            "exec",
            "-i",
            "deployment/login-deployment",
            "--",
            "python",
            "-c",
            LEASH + script,
        ]
        with subprocess.Popen(
            command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            try:
                yield
            finally:
                running.terminate()


def until(what: Callable[[], object], seconds: float) -> float | None:
    """Wait; return how long it took, or None when it did not come."""
    begun = time.monotonic()
    while not what():
        if time.monotonic() - begun > seconds:
            return None
        time.sleep(0.5)
    return time.monotonic() - begun


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """All of it, until the tests are over."""
    tools = toolchain.ensure("engine", "node")
    node = Node(owned.name("test", "metrics"))
    folder = tmp_path_factory.mktemp("metrics") / "project"
    shutil.copytree(ROOT / "tests/metrics/project", folder)
    state = folder.parent / "state"
    state.mkdir()
    try:
        archives = [*images.archives().values(), images.archives("mysqld-exporter")["mysqld-exporter"]]
        node.start(tools.bin, archives)
        env = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(tools.pulumi_home),
            "KUBEAUTH": str(ROOT),
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(node.kubeconfig),
            "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{tools.bin}{os.pathsep}{os.environ['PATH']}",
        }
        made = System(node, folder, env)
        made.run("kubectl", "apply", "-f", "-", stdin=prometheus.manifests())
        made.run("pulumi", "stack", "init", "dev")
        up = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
        made.run(*up)
        # The certificate's Secret is somebody else's, and has to be there for the database to start.
        made.certificate(ENDING)
        made.run("pulumi", "config", "set", "certificate", "true")
        made.run(*up)
        ready = ("--for=condition=Ready", "pod/prometheus", "--timeout=120s")
        made.run("kubectl", "-n", prometheus.NAMESPACE, "wait", *ready)
        yield made
    finally:
        node.reset()
