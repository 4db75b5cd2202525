"""What is fixed about every node: its addresses, its names on the host, and where its things are kept.

A cluster has a first node, which runs the control plane beside pods, and may have more. The host knows one link, to the
first; what else has an address here only the cluster's own network namespaces know.
"""

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
#: The same in every cluster, because only its own network namespaces know them.
SELF_ADDRESS = "10.99.255.53"
#: A cluster's nodes among themselves. Within LINKS, so that one rule for clients from this machine covers both.
MEMBERS = IPv4Network("10.99.254.0/24")
#: /24 of it for each node.
CLUSTER_CIDR = IPv4Network("10.85.0.0/16")
SERVICE_CIDR = "10.96.0.0/16"
#: How many nodes a cluster may have: two cores carry no more.
MOST = 4
DNS_ADDRESS = "10.96.0.10"
PAUSE_IMAGE = "localhost/pause:1"


@dataclass(frozen=True)
class Layout:
    """Where one node keeps its things. Two state folders may each have a node of the same name: `key` differs."""

    name: str
    """The cluster's, which is the first node's, too."""
    number: int = 1
    """Which of the cluster's nodes. Default: the first."""

    def __post_init__(self) -> None:
        """Refuse names that do not fit into host names, paths and cgroups."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", self.name):
            raise Problem(
                f"node name {self.name!r} is not valid",
                "use 1-20 lower-case letters, digits and '-', with a letter or digit at both ends",
            )

    @property
    def hostname(self) -> str:
        """What Kubernetes calls the node."""
        return self.name if self.number == 1 else f"{self.name}-{self.number}"

    @property
    def member(self) -> IPv4Address:
        """The node's address among the cluster's nodes."""
        return MEMBERS[self.number]

    @property
    def pods(self) -> IPv4Network:
        """The addresses of the node's pods."""
        return list(CLUSTER_CIDR.subnets(new_prefix=24))[self.number - 1]

    @property
    def key(self) -> str:
        """Six hex digits for this name in this state folder."""
        return hashlib.sha256(str(self.directory).encode()).hexdigest()[:6]

    @property
    def directory(self) -> Path:
        """Everything the node keeps, its data included; the first one's has the others' in it."""
        return NODES / self.name if self.number == 1 else self.workers / str(self.number)

    @property
    def workers(self) -> Path:
        """Where the cluster's other nodes keep theirs."""
        return NODES / self.name / "workers"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use on the host; the first node has it."""
        return self.directory / "kubeconfig"

    @property
    def logs(self) -> Path:
        """What the node's daemons say."""
        return self.directory / "log"

    @property
    def lock(self) -> Path:
        """Held while one of the cluster's nodes is started, stopped or reset."""
        return NODES / f"{self.name}.lock"

    @property
    def cgroup(self) -> str:
        """Name of the node's top cgroup, below which its daemons and pods run."""
        return f"kubeauth-{self.hostname}-{self.key}"

    @property
    def veth(self) -> str:
        """Name of the other end of the node's link; the kernel allows 15 characters."""
        return f"kubeauth{self.key}"

    def links(self) -> list[IPv4Network]:
        """The /30 networks to try, in an order of this node's own, so that two nodes rarely want the same."""
        inner = (MEMBERS, IPv4Network(SELF_ADDRESS))
        usable = [link for link in LINKS.subnets(new_prefix=30) if not any(map(link.overlaps, inner))]
        first = int(self.key, 16) % len(usable)
        return usable[first:] + usable[:first]
