"""Alerts and dashboard: complete, explained, tested, of metrics that exist. In tests/alerts Prometheus reads them."""

import json
import re
import sys
from typing import Any

import pytest
import yaml

from cli import paths
from tests import exported

ROOT = paths.CHECKOUT
sys.path.insert(0, str(ROOT / "examples/authenticate"))

import metrics  # noqa: E402 - the example service's

GROUPS = yaml.safe_load((ROOT / "monitoring/alerts.yaml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS: dict[str, Any] = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TESTS = yaml.safe_load((ROOT / "monitoring/alerts.test.yaml").read_text())["tests"]
GUIDE = (ROOT / "docs/guides/alerts.md").read_text()
PANELS = json.loads((ROOT / "monitoring/dashboard.json").read_text())["panels"]
#: Of the kubelet and of kube-state-metrics, as their documentation has them; docs/guides/metrics.md names both.
CLUSTERS = {
    "kube_cronjob_created",
    "kube_cronjob_next_schedule_time",
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_job_failed",
    "kube_job_status_start_time",
    "kube_pod_container_status_restarts_total",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "kubelet_volume_stats_inodes",
    "kubelet_volume_stats_inodes_free",
}


def names(query: str) -> set[str]:
    """The metrics of a query."""
    without = re.sub(r'"[^"]*"', "", query)
    return set(re.findall(r"\b((?:mysql|kube|kubelet|authenticate)_[a-z0-9_]+|kubeauth:[a-z_]+:[a-z0-9_]+)\b", without))


def known() -> frozenset[str]:
    """The metrics that there are: the exporter's, the service's, the cluster's, and what the rules record."""
    counted = metrics.Metrics()
    counted.database_error("the database is not reachable")
    service = set(re.findall(r"^(authenticate_\w+)", counted.text(), re.MULTILINE))
    return exported.OF_MYSQL | service | CLUSTERS | {rule["record"] for rule in RULES if "record" in rule}


def test_the_rules_use_metrics_that_there_are():
    assert {name for rule in RULES for name in names(rule["expr"])} - known() == set()


def test_the_dashboard_uses_metrics_that_there_are():
    queries = [target["expr"] for panel in PANELS for target in panel.get("targets", [])]
    assert all(names(query) for query in queries)
    assert {name for query in queries for name in names(query)} - known() == set()


def test_every_metric_can_be_narrowed_to_a_namespace():
    for rule in RULES:
        plain = re.sub(r"kubeauth:\S+", "", rule["expr"])
        used = re.findall(
            r"\b(?:mysql|kube|kubelet|authenticate)_[a-z0-9_]+(?!\w)(\{[^}]*\})?", re.sub(r"by \([^)]*\)", "", plain)
        )
        assert all('namespace=~".+"' in labels for labels in used), rule
    narrowed = (ROOT / "monitoring/alerts.yaml").read_text().replace('namespace=~".+"', 'namespace="shop"')
    assert yaml.safe_load(narrowed)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_where_its_runbook_is(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/guides/alerts.md#{name.lower()}"
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/guides/alerts.md has no section {name}"
    assert "```bash" in section[1] or "`make " in section[1] or "](#kubeauth" in section[1] or "`metrics." in section[1]


def test_the_guide_has_no_alert_that_there_is_not():
    assert set(re.findall(r"^## (Kubeauth\w+)$", GUIDE, re.MULTILINE)) == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_seen_firing_and_silent(name):
    cases = [case for test in TESTS for case in test["alert_rule_test"] if case["alertname"] == name]
    assert any(case["exp_alerts"] for case in cases), "no test in which it fires"
    assert any(not case["exp_alerts"] for case in cases), "no test in which it is silent"


def test_the_dashboard_has_what_grafana_asks_for():
    ids = [panel["id"] for panel in PANELS]
    assert len(set(ids)) == len(ids) > 15
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        for target in panel.get("targets", []):
            assert '"$namespace"' in target["expr"]
