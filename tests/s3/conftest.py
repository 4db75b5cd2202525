"""A node whose pods use a real S3 server, and a project on it whose database is copied there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab import images, toolchain
from lab.node import Node, owned
from tests.conftest import ROOT

from . import server
from .project import Run

ACCOUNT = {"access-key-id": "team", "secret-access-key": "any", "encryption-password": "agreed 'on' it"}
LIMIT = 600


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


@pytest.fixture
def kubeauth(run: Run) -> Run:
    """Runs kubeauth on the project's stack."""
    where = ("--stack", "dev", "--context", run("kubectl", "config", "current-context").strip())

    def kubeauth(*arguments: str, ok: bool = True) -> str:
        return run(sys.executable, "-m", "cli", *arguments, *where, ok=ok)

    return kubeauth
