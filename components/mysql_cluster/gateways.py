"""The gateways: vtgate, which clients take for a MySQL server, and which knows where the primary is."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..inputs.known import lift
from ..kubernetes import labels, pods, resources, traffic
from ..mysql import front
from . import authority, inputs, metrics, tablets
from .parts import CELL, HTTP_PORT, LOG, RUN, SECRETS, SHOWN, Cluster, http

_TLS = "/etc/kubeauth/tls"
_DRAIN_SECONDS = 5
"""How long a gateway that ends takes new connections: until every node and load balancer knows."""

_END_SECONDS = 25
"""How long it waits for what clients have begun."""


def create(
    cluster: Cluster, secrets: list[pulumi.Input[str]], host: pulumi.Output[str], after: list[pulumi.Resource]
) -> apps.Deployment:
    """Make the gateways, their budget and policy.

    Args:
        cluster: The cluster.
        secrets: The names of the Secrets with the users.
        host: The DNS name that clients use.
        after: What must be done before any of them serves.
    """
    children, given = cluster.children, cluster.given
    selector = labels.selector(children.instance)
    made = apps.Deployment(
        children.logical("vtgate"),
        metadata=children.metadata("vtgate", extra={"service": f"{children.instance}-service"}),
        spec=apps.DeploymentSpecArgs(
            replicas=given["gateways"],
            selector=LabelSelectorArgs(match_labels=selector),
            strategy=apps.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
            ),
            template=core.PodTemplateSpecArgs(
                metadata=cluster.pod_metadata("vtgate", selector), spec=_pod(cluster, secrets, host, selector)
            ),
        ),
        opts=pulumi.ResourceOptions.merge(
            children.options(rollout_seconds=given["rollout_seconds"]), pulumi.ResourceOptions(depends_on=after)
        ),
    )
    cluster.budget("vtgate", selector)
    traffic.policy(
        children,
        "clients",
        selector,
        ingress=metrics.let_in(given, HTTP_PORT, front.clients(given, [f"{children.instance}-import"])),
        egress=[lift(traffic.dns, given["platform"]), tablets.to_etcd(cluster), tablets.to_tablets(cluster)],
    )
    return made


def _pod(
    cluster: Cluster,
    secrets: list[pulumi.Input[str]],
    host: pulumi.Output[str],
    selector: Mapping[str, str],
) -> core.PodSpecArgs:
    given = cluster.given
    users = core.VolumeMountArgs(name="secrets", mount_path=SECRETS, read_only=True)
    certificate = given["tls_secret"]
    folder = RUN if certificate is None else _TLS
    mounted = [] if certificate is None else [core.VolumeMountArgs(name="tls", mount_path=_TLS, read_only=True)]
    values = cluster.values({"CERTIFICATE": "no" if certificate is None else _TLS, "HOST": host})
    return core.PodSpecArgs(
        termination_grace_period_seconds=_DRAIN_SECONDS + _END_SECONDS + 5,
        init_containers=[cluster.prepare(["gateway", "topology"], values, users)],
        containers=[
            cluster.container(
                f"{cluster.children.instance}-container",
                ["router"],
                cluster.values(),
                lift(lambda require: _arguments(folder, require=require), given["require_tls"]),
                lift(_merged, given["gateway_resources"]),
                mounted,
                ports=[
                    core.ContainerPortArgs(name=front.PORT_NAME, container_port=front.PORT, protocol="TCP"),
                    *metrics.ports(given, HTTP_PORT),
                ],
                readiness_probe=core.ProbeArgs(
                    tcp_socket=core.TCPSocketActionArgs(port=front.PORT), period_seconds=5, timeout_seconds=5
                ),
                liveness_probe=http("/debug/liveness", period_seconds=10, failure_threshold=6),
                startup_probe=http("/debug/health", period_seconds=1, failure_threshold=120),
                lifecycle=core.LifecycleArgs(
                    pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=_DRAIN_SECONDS))
                ),
            )
        ],
        volumes=cluster.volumes(
            pods.secret_files("secrets", *secrets),
            *([] if certificate is None else [pods.secret_files("tls", certificate)]),
        ),
        **cluster.pod_fields(selector),
    )


def _merged(given: Mapping[str, Any]) -> dict[str, Any]:
    return resources.merge(given, inputs.GATEWAY_RESOURCES)


def _arguments(folder: str, *, require: bool) -> list[str]:
    return [
        *LOG,
        *authority.options(RUN, "tablet-grpc"),
        f"--cell={CELL}",
        f"--cells-to-watch={CELL}",
        "--tablet-types-to-wait=PRIMARY,REPLICA",
        # A server that came a moment ago may become the primary in the next; Vitess' own is a minute.
        "--tablet-refresh-interval=2s",
        f"--port={HTTP_PORT}",
        f"--mysql-server-port={front.PORT}",
        "--mysql-auth-server-impl=static",
        f"--mysql-auth-server-static-file={RUN}/users.json",
        f"--mysql-server-ssl-cert={folder}/tls.crt",
        f"--mysql-server-ssl-key={folder}/tls.key",
        *(["--mysql-server-require-secure-transport"] if require else []),
        # Statements wait while a primary is chosen, instead of failing.
        "--enable-buffer",
        "--buffer-window=30s",
        "--buffer-max-failover-duration=30s",
        "--buffer-min-time-between-failovers=5s",
        "--mysql-server-drain-onterm",
        f"--onterm-timeout={_END_SECONDS}s",
        *SHOWN,
    ]
