"""A real Prometheus with an Alertmanager, in a pod of a node's namespace `monitoring`."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from lab import toolchain
from tests.conftest import ROOT

NAMESPACE = "monitoring"
LABELS = {"app.kubernetes.io/name": "prometheus"}
#: How many times faster the rules' clock goes: an hour is a minute.
FASTER = 60
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def faster(rules: str) -> str:
    """The rules with a faster clock: windows, waits, and what is added to a schedule."""

    def scaled(match: re.Match[str]) -> str:
        return f"{match[1]}{max(1, int(match[2]) * _UNITS[match[3]] // FASTER)}s{match[4]}"

    text = re.sub(r"(\[)(\d+)([smhd])(\])", scaled, rules)
    text = re.sub(r"(for: )(\d+)([smhd])(\n)", scaled, text)
    text = text.replace("4 * 86400", str(4 * 86400 // FASTER))
    return text.replace("> 3600 + 1.5", f"> {3600 // FASTER} + 1.5")


def relabelling() -> list[dict[str, Any]]:
    """The guide's own lines."""
    blocks = re.findall(r"```yaml\n(relabel_configs:.*?)```", (ROOT / "docs/guides/metrics.md").read_text(), re.DOTALL)
    (block,) = blocks
    return yaml.safe_load(block)["relabel_configs"]


def configuration() -> dict[str, Any]:
    """What is scraped: annotated pods, the kubelet, and the state of the cluster's objects."""
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["/etc/prometheus/alerts.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
        "scrape_configs": [
            {"job_name": "pods", "kubernetes_sd_configs": [{"role": "pod"}], "relabel_configs": relabelling()},
            {
                "job_name": "kubelet",
                "scheme": "https",
                "authorization": {"credentials_file": token},
                "tls_config": {"insecure_skip_verify": True},
                "kubernetes_sd_configs": [{"role": "node"}],
            },
            # As it has namespaces of its own to tell about, not the pod's.
            {"job_name": "state", "honor_labels": True, "static_configs": [{"targets": ["127.0.0.1:8080"]}]},
        ],
    }


def manifests() -> str:
    """All objects, as a JSON list."""
    files = {
        "prometheus.yaml": json.dumps(configuration()),
        "alerts.yaml": faster((ROOT / "monitoring/alerts.yaml").read_text()),
        "alertmanager.yaml": json.dumps({"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}),
        "state.py": (ROOT / "tests/metrics/state.py").read_text(),
    }
    rights = [
        {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {"apiGroups": ["apps", "batch"], "resources": ["deployments", "jobs", "cronjobs"], "verbs": ["get", "list"]},
    ]
    subject = {"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "prometheus"}
    objects = [
        _object("v1", "Namespace", NAMESPACE, namespaced=False),
        _object("v1", "ServiceAccount", "prometheus"),
        _object("rbac.authorization.k8s.io/v1", "ClusterRole", "prometheus", namespaced=False, rules=rights),
        _object(
            "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "prometheus", namespaced=False,
            roleRef=role, subjects=[subject],
        ),
        _object("v1", "ConfigMap", "prometheus", data=files),
        _object("v1", "Pod", "prometheus", labels=LABELS, spec=_pod()),
    ]  # fmt: skip
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _object(version: str, kind: str, name: str, *, namespaced: bool = True, labels: Any = None, **rest: Any) -> Any:
    metadata = {"name": name, **({"namespace": NAMESPACE} if namespaced else {}), "labels": labels or {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _pod() -> dict[str, Any]:
    programs = {name: toolchain.program(name).parent for name in ("prometheus", "alertmanager")}

    def container(name: str, image: str, *command: str) -> dict[str, Any]:
        mounts = [{"name": each, "mountPath": f"/programs/{each}", "readOnly": True} for each in programs]
        mounts += [{"name": "files", "mountPath": "/etc/prometheus"}, {"name": "data", "mountPath": "/data"}]
        return {"name": name, "image": image, "command": [*command], "volumeMounts": mounts, "workingDir": "/data"}

    return {
        "serviceAccountName": "prometheus",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            container(
                "prometheus", "localhost/pause:1", "/programs/prometheus/prometheus",
                "--config.file=/etc/prometheus/prometheus.yaml", "--storage.tsdb.path=/data/prometheus",
            ),
            container(
                "alertmanager", "localhost/pause:1", "/programs/alertmanager/alertmanager",
                "--config.file=/etc/prometheus/alertmanager.yaml", "--storage.path=/data/alertmanager",
                "--cluster.listen-address=",
            ),
            container("state", "localhost/authenticate:1.0.0", "python", "/etc/prometheus/state.py"),
        ],
        "volumes": [
            *({"name": name, "hostPath": {"path": str(Path(folder))}} for name, folder in programs.items()),
            {"name": "files", "configMap": {"name": "prometheus"}},
            {"name": "data", "emptyDir": {}},
        ],
    }  # fmt: skip
