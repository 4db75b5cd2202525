"""Links and routes: between the host and a cluster's first node, and between that one and each other node."""

import socket
import subprocess
from ipaddress import IPv4Interface, IPv4Network

import psutil

from cli.console import Problem
from lab.node.layout import CLUSTER_CIDR, MEMBERS, MOST, SELF_ADDRESS, SERVICE_CIDR, Layout

#: The switch of a cluster's nodes, in the first one.
BRIDGE = "nodes"


def _host_networks() -> list[IPv4Network]:
    return [
        IPv4Interface(f"{address.address}/{address.netmask}").network
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and address.netmask
    ]


def choose(wanted: list[IPv4Network], taken: list[IPv4Network]) -> IPv4Network:
    """The first wanted network that neither the host nor another node uses."""
    used = _host_networks() + taken
    for network in wanted:
        if not any(network.overlaps(other) for other in used):
            return network
    raise Problem("every 10.99.x.x network is in use on this machine", "stop nodes you do not need")


def connected(veth: str) -> bool:
    """Whether the host's end of the link is there."""
    return veth in psutil.net_if_stats()


def connect(veth: str, network: IPv4Network, pid: int) -> None:
    """Make the link into the network namespace of `pid`. The node sets up its own end; both ends vanish with it."""
    disconnect(veth)
    host = next(network.hosts())
    for command in (
        f"link add {veth} type veth peer name eth0 netns {pid}",
        f"addr add {host}/{network.prefixlen} dev {veth}",
        f"link set {veth} up",
    ):
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


def disconnect(veth: str) -> None:
    """Remove the host's end, if it is there; the kernel may take a moment to do it for a node that was killed."""
    if connected(veth):
        subprocess.run(["ip", "link", "delete", veth], check=False, capture_output=True)


def join(veth: str, first: int, pid: int) -> None:
    """Make the link from the first node's switch into the network namespace of `pid`; the host sees nothing of it."""
    inside = ["nsenter", f"--target={first}", "--net", "--", "ip"]
    # Of a node that was killed just now; the kernel may have removed it already.
    subprocess.run([*inside, "link", "delete", veth], check=False, capture_output=True)
    for command in (
        f"link add {veth} type veth peer name eth0 netns {pid}",
        f"link set {veth} master {BRIDGE}",
        f"link set {veth} up",
    ):
        subprocess.run([*inside, *command.split()], check=True, capture_output=True)


def _routes(place: Layout, own: str) -> list[str]:
    """To the other nodes' pods, whether these nodes are there or not; to Services, from `own`; and to nowhere else."""
    others = [Layout(place.name, number) for number in range(1, MOST + 1) if number != place.number]
    return [
        *(f"route add {other.pods} via {other.member}" for other in others),
        # What no rule of kube-proxy's sends on has no ready pod: it stays here, where boot.py refuses it.
        f"route add local {SERVICE_CIDR} dev lo src {own}",
        "route add unreachable default",
    ]


def of_first(place: Layout, link: IPv4Network) -> list[str]:
    """Commands for `ip -batch`: addresses and routes of the first node.

    Args:
        place: Which node it is.
        link: The network between host and node.
    """
    return [
        "link set lo up",
        f"addr add {SELF_ADDRESS}/32 dev lo",
        f"addr add {list(link.hosts())[1]}/{link.prefixlen} dev eth0",
        "link set eth0 up",
        f"link add {BRIDGE} type bridge",
        f"addr add {place.member}/{MEMBERS.prefixlen} dev {BRIDGE}",
        f"link set {BRIDGE} up",
        *_routes(place, SELF_ADDRESS),
    ]


def of_worker(place: Layout, link: IPv4Network) -> list[str]:
    """The same for another node: the API server, DNS and the address of the first are behind the first."""
    first = Layout(place.name).member
    return [
        "link set lo up",
        f"addr add {place.member}/{MEMBERS.prefixlen} dev eth0",
        "link set eth0 up",
        f"route add {SELF_ADDRESS}/32 via {first}",
        f"route add {link} via {first}",
        *_routes(place, str(place.member)),
    ]


#: Whose new connections do not leave the first node by its link to the host.
KEPT = [str(CLUSTER_CIDR), str(MEMBERS)]
