"""A system to break: a copy of the checkout, a node of its own, the stack dev with data in its database."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.clusters.kubeconfig import current
from cli.stack import config
from cli.stack.state import StateFiles
from components.mysql import mysqld
from lab.node import Node
from tests import copies, environment

NAMESPACE = "production-cloud"
#: No command of the project may take longer; a hanging one counts as failed.
PATIENCE = 420
_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"


def patiently(question: Callable[[], str], *errors: type[Exception]) -> str:
    """Ask again for a minute while the answer is one of these errors."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return question()
        except errors as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer: {error}") from error
            time.sleep(1)


class Bench:
    """The project's commands as a user types them, and what they left."""

    def __init__(self, checkout: Path, node: Node, kubeconfig: Path | None = None) -> None:
        """Name a checkout, its node, and the kubeconfig of who runs the project's commands: by default the node's."""
        self.checkout, self.node = checkout, node
        self.outside = environment.passing(os.environ) | ({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})
        self.env = self.outside | copies.exported(self.command("env").stdout)

    @property
    def files(self) -> StateFiles:
        """The stack's state files."""
        return StateFiles(self.env["PULUMI_BACKEND_URL"], "kubeauth", "dev")

    def begin(
        self,
        command: str,
        *,
        quiet: bool = False,
        variables: dict[str, str] | None = None,
        more: tuple[str, ...] = (),
    ) -> subprocess.Popen[str]:
        """Start what `make <command>` runs, in a session of its own; `quiet` for who does not read its output."""
        arguments = [sys.executable, "-m", "lab", command, "--stack", "dev", "--node", self.node.name, *more]
        return subprocess.Popen(
            arguments,
            cwd=self.checkout,
            env={**self.outside, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.STDOUT if command != "env" else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def plain(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Pulumi itself, as in the shell of `make env`, in a session of its own; nobody reads its output."""
        return subprocess.Popen(
            ["pulumi", *arguments],
            cwd=self.checkout,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def command(
        self, command: str, variables: dict[str, str] | None = None, arguments: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run what `make <command>` runs, with more arguments; its output is all in `stdout`."""
        process = self.begin(command, variables=variables, more=arguments)
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + f"\n(still running after {PATIENCE} s)"
        return subprocess.CompletedProcess(process.args, process.returncode, output, "")

    def must(self, command: str, *arguments: str) -> None:
        """Run a command that has to succeed for the bench to go on."""
        done = self.command(command, arguments=arguments)
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stdout[-2000:]}")

    def run(self, *command: str, stdin: str = "", check: bool = True) -> str:
        """Run a program in the shell of `make env` and return what it printed; kubectl as the administrator."""
        env = self.env if command[0] != "kubectl" else {**self.env, "KUBECONFIG": str(self.node.kubeconfig)}
        done = subprocess.run(
            command, cwd=self.checkout, env=env, input=stdin, capture_output=True, text=True, timeout=PATIENCE
        )
        if check and done.returncode:
            raise RuntimeError(f"{shlex.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout + ("" if check else done.stderr)

    def start_nodes(self) -> None:
        """Start the nodes of the cluster that were lost."""
        command = [sys.executable, "-m", "lab.node", "start", "--node", self.node.name]
        subprocess.run(command, cwd=self.checkout, env=self.outside, capture_output=True, timeout=PATIENCE, check=True)

    def config(self, **values: str) -> None:
        """`pulumi config set`, for several keys."""
        for key, value in values.items():
            flags = ["--secret"] if key.endswith("Password") else ["--path"] if {*"[."} & {*key} else []
            self.run("pulumi", "config", "set", *flags, key, stdin=value)

    @contextmanager
    def with_backups(self, keep: int) -> Iterator[None]:
        """A stack that keeps so many backups, while the block runs; the next `up` takes them out."""
        self.config(mysqlBackupSchedule="0 3 * * *", mysqlBackupKeep=str(keep))
        self.must("up")
        yield
        for key in ("mysqlBackupSchedule", "mysqlBackupKeep"):
            self.run("pulumi", "config", "rm", key)

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … --output json` in the stack's namespace."""
        return json.loads(self.run("kubectl", "-n", NAMESPACE, "get", *arguments, "--output", "json"))

    def served(self, service: str) -> bool:
        """Whether a Service has a pod that answers."""
        subsets = self.get("endpoints", service).get("subsets") or []
        return any(subset.get("addresses") for subset in subsets)

    def sql(self, statement: str) -> str:
        """Run SQL as the application's account, in the database's pod."""
        inside = [
            "mysql",
            f"--defaults-file={mysqld.CLIENT_OPTIONS}",
            "--skip-column-names",
            "--batch",
            f"--execute={statement}",
        ]
        pod = ("kubectl", "-n", NAMESPACE, "exec", "deployment/mysqlauth-deployment", "--")
        # A pod that is being replaced is waited for.
        return patiently(lambda: self.run(*pod, *inside), RuntimeError)

    def fill(self) -> str:
        """Put known data into the database and return its check sum."""
        self.sql("DROP TABLE IF EXISTS evidence; CREATE TABLE evidence (id INT PRIMARY KEY, text CHAR(64))")
        self.sql(f"INSERT INTO evidence {_ROWS} SELECT i, SHA2(i, 256) FROM n")  # noqa: S608 - nothing of it is input
        return self.checksum()

    def checksum(self) -> str:
        """The check sum of that data."""
        return self.sql("CHECKSUM TABLE evidence").split()[1]

    def damage(self, evidence: str) -> list[str]:
        """What is wrong with that data; a database that does not answer is a failure, not the bench's end."""
        try:
            return [] if self.checksum() == evidence else ["the data changed"]
        except RuntimeError as problem:
            return [f"the data cannot be read: {problem}"]

    def state(self) -> dict[str, Any]:
        """The exported state."""
        return json.loads(self.run("pulumi", "stack", "export")).get("deployment") or {}

    def disorder(self) -> list[str]:
        """What is wrong between state and cluster: unfinished operations, doubles, objects the state does not know."""
        try:
            state = self.state()
        except RuntimeError as problem:
            return [f"the state cannot be read: {problem}"]
        found = [f"pending {item['type']} {item['resource']['urn']}" for item in state.get("pending_operations") or []]
        ids = [(item["type"], item["id"]) for item in state.get("resources") or [] if item.get("id")]
        found += [f"double {item}" for item in sorted(set(ids)) if ids.count(item) > 1]
        known = {identity for _, identity in ids}
        kinds = (
            "deployments,services,secrets,serviceaccounts,persistentvolumeclaims,networkpolicies,poddisruptionbudgets"
        )
        label = "app.kubernetes.io/part-of=kubeauth"
        listed = json.loads(self.run("kubectl", "-n", NAMESPACE, "get", kinds, "-l", label, "-o", "json"))["items"]
        for item in listed:
            name = f"{NAMESPACE}/{item['metadata']['name']}"
            if name not in known and "deletionTimestamp" not in item["metadata"]:
                found.append(f"orphan {item['kind']} {name}")
        if self.files.locks():
            found.append("a lock of Pulumi is left")
        return found

    def unchanged(self) -> list[str]:
        """What a preview would still change."""
        said = self.run("pulumi", "preview", "--json", "--non-interactive", check=False)
        try:
            steps = json.loads(said).get("steps") or []
        except ValueError:
            return [f"the preview failed: {said[-300:]}"]
        return [f"would {item['op']} {item['urn'].rpartition('::')[2]}" for item in steps if item["op"] != "same"]


@contextmanager
def system(name: str, *, deployer: bool = False) -> Iterator[Bench]:
    """A bench of its own; all of it is gone afterwards.

    Args:
        name: The node's name.
        deployer: Whether the project's commands run under the Role of `make deployer`, not as the administrator.
    """
    node = Node(name)
    with tempfile.TemporaryDirectory(prefix="kubeauth-faults-") as folder:
        checkout = copies.make(Path(folder, "kubeauth"))
        try:
            bench = Bench(checkout, node)
            if deployer:
                bench.must("deployer")
                own = config.user_file(checkout, "dev")
                bench = Bench(checkout, node, own)
                # A node's address is not plainly local: the first deployment has to be agreed to.
                bench.must("up", "--context", current(own))
            else:
                bench.must("up")
            yield bench
        finally:
            node.reset()
