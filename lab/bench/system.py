"""Where the bench runs: a node of its own, the programs, and a folder for everything that it writes."""

import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import paths
from cli.console import Problem
from lab import images, toolchain
from lab.node import Node
from tests import environment

#: Nothing that is measured takes longer; a hanging command ends the bench.
PATIENCE = 1200


@dataclass(frozen=True)
class Done:
    """A command that ended well."""

    seconds: float
    output: str


class System:
    """Runs commands for the bench and takes their time."""

    def __init__(
        self, folder: Path, node: Node | None = None, parts: Sequence[str] = ("engine", "node", "languages", "bench")
    ) -> None:
        """Get the programs ready.

        Args:
            folder: Where everything goes that the bench writes; state files, too.
            node: The node to work on, or None for what needs no cluster.
            parts: The parts of the toolchain to get ready. Default: all that the bench needs.
        """
        self.folder, self.node = folder, node
        self.tools = toolchain.ensure(*parts)
        (folder / "state").mkdir(exist_ok=True)
        self.env = {
            **environment.passing(os.environ),
            **self.tools.environment(),
            "HOME": str(folder),
            "KUBECONFIG": str(node.kubeconfig if node else folder / "no-cluster"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "nothing in this state is secret",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_STACK": "bench",
            # The components are imported from this checkout, as its own program does.
            "PYTHONPATH": str(paths.CHECKOUT),
        }

    def run(
        self, *command: str, cwd: Path | None = None, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> Done:
        """Run a command to its end and take its time.

        Raises:
            Problem: It failed; the message has its last lines.
        """
        begun = time.monotonic()
        done = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env={**self.env, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        seconds = time.monotonic() - begun
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
            raise Problem(f"{shlex.join(command)[:300]} failed:\n{said}", "the bench needs every side to work")
        return Done(seconds, done.stdout)

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that `kubectl get` finds."""
        return json.loads(self.run("kubectl", "get", *arguments, "--output", "json").output)["items"]


@contextmanager
def system(name: str) -> Iterator[System]:
    """A bench on a node of this name; folder and node are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kubeauth-bench-") as folder:
        node = Node(name)
        try:
            made = System(Path(folder), node)
            node.start(programs=made.tools.bin, images=list(images.archives().values()))
            yield made
        finally:
            node.reset()
