"""How pods find each other: the only place that spells a Service's DNS name."""

import ipaddress
import re
from typing import NamedTuple, Protocol, cast

import pulumi
from pulumi_kubernetes.core.v1 import PodDNSConfigArgs, PodDNSConfigOptionArgs, Service
from pulumi_kubernetes.meta.v1.outputs import ObjectMeta

CLUSTER_DOMAIN = "cluster.local"
"""The DNS domain of a cluster unless its kubelets say otherwise (kubelet's `clusterDomain`)."""


class HasMetadata(Protocol):
    """Any Kubernetes resource."""

    @property
    def metadata(self) -> pulumi.Output[ObjectMeta]:
        """The resource's metadata, as the cluster has it."""
        ...


def name_of(resource: HasMetadata) -> pulumi.Output[str]:
    """Return a resource's name from its outputs, so that whoever uses it waits for the resource."""
    return resource.metadata.apply(lambda metadata: cast(str, metadata.name))


def namespace_of(resource: HasMetadata) -> pulumi.Output[str]:
    """Return a resource's namespace from its outputs."""
    return resource.metadata.apply(lambda metadata: cast(str, metadata.namespace))


def service_fqdn(service: Service, cluster_domain: pulumi.Input[str] = CLUSTER_DOMAIN) -> pulumi.Output[str]:
    """Return `<service>.<namespace>.svc.<cluster domain>`, from the outputs of the Service itself.

    Args:
        service: The Service that the caller wants to reach.
        cluster_domain: The cluster's DNS domain, without dots at its ends.
    """
    return pulumi.Output.concat(name_of(service), ".", namespace_of(service), ".svc.", cluster_domain)


def pod_fqdn(pod: str, service: Service, cluster_domain: pulumi.Input[str] = CLUSTER_DOMAIN) -> pulumi.Output[str]:
    """Return `<pod>.<service>.<namespace>.svc.<cluster domain>`: a pod of a StatefulSet behind its headless Service.

    Args:
        pod: The pod's name, `<StatefulSet>-<number>`.
        service: The Service without an address.
        cluster_domain: The cluster's DNS domain, without dots at its ends.
    """
    return pulumi.Output.concat(pod, ".", service_fqdn(service, cluster_domain))


def dns_config() -> PodDNSConfigArgs:
    """Return what keeps a pod's lookups of a Service's full name short: 2 DNS queries (A and AAAA), not 8.

    Such a name has 4 dots, and from `ndots` up a name is asked as it is, without the search domains.
    """
    return PodDNSConfigArgs(options=[PodDNSConfigOptionArgs(name="ndots", value="2")])


class Endpoint(NamedTuple):
    """A `host:port` taken apart; `namespace` is set when the host is a Service of this cluster."""

    host: str
    port: int
    namespace: str | None


def parse_endpoint(endpoint: str, cluster_domain: str = CLUSTER_DOMAIN) -> Endpoint:
    """Take `host:port` apart.

    Args:
        endpoint: For example `mysqlauth-service.production-cloud.svc.cluster.local:3306`.
        cluster_domain: The cluster's DNS domain; hosts under `svc.<cluster domain>` are Services of this cluster.

    Raises:
        ValueError: There is no host, or no port between 1 and 65535.
    """
    host, _, port = endpoint.rpartition(":")
    if not _is_host(host) or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        raise ValueError(f"{endpoint!r} is not <host>:<port>")
    name = host.removesuffix(f".svc.{cluster_domain}")
    service_labels = name.split(".") if name != host else []
    return Endpoint(host, int(port), service_labels[1] if len(service_labels) == 2 else None)


def _is_host(host: str) -> bool:
    """Whether it is a DNS name, of which some have underscores, or an address; those of IPv6 in brackets."""
    try:
        if host.startswith("[") and host.endswith("]"):
            return "%" not in host and bool(ipaddress.IPv6Address(host[1:-1]))
        if re.fullmatch(r"[0-9.]+", host):
            return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    return re.fullmatch(rf"{label}(\.{label})*\.?", host) is not None
