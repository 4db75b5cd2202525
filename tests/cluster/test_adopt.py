"""`make adopt`: the seed's objects, made by kubectl, come under the stack; the outage is measured."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from lab import images, toolchain
from lab.node import Node, owned
from tests import copies

from .conftest import ROOT, System, make

pytestmark = pytest.mark.cluster
SEED = ROOT / "tests/cluster/seed"
KEPT = ("namespace/production-cloud", "service/mysqlauth-service", "deployment.apps/mysqlauth-deployment",
        "deployment.apps/authenticate-deployment")  # fmt: skip
#: The local node's images have no entrypoint: the same server, made and started by hand, with its data in the pod.
SERVER = """command: ["/bin/sh", "-c"]
          args: ["mysqld --initialize-insecure --datadir=/tmp/d && exec mysqld --datadir=/tmp/d --socket=/tmp/s \
            --pid-file=/tmp/p --secure-file-priv=NULL --mysqlx=OFF"]
          securityContext: {runAsUser: 999}"""


def valid(name: str) -> str:
    """One of the seed's manifests, made valid for a cluster of today (docs/explanation/seed-parity.md)."""
    text = (SEED / f"{name}.yml").read_text()
    selector = "mysqlauth-selector" if "mysql" in name else "authenticate-selector"
    text = text.replace("extensions/v1beta1", "apps/v1")
    text = text.replace("spec:\n  template:", f"spec:\n  selector: {{matchLabels: {{name: {selector}}}}}\n  template:")
    text = text.replace("image: mysql:latest", f"image: localhost/mysql:9.7\n          {SERVER}")
    return text.replace("image: jakirpatel/authenticate", "image: localhost/authenticate:1.0.0")


class Clock(threading.Thread):
    """Connects to the database's node port again and again, and notes for how long none was answered."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address, self.longest, self.ended = address, 0.0, threading.Event()

    def run(self) -> None:
        last = time.monotonic()
        while not self.ended.wait(0.1):
            try:
                with socket.create_connection((self.address, 32001), timeout=1) as server:
                    server.settimeout(1)
                    if server.recv(1):
                        self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()
            except OSError:
                continue


@pytest.fixture
def bare(clone) -> Iterator[System]:
    """A node with the seed's objects, and a checkout that has deployed nothing."""
    node = Node(owned.name("test", "adopt"))
    try:
        node.start(toolchain.ensure("engine", "node").bin, list(images.archives().values()))
        system = System(clone, node, make(clone, node.name, "venv"), {**os.environ, "KUBECONFIG": str(node.kubeconfig)})
        exports = make(clone, node.name, "-s", "env").stdout
        system.env |= copies.exported(exports)
        system.admin("kubectl", "create", "namespace", "production-cloud")
        for name in ("mysql-service", "mysql-deployment", "auth-deployment"):
            system.admin("kubectl", "apply", "--filename", "-", stdin=valid(name))
        wait = ("wait", "--for=condition=Available", "deployment/mysqlauth-deployment", "--timeout=120s")
        system.admin("kubectl", "-n", "production-cloud", *wait)
        yield system
    finally:
        node.reset()


def uids(system: System) -> list[str]:
    got = system.admin("kubectl", "-n", "production-cloud", "get", *KEPT, "--output", "json")
    return [item["metadata"]["uid"] for item in json.loads(got)["items"]]


def test_the_seeds_objects_come_under_the_stack_and_none_is_made_anew(bare):
    before = uids(bare)
    planned = bare.make("adopt")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    print(planned.stderr)
    for line in ("keep Namespace production-cloud", "keep Service production-cloud/mysqlauth-service",
                 "ENDS WITH IT", "Nothing was changed"):  # fmt: skip
        assert line in planned.stderr, planned.stderr
    refused = bare.make("adopt", YES="1")
    assert (
        "container mysqlauth-container of Deployment production-cloud/mysqlauth-deployment has its data"
        in refused.stderr
    )
    clock = Clock(bare.node.address)
    clock.start()
    done = bare.make("adopt", YES="1", LOSE_DATA="1")
    clock.ended.set()
    clock.join()
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    assert uids(bare) == before, "recreated"
    print(f"nobody answered for {clock.longest:.1f} s")
    assert clock.longest < 90
    text = bare.admin("kubectl", "-n", "production-cloud", "get", "deployment", "mysqlauth-deployment", "--output=yaml")
    assert "MYSQL_ROOT_PASSWORD" not in text, "what the program does not say is gone"
    steps = json.loads(bare.run("pulumi", "preview", "--json", "--non-interactive"))["steps"]
    assert {step["op"] for step in steps} == {"same"}
