"""What is scanned: this checkout and the stack dev that runs on its local node."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cli.clusters.kubeconfig import current
from cli.console import Problem
from cli.stack import Stack
from cli.stack.commands import OFFLINE
from lab.node import Node
from lab.toolchain import Toolchain
from tests import copies, environment

STACKS = ("dev", "staging", "prod")
#: Has Python; for the pods of checks.
IMAGE = "localhost/authenticate:1.0.0"
SECONDS = 300


@dataclass(frozen=True)
class Live:
    """A stack on a local node."""

    stack: Stack
    node: Node
    tools: Toolchain
    namespace: str = "production-cloud"

    def kubectl(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl in the stack's namespace; the caller looks at the exit status."""
        namespaced = arguments if {"--namespace", "--all-namespaces"} & set(arguments) else self._here(arguments)
        return self.stack.run("kubectl", *namespaced, text=text)

    def _here(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        # First, because after `--` everything belongs to the program in the pod.
        return ("--namespace", self.namespace, *arguments)

    def must(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl and return its output.

        Raises:
            Problem: It failed.
        """
        done = self.kubectl(*arguments, text=text)
        if done.returncode:
            raise Problem(f"kubectl {' '.join(arguments[:4])} failed: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … --output json`."""
        return json.loads(self.must("get", *arguments, "--output", "json"))

    def pod(self, instance: str) -> str:
        """The name of a pod of an instance that is not on its way out."""
        pods = self.get("pods", "--selector", f"name={instance}-selector")["items"]
        names = [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        if not names:
            raise Problem(f"there is no pod of {instance}", "make up")
        return names[0]

    def python(self, pod: str, script: str, given: object, namespace: str = "") -> Any:
        """Run Python in a pod that has it; `given` is its standard input as JSON, the answer its output as JSON.

        Secrets go through standard input: arguments are seen by everybody on the node.
        """
        where = ["--namespace", namespace or self.namespace]
        done = self.kubectl(*where, "exec", "--stdin", pod, "--", "python", "-c", script, text=json.dumps(given))
        if done.returncode:
            raise Problem(f"the probe in pod {pod} failed: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    def secret(self, key: str) -> str:
        """A secret of the stack's configuration."""
        return self.stack.run("pulumi", "config", "get", key).stdout.rstrip("\n")


@cache
def rendered(tools: Toolchain) -> dict[str, list[dict[str, Any]]]:
    """The manifests of every stack, as `make render` writes them; their Secrets hold passwords."""
    found = {}
    for name in STACKS:
        with tempfile.TemporaryDirectory() as temporary:
            stack = Stack(name, tools, None)
            stack.prepare()
            stack.render(Path(temporary, "out"))
            files = sorted(Path(temporary, "out").rglob("*.yaml"))
            found[name] = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return found


@dataclass(frozen=True)
class Copy:
    """The project in a folder of its own, with state and passwords of its own, on the scanned node as `KUBECONFIG`."""

    checkout: Path
    kubeconfig: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its commands run with."""
        return {**environment.passing(os.environ), "KUBECONFIG": str(self.kubeconfig)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run what make runs on the stack dev; all output is in `stdout`."""
        command = [sys.executable, "-m", "lab", *arguments, "--stack", "dev"]
        if arguments[0] not in OFFLINE:
            # A node's address is not plainly local: the first deployment has to be agreed to.
            command += ["--context", current(self.kubeconfig)]
        return self._start(command, self.environment)

    def shell(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program in the shell of `make env`."""
        return self._start(list(command), {**self.environment, **copies.exported(self.run("env").stdout)}, text)

    def _start(
        self, command: list[str], env: dict[str, str], text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.checkout,
            env=env,
            input=text or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@contextmanager
def copy(kubeconfig: str, **config: object) -> Iterator[Copy]:
    """Copy the project with other values in its stack dev; the folder is gone afterwards.

    Args:
        kubeconfig: The content of the kubeconfig to use.
        config: Values of the stack, for example `namespaceName`.
    """
    with tempfile.TemporaryDirectory(prefix="kubeauth-scan-") as temporary:
        checkout = copies.make(Path(temporary, "kubeauth"))
        file = checkout / "Pulumi.dev.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content["config"].update({f"kubeauth:{key}": value for key, value in config.items()})
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        who = ["-c", "user.name=scan", "-c", "user.email=scan@example.com"]
        for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "copy"]):
            subprocess.run(["git", *command], cwd=checkout, check=True)
        own = Path(temporary, "kubeconfig")
        own.touch(mode=0o600)
        own.write_text(kubeconfig, encoding="utf-8")
        yield Copy(checkout, own)
