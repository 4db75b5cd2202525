"""The topology's store: etcd, which knows who the primary is and who is asked to become it."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift
from ..inputs.record import Given
from ..kubernetes import discovery, labels, pods, resources, traffic
from ..kubernetes.children import Children
from . import claims, metrics
from .parts import (
    CLIENT_PORT,
    DIVISION,
    ETCD_HEALTH_PORT,
    PEER_PORT,
    RUN,
    Cluster,
    component_label,
    http,
    scratch_mounts,
)

_DATA = "/var/lib/etcd"
_RESOURCES = {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "256Mi"}


def service(children: Children, given: Given) -> core.Service:
    """Make the Service that gives each member a name, ready or not: they find each other before they are."""
    return core.Service(
        children.logical("etcd"),
        metadata=children.metadata("etcd", extra=component_label("etcd"), wait=False),
        spec=core.ServiceSpecArgs(
            cluster_ip="None",
            publish_not_ready_addresses=True,
            selector=labels.selector(f"{children.instance}-etcd"),
            ip_family_policy=entry(given["platform"], "ip_family_policy"),
            ports=[
                core.ServicePortArgs(name="client", port=CLIENT_PORT, protocol="TCP"),
                core.ServicePortArgs(name="peer", port=PEER_PORT, protocol="TCP"),
            ],
        ),
        opts=children.options(),
    )


def members(children: Children, given: Given, found: core.Service) -> list[pulumi.Output[str]]:
    """Return the members' names in DNS."""
    names = [f"{children.instance}-etcd-{number}" for number in range(given["topology_members"])]
    return [discovery.pod_fqdn(name, found, given["cluster_domain"]) for name in names]


def create(cluster: Cluster, found: core.Service, hosts: Sequence[pulumi.Output[str]]) -> None:
    """Make the members, their budget, and the policy that lets nobody but the cluster's own pods to them.

    Args:
        cluster: The cluster.
        found: Their Service.
        hosts: Their names in DNS.
    """
    children, given, selector = cluster.children, cluster.given, cluster.selector("etcd")
    apps.StatefulSet(
        children.logical("etcd"),
        metadata=cluster.metadata("etcd"),
        spec=apps.StatefulSetSpecArgs(
            replicas=given["topology_members"],
            service_name=discovery.name_of(found),
            # They begin together: one alone is no majority, and never ready.
            pod_management_policy="Parallel",
            selector=LabelSelectorArgs(match_labels=selector),
            persistent_volume_claim_retention_policy=claims.retention(retain=given["retain_data"]),
            volume_claim_templates=[claims.template(cluster, "1Gi")],
            template=core.PodTemplateSpecArgs(
                metadata=cluster.pod_metadata("etcd", selector),
                spec=core.PodSpecArgs(
                    init_containers=[_prepare(cluster, hosts)],
                    containers=[_container(given)],
                    volumes=cluster.volumes(),
                    **cluster.pod_fields(selector, "controller-revision-hash"),
                ),
            ),
        ),
        opts=children.options(protect=given["retain_data"], rollout_seconds=given["rollout_seconds"]),
    )
    cluster.budget("etcd", selector)
    asking = ["vtorc", *cluster.jobs, DIVISION]
    users = [*map(traffic.pods, cluster.servers), *(traffic.pods(cluster.selector(part)) for part in asking)]
    traffic.policy(
        children,
        "etcd",
        selector,
        ingress=metrics.let_in(
            given,
            ETCD_HEALTH_PORT,
            [
                networking.NetworkPolicyIngressRuleArgs(
                    from_=[*users, traffic.pods(labels.selector(children.instance))], ports=traffic.ports(CLIENT_PORT)
                ),
                # One whose volume is new asks the others to take it in again.
                networking.NetworkPolicyIngressRuleArgs(
                    from_=[traffic.pods(selector)], ports=traffic.ports(CLIENT_PORT, PEER_PORT)
                ),
            ],
        ),
        egress=lift(
            lambda dns: [
                dns,
                networking.NetworkPolicyEgressRuleArgs(
                    to=[traffic.pods(selector)], ports=traffic.ports(CLIENT_PORT, PEER_PORT)
                ),
            ],
            lift(traffic.dns, given["platform"]),
        ),
    )


def _domain(host: str) -> str:
    return host.partition(".")[2]


def _configuration(cluster: Cluster, hosts: Sequence[pulumi.Output[str]]) -> pulumi.Output[list[str]]:
    """The lines of a member's file of options, but for whether it is a new one."""

    def made(known: Sequence[str], namespace: str) -> list[str]:
        # The kubelet writes the pod's own name.
        own = f"$(POD_NAME).{_domain(known[0])}"
        first = ",".join(f"{host.partition('.')[0]}=https://{host}:{PEER_PORT}" for host in known)
        certificate = f"cert-file: {RUN}/peer.crt, key-file: {RUN}/peer.key"
        return [
            "name: $(POD_NAME)",
            f"data-dir: {_DATA}/member",
            f"listen-client-urls: https://0.0.0.0:{CLIENT_PORT}",
            f"advertise-client-urls: https://{own}:{CLIENT_PORT}",
            f"listen-peer-urls: https://0.0.0.0:{PEER_PORT}",
            f"initial-advertise-peer-urls: https://{own}:{PEER_PORT}",
            f"initial-cluster: {first}",
            f"initial-cluster-token: {namespace}-{cluster.children.instance}",
            f"client-transport-security: {{{certificate}}}",
            f"peer-transport-security: {{{certificate}, trusted-ca-file: {RUN}/ca.crt, client-cert-auth: true}}",
            f"listen-metrics-urls: http://0.0.0.0:{ETCD_HEALTH_PORT}",
            # Vitess never asks for what was.
            "auto-compaction-mode: periodic",
            "auto-compaction-retention: 1h",
            "log-level: warn",
        ]

    return lift(made, [*hosts], cluster.children.namespace)


def _prepare(cluster: Cluster, hosts: Sequence[pulumi.Output[str]]) -> core.ContainerArgs:
    own = {"OWN": hosts[0].apply(_domain), "DATA": f"{_DATA}/member", "CLIENT": CLIENT_PORT, "PEER": PEER_PORT}
    return cluster.prepare(["member"], cluster.values(own), _data(), arguments=_configuration(cluster, hosts))


def _data() -> core.VolumeMountArgs:
    return core.VolumeMountArgs(name="data", mount_path=_DATA)


def _container(given: Given) -> core.ContainerArgs:
    return core.ContainerArgs(
        name="etcd",
        image=given["etcd_image"],
        command=["etcd"],
        args=[f"--config-file={RUN}/etcd.yaml"],
        ports=[
            core.ContainerPortArgs(name="client", container_port=CLIENT_PORT, protocol="TCP"),
            core.ContainerPortArgs(name="peer", container_port=PEER_PORT, protocol="TCP"),
            *metrics.ports(given, ETCD_HEALTH_PORT),
        ],
        security_context=pods.security_context(),
        resources=resources.requirements(_RESOURCES, disk=entry(given["platform"], "ephemeral_storage")),
        volume_mounts=[_data(), *scratch_mounts()],
        readiness_probe=http("/readyz", ETCD_HEALTH_PORT, period_seconds=5),
        liveness_probe=http("/livez", ETCD_HEALTH_PORT, period_seconds=10, failure_threshold=6),
    )
