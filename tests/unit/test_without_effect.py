"""Inputs that another input would leave without effect: refused, because nobody would notice."""

from typing import Any

import pulumi
import pytest

from components import InputErrors
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy

LATER = pulumi.Output.from_input
CIDRS = ["10.0.0.0/8"]
MONITOR = {"monitor_labels": {"release": "prometheus"}}


def wrong(component: str, given: dict[str, Any]) -> list[str]:
    return [error.key for error in COMPONENTS[component].check("one", BASE[component] | given)]


@pytest.mark.parametrize(
    ("component", "given", "key"),
    [
        *((component, {"service_type": "ClusterIP", "node_port_cidrs": CIDRS}, "node_port_cidrs")
          for component in ("MySqlDatabase", "MySqlCluster")),
        ("MySqlDatabase", {"metrics": MONITOR}, "metrics.monitor_labels"),
        ("AuthService", {"metrics": MONITOR}, "metrics.monitor_labels"),
        ("AuthService", {"probes": {"liveness": {"kind": "tcp", "path": "/live"}}}, "probes.liveness.path"),
        ("AuthService", {"probes": {"liveness": {"kind": "grpc", "headers": {"Host": "a"}}}},
         "probes.liveness.headers"),
        ("AuthService", {"probes": {"liveness": {"command": ["check"]}}}, "probes.liveness.command"),
        ("AuthService", {"probes": {"liveness": {"kind": "none", "period_seconds": 5}}},
         "probes.liveness.period_seconds"),
        ("AuthService", {"probes": {"readiness": {"kind": "exec", "command": ["a"], "port": 80}}},
         "probes.readiness.port"),
        ("AuthService", {"probes": {"liveness_path": "/a", "liveness": {"path": "/b"}}}, "probes.liveness_path"),
        ("AuthService", {"probes": {"readiness_path": "/a", "readiness": {"kind": "tcp"}}}, "probes.readiness_path"),
    ],
)  # fmt: skip
def test_what_another_input_leaves_without_effect_is_refused(component, given, key):
    assert wrong(component, given) == [key]
    [(name, value)] = [(name, value) for name, value in given.items() if name == key.partition(".")[0]]
    if name == "metrics":
        # It decides what is made, so it is known before.
        return
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", BASE[component] | given | {name: LATER(value)}))
    assert [error.key for error in caught.value.inputs] == [key]


@pytest.mark.parametrize(
    ("component", "given"),
    [
        ("MySqlDatabase", {"service_type": "ClusterIP", "node_port_cidrs": []}),
        ("MySqlDatabase", {"service_type": "LoadBalancer", "node_port_cidrs": CIDRS}),
        ("MySqlCluster", {"node_port_cidrs": CIDRS}),
        ("AuthService", {"metrics": {**MONITOR, "monitor": True}}),
        (
            "AuthService",
            {"probes": {"liveness": {"kind": "none"}, "readiness": {"path": "/a", "headers": {"Host": "a"}}}},
        ),
        ("AuthService", {"probes": {"liveness_path": "/a", "liveness": {"port": 8080}, "readiness": {"kind": "tcp"}}}),
    ],
)
def test_what_counts_is_taken(component, given):
    assert wrong(component, given) == []
