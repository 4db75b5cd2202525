"""This machine as the lab makes it: programs are built, images come from Debian packages, and a node runs here."""

import os
import sys
from collections.abc import Collection
from pathlib import Path

from cli.clusters.loading import REFERENCES
from cli.machine import Image, Machine
from cli.toolchain import Toolchain
from lab import images, toolchain
from lab.node import Node, machine


class Workshop(Machine):
    """A machine that builds what it lacks."""

    node_hint = "Linux as root          sudo make up starts a node of its own"

    @property
    def has_nodes(self) -> bool:
        """Whether this is root on Linux; elsewhere another cluster is found, or the user is told."""
        return sys.platform == "linux" and os.geteuid() == 0

    def toolchain(self, *, node: str = "") -> Toolchain:
        """Return the programs; what cannot work on this machine is refused before one is built."""
        if not node:
            return toolchain.ensure("engine")
        machine.require_root()
        if not Node(node).running():
            machine.prepare()
            images.prepare()
        return toolchain.ensure("engine", "node")

    def kubeconfig(self, node: str) -> Path:
        """The administrator's kubeconfig of a local node."""
        return Node(node).kubeconfig

    def start(self, node: str, tools: Toolchain, references: Collection[str] = (), nodes: int = 0) -> None:
        """Start a local node with the project's images, or repair it."""
        more = [name for name, reference in images.ASKED_FOR.items() if reference in references]
        archives = {**images.archives(), **(images.archives(*more) if more else {})}
        Node(node).start(programs=tools.bin, images=list(archives.values()), nodes=nodes)

    def remove(self, node: str) -> None:
        """Remove a local node with all that is on it."""
        Node(node).reset()

    def archives(self, names: Collection[str]) -> list[Image]:
        """Make images from Debian packages."""
        return [Image(REFERENCES[name], images.image_id(path), path) for name, path in images.archives(*names).items()]
