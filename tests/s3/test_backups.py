"""Backups leave the cluster: a real S3 server, real pods; then all is lost but the bucket.

`make test-bucket` runs it on a node of its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from lab import images, toolchain
from lab.node import Node, owned
from tests.conftest import ROOT

from . import server

ACCOUNT = {"access-key-id": "team", "secret-access-key": "any", "encryption-password": "agreed 'on' it"}
ROWS = "CREATE TABLE t (i INT PRIMARY KEY, b LONGBLOB); INSERT INTO t VALUES (1, REPEAT('a', 12000000)), (2, NULL);"
SUM = "CHECKSUM TABLE t"
LIMIT = 600
Run = Callable[..., str]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """A node whose pods may use rclone, too."""
    made = Node(owned.name("test", "s3backups"))
    try:
        archives = [*images.archives().values(), images.archives("rclone")["rclone"]]
        made.start(toolchain.ensure("engine", "node").bin, archives)
        yield made
    finally:
        made.reset()


@pytest.fixture(scope="module")
def endpoint(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's address, as pods see it: beside the node's own daemons, outside the cluster."""
    process = node.process
    assert process
    with server.running(tmp_path_factory.mktemp("s3"), node.address, "backups", enter=process.enter) as address:
        yield f"http://{address}"


@pytest.fixture(scope="module")
def run(node: Node, endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs commands in the project's folder."""
    folder = tmp_path_factory.mktemp("backups") / "project"
    shutil.copytree(ROOT / "tests/s3/backups", folder)
    state = folder.parent / "state"
    state.mkdir()
    tools = toolchain.ensure("engine", "node")
    env = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(tools.pulumi_home),
        "KUBEAUTH": str(ROOT),
        "PYTHONPATH": str(ROOT),
        # As somebody's own cluster: what lies in the node's folder is not the user's for the command.
        "KUBECONFIG": str(shutil.copy(node.kubeconfig, folder.parent / "kubeconfig")),
        "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{tools.bin}{os.pathsep}{os.environ['PATH']}",
    }

    def run(*command: str, stdin: str = "", ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("pulumi", "stack", "init", "dev")
    run("pulumi", "config", "set", "endpoint", endpoint)
    for key, value in ACCOUNT.items():
        run("pulumi", "config", "set", "--path", f"account.{key}", value)
    yield run
    run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")


def up(run: Run) -> None:
    run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")


@pytest.fixture
def kubeauth(run: Run) -> Run:
    """Runs kubeauth on the project's stack."""
    where = ("--stack", "dev", "--context", run("kubectl", "config", "current-context").strip())

    def kubeauth(*arguments: str, ok: bool = True) -> str:
        return run(sys.executable, "-m", "cli", *arguments, *where, ok=ok)

    return kubeauth


def in_database(run: Run, namespace: str, name: str, sql: str) -> str:
    client = "mysql --defaults-file=/run/mysqld/client.cnf --skip-column-names --batch"
    inside = (f"deployment/{name}-deployment", "-c", f"{name}-container", "--", "sh", "-c", client)
    return run("kubectl", "-n", namespace, "exec", "-i", *inside, stdin=sql)


def test_what_is_lost_with_the_cluster_comes_back_from_the_bucket(run, kubeauth):
    up(run)
    in_database(run, "shop", "orders", ROWS)
    wanted = in_database(run, "shop", "orders", SUM)
    made = kubeauth("backup")
    assert "is in the bucket, read back and the same." in made
    name = next(word for word in made.split() if word.endswith(".sql.gz"))
    # The namespace is lost, with both volumes; another database begins with what is in the bucket.
    run("pulumi", "config", "set", "restored", "true")
    run("pulumi", "config", "set", "lost", "true")
    up(run)
    assert in_database(run, "other", "orders-again", SUM) == wanted
    # The first comes back empty, and takes its content from the bucket, too.
    run("pulumi", "config", "set", "lost", "false")
    up(run)
    listed = kubeauth("restore")
    assert f"{name} " in listed
    assert "in the bucket only" in listed
    kubeauth("restore", "--backup", name)
    assert in_database(run, "shop", "orders", SUM) == wanted


def test_a_bucket_that_is_away_is_named_and_the_backup_is_in_the_volume(run, kubeauth):
    run("pulumi", "config", "set", "endpoint", "http://10.99.255.1:1")
    up(run)
    failed = kubeauth("backup", ok=False)
    assert "error: backup failed:" in failed
    assert "the bucket cannot be read" in failed
    assert "The bucket is not known" in kubeauth("restore")
