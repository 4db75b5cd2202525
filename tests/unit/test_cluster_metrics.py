"""The metrics of a MySqlCluster: off by default; each process has its own, for scrapers, without clients' values."""

from typing import Any, cast

import pulumi
import pytest

from components import InputErrors, MySqlCluster, MySqlClusterArgs

from .recorder import Recorder, deploy

REQUIRED = {"namespace": "shop", "password": "app-pw", "image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16"}
#: Where each part's program has its metrics, its workload's kind, and its policy.
PARTS = {
    "vtgate": (15000, "Deployment", "clients"),
    "vtorc": (15000, "Deployment", "vtorc"),
    "tablet": (15000, "StatefulSet", "tablet"),
    "etcd": (2381, "StatefulSet", "etcd"),
}
ANYWHERE = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}


def cluster(**given: Any) -> Recorder:
    return deploy(lambda: MySqlCluster("db", cast(MySqlClusterArgs, {**REQUIRED, **given})))


def template(recorder: Recorder, part: str) -> dict[str, Any]:
    return recorder.one(PARTS[part][1], f"db-{part}").inputs["spec"]["template"]


def let_in(recorder: Recorder, part: str) -> list[dict[str, Any]]:
    return recorder.one("NetworkPolicy", f"db-{PARTS[part][2]}").inputs["spec"].get("ingress") or []


def rules_of(recorder: Recorder, part: str) -> list[dict[str, Any]]:
    """What may come in to the metrics' port."""
    return [rule for rule in let_in(recorder, part) if {"port": PARTS[part][0], "protocol": "TCP"} in rule["ports"]]


@pytest.mark.parametrize("part", PARTS)
def test_without_metrics_nobody_is_let_in_to_the_port_and_nothing_says_that_it_is_there(part):
    recorder = cluster(metrics=None)
    assert not rules_of(recorder, part)
    assert not [name for name in template(recorder, part)["metadata"]["annotations"] if "prometheus" in name]
    assert "PodMonitor" not in {kind for kind, *_ in recorder.tree()}


@pytest.mark.parametrize("part", PARTS)
def test_each_process_is_found_by_annotations_and_open_to_scrapers_at_that_port_alone(part):
    port, without = PARTS[part][0], let_in(cluster(), part)
    recorder = cluster(metrics={}, annotations={"team": "shop"})
    found = template(recorder, part)
    assert found["metadata"]["annotations"].items() >= {
        "team": "shop", "prometheus.io/scrape": "true", "prometheus.io/port": str(port),
        "prometheus.io/path": "/metrics",
    }.items()  # fmt: skip
    named = [item for each in found["spec"]["containers"] for item in each["ports"] if item["name"] == "metrics"]
    assert named == [{"name": "metrics", "containerPort": port, "protocol": "TCP"}]
    assert let_in(recorder, part) == [*without, {"from": [ANYWHERE], "ports": [{"port": port, "protocol": "TCP"}]}]


@pytest.mark.parametrize("later", [False, True])
def test_scrapers_are_those_that_are_named_also_when_that_is_known_later(later):
    named = [{"pod_labels": {"app": "vmagent"}, "namespace": "monitoring"}]
    recorder = cluster(metrics={"scrapers": pulumi.Output.from_input(named) if later else named})
    for part in PARTS:
        (rule,) = rules_of(recorder, part)
        (peer,) = rule["from"]
        assert peer["podSelector"] == {"matchLabels": {"app": "vmagent"}}


def test_the_operators_pod_monitor_finds_every_pod_of_the_cluster_by_the_ports_name():
    recorder = cluster(metrics={"monitor": True, "monitor_labels": {"release": "kube-prometheus-stack"}})
    made = recorder.one("PodMonitor", "db-monitor").inputs
    assert made["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    ((key, value),) = made["spec"]["selector"]["matchLabels"].items()
    assert made["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "path": "/metrics"}]
    for part in PARTS:
        found = template(recorder, part)["metadata"]
        assert found["labels"][key] == value
        assert not [name for name in found.get("annotations") or {} if "prometheus" in name]


@pytest.mark.parametrize("part", ["vtgate", "tablet"])
def test_whoever_reads_metrics_reads_no_value_of_a_statement_at_the_same_port(part):
    (container,) = template(cluster(), part)["spec"]["containers"]
    assert {"--security-policy=read-only", "--redact-debug-ui-queries"} <= set(container["args"])


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"metrics": {"image": "prom/mysqld-exporter:v0.19.0"}}, "metrics.image"),
        ({"metrics": {"scrapers": []}}, "metrics.scrapers"),
        ({"metrics": True}, "metrics"),
        ({"metrics": {}, "annotations": {"prometheus.io/port": "1"}}, "annotations.prometheus.io/port"),
    ],
)
def test_what_would_do_nothing_or_let_everybody_in_is_refused(given, key):
    with pytest.raises(InputErrors) as caught:
        cluster(**given)
    assert [error.key for error in caught.value.inputs] == [key]
