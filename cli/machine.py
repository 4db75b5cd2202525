"""What this machine can do: which programs it has, whether it can run a local node, whether it can make images.

A plain machine uses what is installed. The lab, which is not part of the product, puts one in its place that builds
what is missing and has a node of its own: `python -m lab` does so before it runs a command.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from . import toolchain
from .console import Problem
from .toolchain import Toolchain


@dataclass(frozen=True)
class Image:
    """An image that is on this machine."""

    reference: str
    id: str
    """As the store that has it names it: `sha256:…`."""
    archive: Path | None = None
    """Its archive; None for an image that is in Docker."""


class Machine:
    """A machine that uses what is installed, without a node of its own."""

    #: What a user types to get a local node where there is none; empty where that is impossible.
    node_hint = ""

    @property
    def has_nodes(self) -> bool:
        """Whether a stack may go to a node that this machine runs by itself."""
        return False

    def toolchain(self, *, node: str = "") -> Toolchain:
        """Return the programs, for a local node of this name or for another cluster.

        Raises:
            Problem: Something is missing; what to install is in it.
        """
        return toolchain.installed()

    def kubeconfig(self, node: str) -> Path:
        """The kubeconfig of a local node, which exists once the node was started."""
        raise _no_nodes(node)

    def start(self, node: str, tools: Toolchain, references: Collection[str] = (), nodes: int = 0) -> None:
        """Start a local node, or repair it.

        Args:
            node: Its name.
            tools: The programs it runs.
            references: Images that it gets beside those of every system, as far as they can be made here.
            nodes: How many nodes its cluster has. Default: one, or as many as there are.
        """
        raise _no_nodes(node)

    def remove(self, node: str) -> None:
        """Remove a local node with all that is on it."""
        raise _no_nodes(node)

    def archives(self, names: Collection[str]) -> list[Image]:
        """Make images without Docker, by their short names.

        Raises:
            Problem: They cannot be made here.
        """
        raise Problem("images are built with Docker", "start Docker, then type the same command again")


def _no_nodes(node: str) -> Problem:
    return Problem(
        f"local node {node} belongs to a checkout of kubeauth, and its lab is not here",
        "name another cluster: --context <a context>, or --cluster kind",
    )


#: This machine; `use` puts another one in its place.
_THIS = [Machine()]


def this() -> Machine:
    """The machine that commands run on."""
    return _THIS[-1]


def use(machine: Machine) -> None:
    """Let commands run on another kind of machine from now on."""
    _THIS.append(machine)
