"""The metrics of an auth service: the port where its image has them, and who may read them."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.known import is_known
from ..inputs.record import Record, Rule
from ..kubernetes import monitoring
from ..kubernetes.monitoring import Scraper


class ServiceMetrics(TypedDict):
    """Where a service's image has its metrics; the component does not make any."""

    port: NotRequired[pulumi.Input[int]]
    """The port, of container and Service, other than the service's own. Default: 9090. Allowed: 1024 to 65535."""

    path: NotRequired[pulumi.Input[str]]
    """Where they are. Default: `/metrics`."""

    scrapers: NotRequired[pulumi.Input[list[pulumi.Input[Scraper]]]]
    """Pods that may read them. Default: those labelled `app.kubernetes.io/name: prometheus`, of any namespace."""

    monitor: NotRequired[bool]
    """Make a PodMonitor for the Prometheus operator. Default: false, then the pods have prometheus.io annotations."""

    monitor_labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the PodMonitor, by which an operator chooses, such as `release`. Default: none."""


RULES = Record(
    ServiceMetrics,
    {
        "port": Rule(validation.port(9090, low=1024), default=9090),
        "path": Rule(validation.absolute_path("/metrics"), default="/metrics"),
        **monitoring.RULES,
    },
)
"""The rules and defaults of ServiceMetrics."""


def check_port(given: Mapping[str, Any], port: Any) -> list[InputError]:
    """Return an error where the metrics' port is the service's own, which everybody may use.

    Args:
        given: The service's inputs, each allowed by itself.
        port: The service's port.
    """
    mine = RULES.value(given["metrics"], "port") if "metrics" in given else None
    return same_port(mine, port) if is_known([mine, port]) else []


def same_port(mine: int | None, port: int) -> list[InputError]:
    """Return an error where the metrics' port, if any, is the service's own."""
    same = mine is not None and mine == port
    return validation.check(not same, "metrics.port", mine, "another port than `port`", "9090")
