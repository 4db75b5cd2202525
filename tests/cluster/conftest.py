"""A whole system of the tests' own: a copy of the checkout, a node, and what `make up` makes of them."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.clusters.kubeconfig import current
from cli.stack import config
from lab.node import Node, owned
from tests import copies
from tests.conftest import ROOT  # noqa: F401 - the tests of this tier take it from here
from tests.together import Together

MINUTES = 60
#: Whether the project's commands run under the Role of `make deployer`: make test-deployer.
AS_DEPLOYER = os.environ.get("KUBEAUTH_TESTS_AS") == "deployer"


#: What is longest begins, so that two workers end together: files that need nothing of others, and all others, which
#: share a clone and a system, as one.
ORDER = ("test_faults.py", "system", "test_node.py", "test_adopt.py", "test_rehearsal.py", "test_several_nodes.py")


def group(name: str) -> str:
    """What a file belongs to."""
    return name if name in ORDER else "system"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Keep together what shares a system."""
    return Together(config, log, group)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long groups; the README's commands, `make down` among them, end the system."""
    names = {item: item.path.name for item in items}
    items.sort(key=lambda item: (ORDER.index(group(names[item])), names[item] == "test_using_the_readme.py"))


def eventually(check: Callable[[], bool], seconds: float = 15) -> bool:
    """Ask until it is so; False where it is not so in time."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


@dataclass
class System:
    """A checkout in which `make up` ran."""

    checkout: Path
    node: Node
    up: subprocess.CompletedProcess[str]
    env: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    """What `make` runs with on top of the environment: in `make test-deployer` the deployer's KUBECONFIG."""

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make as a user does, on the tests' node."""
        return make(self.checkout, self.node.name, *arguments, **{**self.variables, **variables})

    def run(self, *command: str, stdin: str = "", ok: bool = True) -> str:
        """Run a program in the shell that `make env` describes and return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.checkout,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=10 * MINUTES,
            check=False,
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + (done.stderr if not ok else "")

    def admin(self, *command: str, stdin: str = "", ok: bool = True) -> str:
        """Run kubectl as the cluster's administrator: for what a test does to the system, not with it."""
        return self.run(command[0], "--kubeconfig", str(self.node.kubeconfig), *command[1:], stdin=stdin, ok=ok)

    def kubeconfig_of(self, namespace: str) -> Path:
        """The kubeconfig for another team's project: its deployer's in `make test-deployer`, else the node's."""
        if not self.variables:
            return self.node.kubeconfig
        made = make(self.checkout, self.node.name, "deployer", f"NAMESPACE={namespace}")
        assert made.returncode == 0, made.stderr
        return config.user_file(self.checkout, "dev", other=namespace)

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … --output json` in the stack's namespace."""
        return json.loads(self.run("kubectl", "-n", "production-cloud", "get", *arguments, "--output", "json"))

    def secret(self, key: str) -> str:
        """A secret of the stack's configuration."""
        return self.run("pulumi", "config", "get", key).strip()

    def in_auth_pod(self, script: str) -> str:
        """Run Python in an auth pod that stays."""
        # After a rollout the old pod, with the old password, may still be there or on its way out.
        rollout = ("rollout", "status", "deployment/authenticate-deployment", "--timeout=60s")
        self.run("kubectl", "-n", "production-cloud", *rollout)
        pods = self.get("pods", "--selector", "name=authenticate-selector")["items"]
        name = next(pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"])
        return self.run("kubectl", "-n", "production-cloud", "exec", name, "--", "python", "-c", script).strip()


def make(checkout: Path, node: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments, f"NODE={node}"],
        cwd=checkout,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as git would check it out, with this checkout's Python packages."""
    return copies.make(tmp_path_factory.mktemp("system") / "kubeauth", commit=True)


@pytest.fixture(scope="session")
def system(clone: Path) -> Iterator[System]:
    """`make up` in the clone, on a node of its own; `make down` when the tests are done."""
    node = Node(owned.name("test", "up"))
    variables: dict[str, str] = {}
    try:
        if AS_DEPLOYER:
            made = make(clone, node.name, "deployer")
            assert made.returncode == 0, made.stderr
            own = config.user_file(clone, "dev")
            # A node's address is not plainly local: the first deployment has to be agreed to.
            variables |= {"KUBECONFIG": str(own), "CONTEXT": current(own)}
        up = make(clone, node.name, "up", **variables)
        assert up.returncode == 0, up.stdout[-5000:] + up.stderr[-5000:]
        exports = make(clone, node.name, "-s", "env", **variables).stdout
        yield System(clone, node, up, {**os.environ, **copies.exported(exports)}, variables)
    finally:
        node.reset()
