"""Metrics of a database: a pod of its own, so that what watches the server never makes it restart or unready.

Why: docs/adr/0011-metrics-in-a-pod-of-their-own.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift, merged
from ..kubernetes import discovery, labels, monitoring, pods, resources, traffic
from ..kubernetes.children import Children
from . import accounts
from .metrics_inputs import RESOURCES

_FOLDER = "/etc/kubeauth/exporter"
# SHOW GLOBAL STATUS and VARIABLES need no right at all; the other collectors that are on by default would, or ask for
# what this server has not: replication, and statistics of another vendor's.
_COLLECTORS = (
    "--collect.global_status",
    "--collect.global_variables",
    "--no-collect.info_schema.innodb_cmp",
    "--no-collect.info_schema.innodb_cmpmem",
    "--no-collect.info_schema.query_response_time",
    "--no-collect.slave_status",
)


@dataclass(frozen=True)
class Source:
    """The database that is watched, with every default filled in."""

    endpoint: pulumi.Input[str]
    """Its Service's `host:port`."""
    server_port: int
    """The pod's port, which NetworkPolicies see."""
    secret: pulumi.Input[str]
    """The name of the Secret with the exporter's options; see `credentials.for_metrics`."""
    labels: Any
    placement: Any
    platform: Any
    rollout_seconds: int


def instance(database: str) -> str:
    """Return the name by which a database's exporter is selected; its Service must not find it."""
    return f"{database}-metrics"


def create(children: Children, given: Any, source: Source, *, monitored: bool) -> None:
    """Make the children of a database that has metrics.

    Args:
        children: Of the database.
        given: With the keys of `DatabaseMetrics`.
        source: The database.
        monitored: Whether there is a PodMonitor.
    """
    selector = labels.selector(instance(children.instance))
    apps.Deployment(
        children.logical("metrics"),
        metadata=children.metadata("metrics", extra={labels.COMPONENT_LABEL: "metrics"}),
        spec=apps.DeploymentSpecArgs(
            replicas=1,
            selector=LabelSelectorArgs(match_labels=selector),
            template=_pod_template(children, given, source, selector),
        ),
        opts=children.options(rollout_seconds=source.rollout_seconds),
    )
    server = networking.NetworkPolicyEgressRuleArgs(
        to=[traffic.pods(labels.selector(children.instance))], ports=traffic.ports(source.server_port)
    )
    traffic.policy(
        children,
        "metrics",
        selector,
        ingress=[monitoring.ingress(given)],
        egress=[lift(traffic.dns, source.platform), server],
    )
    if monitored:
        monitoring.monitor(children, given, selector)


def _pod_template(
    children: Children, given: Any, source: Source, selector: Mapping[str, str]
) -> core.PodTemplateSpecArgs:
    # Alive is that it answers at all; the metrics themselves say whether the server does.
    answers = core.HTTPGetActionArgs(path="/", port=monitoring.PORT_NAME)
    limits = lift(lambda known: resources.merge(known["resources"], RESOURCES), given)
    exporter = core.ContainerArgs(
        name="exporter",
        image=entry(given, "image"),
        args=[
            f"--config.my-cnf={_FOLDER}/{accounts.METRICS_OPTIONS}",
            pulumi.Output.concat("--mysqld.address=", source.endpoint),
            lift(lambda port: f"--web.listen-address=:{port}", entry(given, "port")),
            # Encrypted, and not verified, as for the jobs of backups.
            "--tls.insecure-skip-verify",
            *_COLLECTORS,
        ],
        ports=[core.ContainerPortArgs(name=monitoring.PORT_NAME, container_port=entry(given, "port"), protocol="TCP")],
        security_context=pods.security_context(),
        resources=resources.requirements(limits, disk=entry(source.platform, "ephemeral_storage")),
        volume_mounts=[core.VolumeMountArgs(name="options", mount_path=_FOLDER, read_only=True)],
        readiness_probe=core.ProbeArgs(http_get=answers, period_seconds=5),
        liveness_probe=core.ProbeArgs(http_get=answers, period_seconds=10, failure_threshold=6),
    )
    name = children.instance
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels=merged(labels.recommended("mysql", name, "metrics", source.labels), selector),
            annotations=merged(children.annotations, monitoring.annotations(given)),
        ),
        spec=core.PodSpecArgs(
            dns_config=discovery.dns_config(),
            containers=[exporter],
            volumes=[pods.secret_files("options", source.secret, keys=[accounts.METRICS_OPTIONS])],
            **pods.common(source.placement, source.platform),
        ),
    )
