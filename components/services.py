"""How Services are reached: the words that inputs may use."""

from enum import Enum


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
