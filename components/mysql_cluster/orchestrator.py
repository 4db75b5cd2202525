"""VTOrc: it sees a primary that is gone, chooses the server with the most data, and repairs replication."""

from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..inputs.known import lift
from ..kubernetes import traffic
from . import authority, metrics, tablets
from .parts import CELL, HTTP_PORT, LOG, RUN, Cluster, http

_RESOURCES = {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "96Mi", "memory_limit": "256Mi"}


def create(cluster: Cluster) -> None:
    """Make two of them: a lock in the topology lets one act at a time, and a node takes only one along."""
    children, given, selector = cluster.children, cluster.given, cluster.selector("vtorc")
    apps.Deployment(
        children.logical("vtorc"),
        metadata=cluster.metadata("vtorc"),
        spec=apps.DeploymentSpecArgs(
            replicas=2,
            selector=LabelSelectorArgs(match_labels=selector),
            strategy=apps.DeploymentStrategyArgs(
                type="RollingUpdate",
                rolling_update=apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
            ),
            template=core.PodTemplateSpecArgs(
                metadata=cluster.pod_metadata("vtorc", selector),
                spec=core.PodSpecArgs(
                    init_containers=[cluster.prepare(["topology"], cluster.values())],
                    containers=[
                        cluster.container(
                            "vtorc",
                            ["orchestrator"],
                            cluster.values(),
                            [
                                *LOG,
                                *authority.options(RUN, "tablet-manager-grpc"),
                                f"--cell={CELL}",
                                f"--port={HTTP_PORT}",
                                "--instance-poll-time=1s",
                                "--recovery-poll-duration=1s",
                                "--topo-information-refresh-duration=3s",
                                # A former primary with what nobody acknowledged must not look like a replica.
                                "--change-tablets-with-errant-gtid-to-drained",
                                "--security-policy=read-only",
                            ],
                            _RESOURCES,
                            ports=metrics.ports(given, HTTP_PORT),
                            readiness_probe=http("/debug/health", period_seconds=5),
                            liveness_probe=http("/debug/liveness", period_seconds=10, failure_threshold=6),
                        )
                    ],
                    volumes=cluster.volumes(),
                    **cluster.pod_fields(selector),
                ),
            ),
        ),
        opts=children.options(rollout_seconds=given["rollout_seconds"]),
    )
    cluster.budget("vtorc", selector)
    traffic.policy(
        children,
        "vtorc",
        selector,
        ingress=metrics.let_in(given, HTTP_PORT),
        egress=[lift(traffic.dns, given["platform"]), tablets.to_etcd(cluster), tablets.to_tablets(cluster)],
    )
