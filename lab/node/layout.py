"""What is fixed about every node: its addresses, its names on the host, and where its things are kept."""

import hashlib
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from cli.console import Problem
from cli.paths import STATE

NODES = STATE / "nodes"
#: Host and node talk over a /30 of this network; a node keeps its own.
LINKS = IPv4Network("10.99.0.0/16")
#: The same in every node, because only that node's network namespace knows them.
SELF_ADDRESS = "10.99.255.53"
POD_CIDR = "10.85.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
PAUSE_IMAGE = "localhost/pause:1"


@dataclass(frozen=True)
class Layout:
    """Where one node keeps its things. Two state folders may each have a node of the same name: `key` differs."""

    name: str

    def __post_init__(self) -> None:
        """Refuse names that do not fit into host names, paths and cgroups."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", self.name):
            raise Problem(
                f"node name {self.name!r} is not valid",
                "use 1-20 lower-case letters, digits and '-', with a letter or digit at both ends",
            )

    @property
    def key(self) -> str:
        """Six hex digits for this name in this state folder."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:6]

    @property
    def directory(self) -> Path:
        """Everything the node keeps, its data included."""
        return NODES / self.name

    @property
    def lock(self) -> Path:
        """Held while the node is started, stopped or reset."""
        return NODES / f"{self.name}.lock"

    @property
    def cgroup(self) -> str:
        """Name of the node's top cgroup, below which its daemons and pods run."""
        return f"kubeauth-{self.name}-{self.key}"

    @property
    def veth(self) -> str:
        """Name of the host's end of the link to the node; the kernel allows 15 characters."""
        return f"kubeauth{self.key}"

    def links(self) -> list[IPv4Network]:
        """The /30 networks to try, in an order of this node's own, so that two nodes rarely want the same."""
        usable = [link for link in LINKS.subnets(new_prefix=30) if IPv4Address(SELF_ADDRESS) not in link]
        first = int(self.key, 16) % len(usable)
        return usable[first:] + usable[:first]
