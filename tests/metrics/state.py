"""Stands for kube-state-metrics, which could not be had here: a few of its metrics, by its names and labels.

It runs in a pod, from a ConfigMap, and asks the API server at each scrape.
"""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API = "https://kubernetes.default.svc"
PERIOD = 60


def items(path: str) -> list[dict[str, Any]]:
    """All objects of a kind."""
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    request = urllib.request.Request(  # noqa: S310 - https to the API server
        API + path, headers={"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"}
    )
    with urllib.request.urlopen(request, context=context, timeout=5) as answer:  # noqa: S310
        return json.load(answer)["items"]


def seconds(text: str | None) -> float | None:
    """A time of the API server's."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None


def series() -> Iterator[tuple[str, dict[str, str], float | None]]:
    """Name, labels, value."""
    for item in items("/apis/apps/v1/deployments"):
        labels = {"namespace": item["metadata"]["namespace"], "deployment": item["metadata"]["name"]}
        yield "kube_deployment_spec_replicas", labels, item["spec"]["replicas"]
        yield "kube_deployment_status_replicas_available", labels, item["status"].get("availableReplicas", 0)
    for item in items("/api/v1/pods"):
        for container in item["status"].get("containerStatuses", []):
            labels = {"namespace": item["metadata"]["namespace"], "pod": item["metadata"]["name"]}
            labels["container"] = container["name"]
            yield "kube_pod_container_status_restarts_total", labels, container["restartCount"]
    for item in items("/apis/batch/v1/cronjobs"):
        labels = {"namespace": item["metadata"]["namespace"], "cronjob": item["metadata"]["name"]}
        last = seconds(item["status"].get("lastScheduleTime"))
        yield "kube_cronjob_created", labels, seconds(item["metadata"]["creationTimestamp"])
        yield "kube_cronjob_status_last_schedule_time", labels, last
        yield "kube_cronjob_status_last_successful_time", labels, seconds(item["status"].get("lastSuccessfulTime"))
        # The schedule of these tests is each minute.
        yield "kube_cronjob_next_schedule_time", labels, last and last + PERIOD
    for item in items("/apis/batch/v1/jobs"):
        labels = {"namespace": item["metadata"]["namespace"], "job_name": item["metadata"]["name"]}
        yield "kube_job_status_start_time", labels, seconds(item["status"].get("startTime"))
        for condition in item["status"].get("conditions", []):
            if condition["type"] == "Failed":
                yield "kube_job_failed", {**labels, "condition": condition["status"].lower()}, 1


def text() -> str:
    """The metrics; what has no value is not there."""
    lines = []
    for name, labels, value in series():
        inside = ",".join(f'{key}="{word}"' for key, word in labels.items())
        lines += [] if value is None else [f"{name}{{{inside}}} {value}"]
    return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    """Answers a scrape."""

    def do_GET(self) -> None:
        body = text().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
