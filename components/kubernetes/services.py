"""How Services are reached: the words that inputs may use, and what goes together."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from ..inputs import validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.validation import cidr, each


class ServiceType(Enum):
    """How a Service is reached."""

    NODE_PORT = "NodePort"
    """From pods, and on a port of every node."""

    CLUSTER_IP = "ClusterIP"
    """From pods only."""

    LOAD_BALANCER = "LoadBalancer"
    """From pods, on a port of every node, and at an address that the platform assigns."""


class TrafficPolicy(Enum):
    """Which pods answer at a node's port."""

    CLUSTER = "Cluster"
    """Any pod; the client's address is the node's."""

    LOCAL = "Local"
    """Pods of that node only; the client's address stays, so that `node_port_cidrs` can tell clients apart."""


def check_node_port(key: str, value: Any, service_type: Any, platform: Mapping[str, Any]) -> list[InputError]:
    """A port in the range that the API server hands out, where the Service has one."""
    if value == 0 and not isinstance(value, bool):
        return []
    if service_type == "ClusterIP":
        return validation.check(False, key, value, f"not together with service_type {service_type}", "0")
    low, _, high = platform["node_port_range"].partition("-")
    what = "a node port, or 0 for one that the cluster chooses"
    return validation.whole_number(int(low), int(high), what, int(low) + 2001)(key, value)


def check_traffic_policy(key: str, value: Any, service_type: Any) -> list[InputError]:
    """Which nodes answer at a node port, only where there is one."""
    if service_type == "ClusterIP":
        return validation.check(False, key, value, f"not together with service_type {service_type}", REMOVE)
    return validation.one_of(TrafficPolicy)(key, value)


def check_networks(key: str, value: Any, service_type: Any) -> list[InputError]:
    """Networks that may use a node's port, only where there is one; none at all are always allowed."""
    if service_type == "ClusterIP" and value:
        return validation.check(False, key, value, f"not together with service_type {service_type}", REMOVE)
    return each(cidr)(key, value)


def source_ranges(service_type: str, cidrs: Sequence[str]) -> list[str] | None:
    """The networks that a load balancer lets in; None where there is none, or where it lets in everybody."""
    return list(cidrs) or None if service_type == "LoadBalancer" else None
