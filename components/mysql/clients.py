"""Who may connect to a database's pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import lift
from ..inputs.record import Given
from ..kubernetes import labels, traffic
from ..kubernetes.children import Children
from . import mysqld, restore_from


def policy(children: Children, given: Given, own: Sequence[str]) -> None:
    """Make the policy of a database's pod.

    Args:
        children: Of the database.
        given: The database's inputs.
        own: The names by which pods of this database's own are selected that connect to it.
    """
    ingress = networking.NetworkPolicyIngressRuleArgs(
        from_=lift(_peers, given["clients"], given["node_port_cidrs"], [*own]), ports=traffic.ports(mysqld.PORT)
    )
    egress = None
    if "restore_from" in given:
        egress = restore_from.egress(given["restore_from"], lift(traffic.dns, given["platform"]))
    traffic.policy(children, "clients", labels.selector(children.instance), ingress=[ingress], egress=egress)


def _peers(
    clients: Sequence[Mapping[str, Any]] | None, cidrs: Sequence[str], own: Sequence[str]
) -> list[networking.NetworkPolicyPeerArgs]:
    """The clients, pods of the database's own, and the networks that may use the node port."""
    chosen: Sequence[Mapping[str, Any]] = (
        [{"pod_labels": {labels.PART_OF_LABEL: labels.PART_OF}}] if clients is None else clients
    )
    return [
        *(traffic.pods(client["pod_labels"], client.get("namespace")) for client in chosen),
        *(traffic.pods(labels.selector(instance)) for instance in own),
        *map(traffic.network, cidrs),
    ]
