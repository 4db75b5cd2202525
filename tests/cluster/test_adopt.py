"""`make adopt`: the seed's objects, made by kubectl, come under the stack; the outage is measured."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pymysql
import pytest

from lab import images, toolchain
from lab.faults.bench import Bench
from lab.faults.writer import Writer
from lab.node import Node, owned
from tests import copies

from .conftest import ROOT, System, make

pytestmark = pytest.mark.cluster
SEED = ROOT / "tests/cluster/seed"
KEPT = ("namespace/production-cloud", "service/mysqlauth-service", "deployment.apps/mysqlauth-deployment",
        "deployment.apps/authenticate-deployment")  # fmt: skip
SQL = """CREATE DATABASE IF NOT EXISTS admin;
CREATE USER IF NOT EXISTS admin@'%' IDENTIFIED BY 'PASSWORD';
GRANT ALL ON admin.* TO admin@'%';
CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY 'old-root';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
"""
CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: old-data, namespace: production-cloud}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
VOLUMES = """      securityContext: {fsGroup: 999}
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: old-data}}
        - {name: init, secret: {secretName: init}}
      containers:"""
KEPT_SERVER = """command: ["/bin/sh", "-c"]
          args: ["[ -e /var/lib/mysql/ibdata1 ] || mysqld --initialize-insecure; exec mysqld --socket=/tmp/s
            --pid-file=/tmp/p --init-file=/init/init.sql --secure-file-priv=NULL --mysqlx=OFF"]
          volumeMounts: [{name: data, mountPath: /var/lib/mysql}, {name: init, mountPath: /init}]
          securityContext: {runAsUser: 999}"""
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
    # Under the seed's limit a server of today is killed before it answers (docs/reference/performance.md).
    text = text.replace("memory: 256Mi", "memory: 768Mi")
    return text.replace("image: jakirpatel/authenticate", "image: localhost/authenticate:1.0.0")


class Clock(threading.Thread):
    """Connects to the database's node port again and again, and notes for how long none was answered."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address, self.longest = address, 0.0
        self.begun, self.ended = threading.Event(), threading.Event()

    def run(self) -> None:
        last = 0.0
        while not self.ended.wait(0.1):
            try:
                with socket.create_connection((self.address, 32001), timeout=1) as server:
                    server.settimeout(1)
                    if server.recv(1):
                        now = time.monotonic()
                        self.longest, last = max(self.longest, now - last) if last else 0.0, now
                        self.begun.set()
            except OSError:
                continue


@contextmanager
def seeded(checkout: Path, made: Callable[[System], list[str]]) -> Iterator[System]:
    """A node with these objects of kubectl's in the seed's namespace, and a checkout that has deployed nothing."""
    node = Node(owned.name("test", "adopt"))
    try:
        node.start(toolchain.ensure("engine", "node").bin, list(images.archives().values()))
        system = System(checkout, node, make(checkout, node.name, "venv"), {**os.environ})
        system.env |= copies.exported(make(checkout, node.name, "-s", "env").stdout)
        system.admin("kubectl", "create", "namespace", "production-cloud")
        for text in made(system):
            system.admin("kubectl", "apply", "--filename", "-", stdin=text)
        wait = ("wait", "--for=condition=Available", "deployment/mysqlauth-deployment", "--timeout=120s")
        system.admin("kubectl", "-n", "production-cloud", *wait)
        yield system
    finally:
        node.reset()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[System]:
    """The seed's three manifests."""
    names = ("mysql-service", "mysql-deployment", "auth-deployment")
    # A checkout of its own: a stack lives in one cluster, and the other tests' is in theirs.
    checkout = copies.make(tmp_path / "kubeauth", commit=True)
    with seeded(checkout, lambda _: [valid(name) for name in names]) as system:
        yield system


@pytest.fixture
def claimed(tmp_path: Path) -> Iterator[System]:
    """The seed's database with a claim, as MySQL's own image keeps it: at the root, of user 999."""

    def made(system: System) -> list[str]:
        # The stack's own password, so that one client can write before and after.
        system.run("pulumi", "stack", "select", "dev")
        sql = SQL.replace("PASSWORD", system.secret("mysqlPassword"))
        init = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "init", "namespace": "production-cloud"},
                "stringData": {"init.sql": sql}}  # fmt: skip
        text = valid("mysql-deployment").replace(SERVER, KEPT_SERVER).replace("      containers:", VOLUMES, 1)
        return [CLAIM, json.dumps(init), valid("mysql-service"), text]

    with seeded(copies.make(tmp_path / "kubeauth", commit=True), made) as system:
        yield system


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
    assert clock.begun.wait(120)
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


def answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except pymysql.err.MySQLError:
        return False
    return True


def test_a_database_with_a_claim_comes_with_its_data_and_a_writer_loses_nothing(claimed):
    def sql(statement: str) -> str:
        login = {"password": claimed.secret("mysqlPassword"), "user": "admin", "database": "admin", "port": 32001}
        with pymysql.connect(host=claimed.node.address, ssl={"check_hostname": False}, **login) as connection:
            cursor = connection.cursor()
            for each in filter(None, statement.split("; ")):
                cursor.execute(each)
            return "\n".join(str(row[0]) for row in cursor.fetchall())

    # The seed has no probe that tells.
    deadline = time.monotonic() + 60
    logs = ("kubectl", "-n", "production-cloud", "logs", "deployment/mysqlauth-deployment", "--tail=20")
    while not answers(lambda: sql("SELECT 1")):
        assert time.monotonic() < deadline, claimed.admin(*logs)
        time.sleep(0.5)
    refused = claimed.make("adopt", YES="1")
    assert "has its data in volume claim old-data" in refused.stderr, refused.stderr
    program = claimed.checkout / "__main__.py"
    text = program.read_text()
    for line in text.splitlines(keepends=True):
        if "mysqlStorageClass" in line:
            text = text.replace(line, '        "existing_claim": "old-data",\n')
        elif '"mysqlStorageSize"' in line:
            text = text.replace(line, "")
    program.write_text(text)
    system = cast(Bench, SimpleNamespace(node=claimed.node, run=claimed.run, sql=sql))
    with Writer(system) as writer:
        while len(writer.acknowledged) < 20:
            time.sleep(0.1)
        done = claimed.make("adopt", YES="1")
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
        before = len(writer.acknowledged)
        while len(writer.acknowledged) < before + 20:
            time.sleep(0.1)
    print(f"no write was confirmed for {writer.longest:.1f} s")
    assert writer.lost() == []
    assert writer.longest < 120
