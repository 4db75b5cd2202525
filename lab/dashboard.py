"""`python -m lab.dashboard`: write monitoring/dashboard.json, a Grafana dashboard, from the table of panels here."""

import argparse
import json
from dataclasses import dataclass
from typing import Any

from cli import console
from cli.paths import CHECKOUT

FILE = CHECKOUT / "monitoring/dashboard.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT = 24, 8
#: What stands for the matchers of the dashboard's namespaces in the queries below.
_HERE, _MATCHER = "HERE", 'namespace=~"$namespace"'


@dataclass(frozen=True)
class Panel:
    """One panel: what it shows, in which unit, and its queries by the legend of their lines."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str = ""
    width: int = 8
    kind: str = "timeseries"


def _rate(metric: str, labels: str = "") -> str:
    return f"rate({metric}{{HERE{labels}}}[$__rate_interval])"


def _quantile(part: float) -> str:
    rate = _rate("authenticate_request_duration_seconds_bucket", ', route="login"')
    return f"histogram_quantile({part}, sum by (le) ({rate}))"


_LOGINS = _rate("authenticate_requests_total", ', route="login"')
_READS, _ASKED = (f"mysql_global_status_innodb_buffer_pool_{word}" for word in ("reads", "read_requests"))
_CLAIM = '{HERE, persistentvolumeclaim=~".+-(data|backups)"}'
_DEPLOYMENT = '{HERE, deployment=~".+-(deployment|metrics)"}'
_RESTARTS = 'kube_pod_container_status_restarts_total{HERE, container=~".+-container|exporter"}'

ROWS: dict[str, tuple[Panel, ...]] = {
    "Logins": (
        Panel(
            "Logins by outcome", "reqps", {"{{outcome}}": f"sum by (outcome) ({_LOGINS})"},
            "refused is a wrong name or password; unavailable and error count against the objective.",
        ),
        Panel(
            "How long a login takes", "s", {f"p{part * 100:.0f}": _quantile(part) for part in (0.5, 0.95, 0.99)},
            "The objective: 95 % within a second.",
        ),
        Panel(
            "Error budget: how many times too fast it burns", "none",
            {window: f"kubeauth:login_errors:ratio_rate{window}{{HERE}} / 0.005" for window in ("1h", "6h")},
            "Over 14.4 for an hour somebody is called; over 6 for six hours there is a warning.",
        ),
        Panel(
            "Uses of the database that failed", "ops",
            {"{{reason}}": f"sum by (reason) ({_rate('authenticate_database_errors_total')})"},
            "Probes included.",
        ),
    ),
    "Database": (
        Panel("Answers", "none", {"{{pod}}": "mysql_up{HERE}"}, "1: its exporter logs in.", 4, "stat"),
        Panel("Up for", "s", {"{{pod}}": "mysql_global_status_uptime{HERE}"}, "", 4, "stat"),
        Panel(
            "Connections", "none",
            {
                "taken": "mysql_global_status_threads_connected{HERE}",
                "at work": "mysql_global_status_threads_running{HERE}",
                "limit": "mysql_global_variables_max_connections{HERE}",
            },
            "At the limit clients are refused.",
        ),
        Panel(
            "Statements", "ops",
            {"all": _rate("mysql_global_status_queries"), "slow": _rate("mysql_global_status_slow_queries")},
        ),
        Panel(
            "Refused and broken connections", "ops",
            {
                "refused": _rate("mysql_global_status_aborted_connects"),
                "broken": _rate("mysql_global_status_aborted_clients"),
            },
        ),
        Panel(
            "Pages read from disk, of all that were asked for", "percentunit",
            {"{{pod}}": f"{_rate(_READS)} / {_rate(_ASKED)}"}, "Much of it: a larger `size`.",
        ),
        Panel(
            "Certificate ends in", "s", {"{{pod}}": "mysql_global_status_ssl_server_not_after{HERE} - time()"},
            "", 8, "stat",
        ),
    ),
    "Volumes, backups, pods": (
        Panel(
            "Room on volumes", "percentunit",
            {
                "{{persistentvolumeclaim}}": f"kubelet_volume_stats_available_bytes{_CLAIM} / "
                f"kubelet_volume_stats_capacity_bytes{_CLAIM}"
            },
            "Under 15 % there is a warning, under 5 % somebody is called.",
        ),
        Panel(
            "Age of the last good backup", "s",
            {"{{cronjob}}": 'time() - kube_cronjob_status_last_successful_time{HERE, cronjob=~".+-backup"}'},
            "A backup is good when it was restored and compared.",
        ),
        Panel(
            "Pods that are missing", "none",
            {
                "{{deployment}}": f"kube_deployment_spec_replicas{_DEPLOYMENT} - "
                f"kube_deployment_status_replicas_available{_DEPLOYMENT}"
            },
            "", 4,
        ),
        Panel("Restarts in an hour", "none", {"{{pod}}": f"increase({_RESTARTS}[1h])"}, "", 4),
    ),
}  # fmt: skip


def made() -> str:
    """Return the dashboard's JSON."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row, entries in ROWS.items():
        panels.append({"type": "row", "title": row, "collapsed": False, "panels": [], "gridPos": _place(0, y, 24, 1)})
        x, y = 0, y + 1
        for entry in entries:
            if x + entry.width > _WIDTH:
                x, y = 0, y + _HEIGHT
            panels.append(_panel(entry, _place(x, y, entry.width, _HEIGHT)))
            x += entry.width
        y += _HEIGHT
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    namespace = {
        "name": "namespace", "label": "Namespace", "type": "query", "datasource": _SOURCE, "includeAll": True,
        "query": {"query": "label_values(mysql_up, namespace)", "refId": "namespace"}, "refresh": 2, "multi": True,
    }  # fmt: skip
    whole = {
        "title": "kubeauth", "uid": "kubeauth", "tags": ["kubeauth"], "schemaVersion": 39, "version": 1,
        "editable": True, "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "timezone": "utc",
        "templating": {"list": [source, namespace]}, "panels": panels,
    }  # fmt: skip
    return json.dumps(whole, indent=1) + "\n"


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _here(query: str) -> str:
    return query.replace(_HERE, _MATCHER)


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": _here(query), "legendFormat": legend}
        for number, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {},
        "targets": targets,
    }


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(prog="lab.dashboard", description=__doc__).parse_args()
    FILE.write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    console.run(main)
