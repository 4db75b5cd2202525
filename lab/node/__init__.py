"""A local single-node Kubernetes for machines without a cluster: Linux and root will do, no Docker, no systemd."""

from lab.node.node import Node

__all__ = ["Node"]
