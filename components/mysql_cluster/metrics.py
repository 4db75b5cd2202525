"""The metrics of a cluster: each process has its own at its port for probes, which scrapers are let in to."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import lift
from ..inputs.record import Given, Record
from ..kubernetes import monitoring
from ..kubernetes.children import Children
from ..kubernetes.monitoring import Scraper

_Rules = pulumi.Input[Sequence[networking.NetworkPolicyIngressRuleArgs]]


class ClusterMetrics(TypedDict):
    """Who may read the metrics of vtgate, vttablet, VTOrc and etcd, and how they are found."""

    scrapers: NotRequired[pulumi.Input[list[pulumi.Input[Scraper]]]]
    """Pods that may read them. Default: those labelled `app.kubernetes.io/name: prometheus`, of any namespace."""

    monitor: NotRequired[bool]
    """Make a PodMonitor for the Prometheus operator. Default: false, then the pods have prometheus.io annotations."""

    monitor_labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the PodMonitor, by which an operator chooses, such as `release`. Default: none."""


RULES = Record(ClusterMetrics, monitoring.RULES)
"""The rules and defaults of ClusterMetrics."""


def annotations(given: Given, port: int) -> Any:
    """Return the annotations of the pods whose program has its metrics at a port; none without metrics."""
    return monitoring.annotations(_at(given, port)) if "metrics" in given else {}


def ports(given: Given, port: int) -> list[core.ContainerPortArgs]:
    """Return the container's port by which a PodMonitor finds the metrics; none without metrics."""
    made = core.ContainerPortArgs(name=monitoring.PORT_NAME, container_port=port, protocol="TCP")
    return [made] if "metrics" in given else []


def let_in(given: Given, port: int, rules: _Rules | None = None) -> _Rules | None:
    """Return what may come in to pods: these rules, and the scrapers where there are metrics.

    Args:
        given: The cluster's inputs.
        port: Where the pods' program has its metrics.
        rules: What else may come in. Default: nothing.
    """
    if "metrics" not in given:
        return rules
    return lift(lambda known, one: [*known, one], rules or [], monitoring.ingress(_at(given, port)))


def monitor(children: Children, given: Given) -> None:
    """Make the PodMonitor of all the cluster's pods, where it is asked for."""
    if given.args.get("metrics", {}).get("monitor"):
        monitoring.monitor(children, given["metrics"], {"app.kubernetes.io/instance": children.instance})


def _at(given: Given, port: int) -> Any:
    def known(metrics: Mapping[str, Any]) -> dict[str, Any]:
        return {**metrics, "port": port}

    return lift(known, given["metrics"])
