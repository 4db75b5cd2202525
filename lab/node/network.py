"""The link between the host and a node: one veth pair, one /30, all that the host's network sees of a node."""

import socket
import subprocess
from ipaddress import IPv4Interface, IPv4Network

import psutil

from cli.console import Problem


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
