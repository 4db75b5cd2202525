"""Two colleagues, two checkouts, one stack whose state is in a bucket: what docs/guides/add-a-stack.md says, done.

`make test-bucket` runs it, with a real S3 server and a node of its own.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from lab import toolchain
from lab.node import Node, owned
from tests import copies
from tests.conftest import ROOT

from . import server

STACK = "qa"
#: How long one command may take, in seconds.
LIMIT = 600
GUIDE = ROOT / "docs/guides/add-a-stack.md"


@dataclass
class Colleague:
    """Somebody with a checkout of their own."""

    checkout: Path
    env: dict[str, str]
    node: str

    def run(self, *command: str, ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=self.checkout, env=self.env, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def make(self, target: str, ok: bool = True) -> str:
        return self.run("make", target, f"STACK={STACK}", f"NODE={self.node}", ok=ok)

    def commit(self, subject: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", subject)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a bucket on a server of the test's own."""
    with server.running(tmp_path_factory.mktemp("s3"), "127.0.0.1", "state") as address:
        yield f"s3://state?endpoint={address}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1"


def updating(pid: int) -> bool:
    """Whether a command has come so far that Pulumi changes the stack."""
    found = [child for child in psutil.Process(pid).children(recursive=True) if child.name() == "pulumi"]
    return any("up" in child.cmdline()[:2] for child in found)


@pytest.fixture(scope="module")
def colleagues(bucket: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Colleague, Colleague]]:
    """Ann makes the stack and pushes it; Ben pulls it."""
    tools = toolchain.ensure("engine", "node")
    own = {
        "PULUMI_BACKEND_URL": bucket,
        "PULUMI_CONFIG_PASSPHRASE": "what the team agreed on",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "PULUMI_HOME": str(tools.pulumi_home),
        "PATH": f"{tools.bin}{os.pathsep}{os.environ['PATH']}",
    }
    node = Node(owned.name("test", "s3"))
    root = tmp_path_factory.mktemp("colleagues")
    ann, ben = (Colleague(root / name, {**os.environ, **own}, node.name) for name in ("ann", "ben"))
    copies.make(ann.checkout, packages=False)
    ann.run("git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "ann"), ("user.email", "ann@example.com")):
        ann.run("git", "config", key, value)
    file = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert file
    values = file[1].replace("registry.example.com/authenticate:1.0.0", "localhost/authenticate:1.0.0")
    (ann.checkout / f"Pulumi.{STACK}.yaml").write_text(f"{values}  kubeauth:mysqlImage: localhost/mysql:9.7\n")
    ann.commit("a stack")
    # The guide's own lines: the colleague who makes the stack, then the one who joins.
    first, second = re.findall(r"```bash\n(# .*?)```", GUIDE.read_text(), re.DOTALL)
    ann.run("bash", "-euc", first.replace("git push", "true"))
    subprocess.run(["git", "clone", "-q", ann.checkout, ben.checkout], check=True)
    for one in (ann, ben):
        (one.checkout / ".venv").symlink_to(ROOT / ".venv")
    for path in (".tools", ".dev"):
        (ROOT / ".venv" / path).touch()
    try:
        ben.run("bash", "-euc", second.replace(f"STACK={STACK}", f"STACK={STACK} NODE={node.name}"))
        yield ann, ben
    finally:
        node.reset()


def test_what_one_deployed_the_other_sees(colleagues):
    ann, ben = colleagues
    assert "✓ prove it" in ben.make("up")
    assert "16 unchanged" in ann.make("preview")
    ann.make("drift")
    for one in (ann, ben):
        assert one.run("git", "status", "--porcelain") == ""


def test_who_comes_while_the_other_is_at_it_is_refused_by_name_and_a_killed_run_is_cleared_by_hand(colleagues):
    ann, ben = colleagues
    ann.run("pulumi", "config", "set", "--stack", STACK, "authReplicas", "2")
    ann.commit("two replicas")
    ben.run("git", "pull", "-q")
    log = ann.checkout.parent / "log"
    command = ["make", "up", f"STACK={STACK}", f"NODE={ann.node}"]
    with (
        log.open("w") as said,
        subprocess.Popen(command, cwd=ann.checkout, env=ann.env, stdout=said, stderr=said) as up,
    ):
        until = time.monotonic() + LIMIT
        while not updating(up.pid):
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        time.sleep(2)
        family = [psutil.Process(up.pid), *psutil.Process(up.pid).children(recursive=True)]
        for process in family:
            process.suspend()
        busy = ben.make("up", ok=False)
        for process in family:
            process.send_signal(signal.SIGKILL)
    assert re.search(r"stack qa is in use: pulumi up \S+ \(pid \d+\)\. Nothing was changed", busy), (
        "on the same machine"
    )
    # From another machine only the lock in the bucket can be seen.
    refused = ben.make("up", ok=False)
    assert re.search(r"stack qa is locked by \S+ \(pid \d+, since \S+\)\. Nothing was changed", refused)
    (cancel,) = set(re.findall(r"pulumi cancel --yes qa", refused))
    ben.run(*cancel.split())
    ben.make("repair")
    assert "✓ prove it" in ben.make("up")
    assert "unchanged" in ann.make("preview")
    ann.make("down")
