"""How a Prometheus finds pods that have metrics, and how it is let in."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs import metadata, validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.known import entry, lift
from ..inputs.record import Record, Rule
from . import traffic
from .children import Children

PORT_NAME = "metrics"
"""The port of containers and Services."""

_PATH = "/metrics"

_OWN = ("prometheus.io/scrape", "prometheus.io/port", "prometheus.io/path")
"""The annotations by which a Prometheus without its operator finds pods."""

SCRAPERS = ({"pod_labels": {"app.kubernetes.io/name": "prometheus"}},)
"""The label that the Prometheus operator and Prometheus' Helm chart give to its pods."""


class Scraper(TypedDict):
    """Pods that may read metrics."""

    pod_labels: pulumi.Input[dict[str, pulumi.Input[str]]]
    """Labels that the pods have, at least one."""

    namespace: NotRequired[pulumi.Input[str]]
    """The pods' namespace. Default: any."""


SCRAPER = Record(Scraper, {"pod_labels": Rule(metadata.selector), "namespace": Rule(validation.namespace)})
"""The rules of a Scraper."""


def _monitor_labels(key: str, value: Any, monitor: bool) -> list[InputError]:
    """Labels of a PodMonitor, where there is one."""
    rule = "only with monitor true: it is what has them"
    return metadata.labels(key, value) or validation.check(monitor or not value, key, value, rule, REMOVE)


_SCRAPERS = validation.each(SCRAPER, "[{pod_labels: {app.kubernetes.io/name: prometheus}}]", some=True)

RULES = {
    # An empty list in a NetworkPolicy would let everybody in.
    "scrapers": Rule(_SCRAPERS, default=[*SCRAPERS]),
    "monitor": Rule(validation.true_or_false, default=False, plain=True),
    "monitor_labels": Rule(_monitor_labels, needs=("monitor",)),
}
"""The rules and defaults of the inputs that all metrics have."""


def annotations(given: Any) -> Any:
    """Return the annotations by which a Prometheus without its operator finds the pods; none beside a PodMonitor.

    Args:
        given: The metrics' inputs, with `port`, `monitor` and perhaps `path`.
    """

    def made(known: Mapping[str, Any]) -> dict[str, str]:
        if known["monitor"]:
            return {}
        return dict(zip(_OWN, ("true", str(known["port"]), known.get("path", _PATH)), strict=True))

    return lift(made, given)


def check_annotations(args: Mapping[str, Any]) -> list[InputError]:
    """Return an error for each annotation of a component that would lose against that of its metrics.

    Args:
        args: The component's inputs, without None.
    """
    metrics, given = args.get("metrics"), args.get("annotations")
    if not isinstance(metrics, Mapping) or metrics.get("monitor") or not isinstance(given, Mapping):
        return []
    return [
        InputError(f"annotations.{name}", name, "not an annotation that metrics set", REMOVE)
        for name in _OWN
        if name in given
    ]


def ingress(given: Any) -> Any:
    """Return the rule that lets scrapers in, at the metrics' port and no other.

    Args:
        given: The metrics' inputs, with `port` and `scrapers`.
    """
    return lift(_ingress, entry(given, "port"), entry(given, "scrapers"))


def _ingress(port: int, scrapers: Sequence[Mapping[str, Any]]) -> networking.NetworkPolicyIngressRuleArgs:
    return networking.NetworkPolicyIngressRuleArgs(from_=[*map(_pods, scrapers)], ports=traffic.ports(port))


def _pods(scraper: Mapping[str, Any]) -> networking.NetworkPolicyPeerArgs:
    if "namespace" in scraper:
        return traffic.pods(scraper["pod_labels"], scraper["namespace"])
    # A selector without labels stands for every namespace.
    return networking.NetworkPolicyPeerArgs(
        pod_selector=LabelSelectorArgs(match_labels=scraper["pod_labels"]), namespace_selector=LabelSelectorArgs()
    )


def monitor(children: Children, given: Any, selector: Mapping[str, str]) -> None:
    """Make a PodMonitor, where it is asked for: its kind is there only with the Prometheus operator.

    Args:
        children: Of the component that the pods belong to.
        given: The metrics' inputs, perhaps with `monitor_labels` and `path`.
        selector: The pods' labels.
    """
    path = lift(lambda known: known.get("path", _PATH), given)
    CustomResource(
        children.logical("monitor"),
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata=children.metadata("monitor", wait=False, extra=entry(given, "monitor_labels")),
        spec={"selector": {"matchLabels": {**selector}}, "podMetricsEndpoints": [{"port": PORT_NAME, "path": path}]},
        opts=children.options(),
    )
