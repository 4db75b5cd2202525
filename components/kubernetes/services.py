"""How Services are reached: the words that inputs may use, and which node ports a program has given away."""

from collections.abc import Callable
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

import pulumi


class ServiceType(Enum):
    """How a Service is reached."""

    NODE_PORT = "NodePort"
    """From pods, and on a port of every node."""

    CLUSTER_IP = "ClusterIP"
    """From pods only."""


class TrafficPolicy(Enum):
    """Which pods answer at a node's port."""

    CLUSTER = "Cluster"
    """Any pod; the client's address is the node's."""

    LOCAL = "Local"
    """Pods of that node only; the client's address stays, so that `node_port_cidrs` can tell clients apart."""


#: What stands for the program that runs: its connection to the engine.
_programs: list[Callable[[], Any]] = [pulumi.runtime.settings.get_monitor]
_node_ports: WeakKeyDictionary[Any, dict[int, str]] = WeakKeyDictionary()


def count_per(program: Callable[[], Any]) -> None:
    """Let something else stand for the program from now on: the package host serves one program only."""
    _programs.append(program)


def owner_of(node_port: int, asking: str) -> str:
    """Return which Service of this program has a node port: the first that asked for it.

    Args:
        node_port: The port.
        asking: Whose Service wants it, for example `MySqlDatabase mysqlauth`.
    """
    running = _programs[-1]()
    return asking if running is None else _node_ports.setdefault(running, {}).setdefault(node_port, asking)
