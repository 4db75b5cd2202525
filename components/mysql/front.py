"""What clients see of a database: the Service before its pods, who may use it, and the connection through it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.networking import v1 as networking

from ..connection import DatabaseConnection
from ..inputs.known import entry, lift, merged
from ..inputs.record import Given
from ..kubernetes import discovery, labels, reservations, services, traffic
from ..kubernetes.children import Children
from . import accounts

PORT = 3306
PORT_NAME = "mysql"
"""The port of the pods behind the Service."""

BEGAN, SEVERAL = "kubeauth/began", "several"
"""The annotation of a Service that was made for several servers: there was no single one before."""


@dataclass(frozen=True)
class Front:
    """What is known of the Service once it is made."""

    host: pulumi.Output[str]
    """Its full DNS name."""
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    """`host:port`."""
    service_name: pulumi.Output[str]
    namespace: pulumi.Output[str]
    node_port: pulumi.Output[int]
    """The port on every node, 0 when there is none."""
    began: pulumi.Output[str]
    """What it was made for: `several` servers, or `one`."""

    def connection(
        self, secret: pulumi.Input[str], database: pulumi.Input[str], *, encoded: bool
    ) -> pulumi.Output[DatabaseConnection]:
        """Return an account's connection.

        Args:
            secret: The name of the account's Secret.
            database: Its schema.
            encoded: Whether its Secret is this package's own, with a `userinfo`.
        """
        return pulumi.Output.all(
            endpoint=self.endpoint,
            secret_name=secret,
            namespace=self.namespace,
            database_name=database,
            pod_port=PORT,
            **({"userinfo_key": accounts.USERINFO} if encoded else {}),
        ).apply(lambda known: cast(DatabaseConnection, known))


def create(component: pulumi.ComponentResource, given: Given, children: Children, *, several: bool = False) -> Front:
    """Make the Service `<instance>-service` before the pods of the instance's selector.

    Args:
        component: The database.
        given: Its inputs.
        children: Its children.
        several: Whether it is of several servers. Default: false.
    """
    own = {BEGAN: SEVERAL} if several else None
    service = core.Service(
        children.logical("service"),
        # Pulumi would wait 10 s for endpoints; the pods' workload is what tells that the database is ready.
        metadata=children.metadata("service", wait=False, annotations=merged(given["service_annotations"], own)),
        spec=core.ServiceSpecArgs(
            type=given["service_type"],
            selector=labels.selector(children.instance),
            external_traffic_policy=given["external_traffic_policy"],
            load_balancer_source_ranges=lift(services.source_ranges, given["service_type"], given["node_port_cidrs"]),
            ip_family_policy=entry(given["platform"], "ip_family_policy"),
            ports=[
                core.ServicePortArgs(
                    name=PORT_NAME,
                    port=given["port"],
                    target_port=PORT_NAME,
                    node_port=reservations.node_port(component, given.owner, given["node_port"], given["service_type"]),
                    protocol="TCP",
                )
            ],
        ),
        # A Service that one server had before keeps saying so.
        opts=pulumi.ResourceOptions.merge(
            children.options(),
            pulumi.ResourceOptions(ignore_changes=[f'metadata.annotations["{BEGAN}"]'] if several else None),
        ),
    )
    first = service.spec.apply(lambda spec: cast(Sequence[ServicePort], spec.ports)[0])
    host = discovery.service_fqdn(service, given["cluster_domain"])
    port = first.apply(lambda known: int(known.port))
    return Front(
        host=host,
        port=port,
        endpoint=pulumi.Output.concat(host, ":", port.apply(str)),
        service_name=discovery.name_of(service),
        namespace=discovery.namespace_of(service),
        node_port=first.apply(lambda known: int(known.node_port or 0)),
        began=service.metadata.apply(lambda known: (known.annotations or {}).get(BEGAN, "one")),
    )


def clients(
    given: Given, instances: Sequence[str] = ()
) -> pulumi.Input[Sequence[networking.NetworkPolicyIngressRuleArgs]]:
    """Return the rules that let the clients in; none where nobody may connect.

    Args:
        given: The database's inputs.
        instances: More instances whose pods may connect, such as that of backups. Default: none.
    """

    def rules(*known: Any) -> list[networking.NetworkPolicyIngressRuleArgs]:
        # A rule that names nobody would let everybody in.
        peers = _peers(*known)
        return [networking.NetworkPolicyIngressRuleArgs(from_=peers, ports=traffic.ports(PORT))] if peers else []

    return lift(rules, given["clients"], given["node_port_cidrs"], [*instances])


def _peers(
    given: Sequence[Mapping[str, Any]] | None, cidrs: Sequence[str], instances: Sequence[str]
) -> list[networking.NetworkPolicyPeerArgs]:
    """The clients, the instances' pods, and the networks that may use the node port."""
    chosen: Sequence[Mapping[str, Any]] = (
        [{"pod_labels": {labels.PART_OF_LABEL: labels.PART_OF}}] if given is None else given
    )
    return [
        *(traffic.pods(client["pod_labels"], client.get("namespace")) for client in chosen),
        *(traffic.pods(labels.selector(instance)) for instance in instances),
        *map(traffic.network, cidrs),
    ]
