"""Who may connect to a database's pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift
from ..inputs.record import Given
from ..kubernetes import labels, traffic
from ..kubernetes.children import Children
from . import bucket, mysqld


def policy(children: Children, given: Given, own: Sequence[str], sent_to: Any = None) -> None:
    """Make the policy of a database's pod.

    Args:
        children: Of the database.
        given: The database's inputs.
        own: The names by which pods of this database's own are selected that connect to it.
        sent_to: The bucket that gets its binary log, with the keys of `Bucket`. Default: none.
    """
    ingress = networking.NetworkPolicyIngressRuleArgs(
        from_=lift(_peers, given["clients"], given["node_port_cidrs"], [*own]), ports=traffic.ports(mysqld.PORT)
    )
    buckets = [sent_to, entry(given["restore_from"], "s3") if "restore_from" in given else None]
    egress = bucket.egress_of([each for each in buckets if each is not None], given["platform"])
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
