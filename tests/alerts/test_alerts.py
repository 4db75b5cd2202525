"""The alerts, played by Prometheus' own tool: each fires by its fault, and is silent otherwise. `make test-alerts`."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from lab import toolchain
from tests.conftest import ROOT

RULES = ROOT / "monitoring/alerts.yaml"
LIMIT = 120


@pytest.fixture(scope="module")
def promtool() -> Path:
    return toolchain.program("promtool")


def said(*command: object, ok: bool = True) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_reads_the_rules(promtool):
    assert "rules found" in said(promtool, "check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_each_alert_fires_by_its_fault_and_is_silent_otherwise(promtool):
    said(promtool, "test", "rules", ROOT / "monitoring/alerts.test.yaml")


def test_an_alert_that_does_not_fire_is_seen(promtool, tmp_path):
    """A case that holds whatever the rules say would prove nothing."""
    rules = yaml.safe_load(RULES.read_text())
    for group in rules["groups"]:
        group["rules"] = [rule for rule in group["rules"] if "record" in rule]
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(rules))
    tests = yaml.safe_load((ROOT / "monitoring/alerts.test.yaml").read_text())
    (tmp_path / "alerts.test.yaml").write_text(yaml.safe_dump(tests))
    failed = said(promtool, "test", "rules", tmp_path / "alerts.test.yaml", ok=False)
    fires = sum(bool(case["exp_alerts"]) for each in tests["tests"] for case in each["alert_rule_test"])
    assert failed.count("got:[]") == fires


def test_prometheus_reads_the_dashboards_queries(promtool, tmp_path):
    panels = json.loads((ROOT / "monitoring/dashboard.json").read_text())["panels"]
    queries = [
        target["expr"].replace("$__rate_interval", "5m") for panel in panels for target in panel.get("targets", [])
    ]
    assert len(queries) > 20
    rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    assert f"{len(queries)} rules found" in said(promtool, "check", "rules", file)
