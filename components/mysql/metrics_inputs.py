"""The inputs of a database's metrics, and what is allowed in them."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from ..kubernetes import monitoring, resources
from ..kubernetes.monitoring import Scraper
from ..kubernetes.resources import Resources

IMAGE = "prom/mysqld-exporter:v0.19.0"
PORT = 9104
RESOURCES = {"cpu_request": "10m", "cpu_limit": "200m", "memory_request": "32Mi", "memory_limit": "64Mi"}
"""An exporter has 18 MB, and works for some milliseconds at each scrape."""


class DatabaseMetrics(TypedDict):
    """A pod beside a database that turns the server's status and variables into metrics: mysqld_exporter."""

    image: NotRequired[pulumi.Input[str]]
    """mysqld_exporter 0.15 or newer, which its entrypoint starts. Default: `prom/mysqld-exporter:v0.19.0`."""

    port: NotRequired[pulumi.Input[int]]
    """The port of the metrics. Default: 9104. Allowed: 1024 to 65535."""

    scrapers: NotRequired[pulumi.Input[list[pulumi.Input[Scraper]]]]
    """Pods that may read them. Default: those labelled `app.kubernetes.io/name: prometheus`, of any namespace."""

    monitor: NotRequired[bool]
    """Make a PodMonitor for the Prometheus operator. Default: false, then the pods have prometheus.io annotations."""

    monitor_labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the PodMonitor, by which an operator chooses, such as `release`. Default: none."""

    resources: NotRequired[pulumi.Input[Resources]]
    """Requests and limits. Default: cpu 10m/200m, memory 32Mi/64Mi."""


def _resources(key: str, value: Any) -> list[InputError]:
    return resources.check(key, value, RESOURCES, "32Mi")


RULES = Record(
    DatabaseMetrics,
    {
        "image": Rule(validation.image(IMAGE), default=IMAGE),
        "port": Rule(validation.port(PORT, low=1024), default=PORT),
        **monitoring.RULES,
        "resources": Rule(_resources, default={}),
    },
)
"""The rules and defaults of a DatabaseMetrics."""
