"""What a reviewer wants to know first: counts, restarts, what is exposed, DB_HOST before and after."""

import re
from dataclasses import dataclass
from typing import Any

from .difference import entries
from .model import CREATE, DELETE, REPLACE, SAME, UPDATE, Change, Preview, lookup

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob")
OPERATIONS = (CREATE, UPDATE, REPLACE, DELETE)


@dataclass(frozen=True)
class Restart:
    """Pods that restart."""

    change: Change
    why: str


@dataclass(frozen=True)
class Exposure:
    """A Service, and how it can be reached before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Host:
    """DB_HOST of one container; empty where there is none."""

    where: str
    before: str
    after: str


def counts(preview: Preview) -> dict[str, int]:
    """How many resources each operation has; `renamed` are those that an alias keeps."""
    counted = {operation: len(preview.of(operation)) for operation in (*OPERATIONS, SAME)}
    return {
        **counted,
        "renamed": sum(bool(change.renamed_from) for change in preview.changes if not change.is_component),
    }


def restarts(preview: Preview) -> list[Restart]:
    """The workloads whose pods are ended and started again, and why."""
    found = []
    for change in preview.of(UPDATE, REPLACE):
        if change.kind not in WORKLOADS:
            continue
        if change.op == REPLACE:
            found.append(Restart(change, f"deleted and made again, {change.because}"))
            continue
        old, new = change.value("spec", "template")
        paths = list(dict.fromkeys(_short(entry.path) for entry in entries(old, new, "template")))
        if paths:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            found.append(Restart(change, ", ".join(paths[:3]) + more))
    return found


def exposures(preview: Preview) -> list[Exposure]:
    """Every Service and Ingress of the stack, before and after."""
    found: dict[str, list[str]] = {}
    for change in preview.changes:
        if change.kind in ("Service", "Ingress") and not change.is_component:
            for side, inputs in enumerate((change.before, change.after)):
                if inputs is not None:
                    name = str(lookup(inputs, "metadata", "name") or change.name)
                    found.setdefault(name, ["", ""])[side] = _reach(change.kind, inputs)
    return [Exposure(name, before, after) for name, (before, after) in sorted(found.items())]


def hosts(preview: Preview) -> list[Host]:
    """DB_HOST of every container that has it, before and after."""
    found: dict[str, list[str]] = {}
    for change in preview.changes:
        for side, inputs in enumerate((change.before, change.after)):
            for container in lookup(inputs, "spec", "template", "spec", "containers") or []:
                for variable in container.get("env") or []:
                    if isinstance(variable, dict) and variable.get("name") == "DB_HOST" and "value" in variable:
                        where = f"{change.name} / {container.get('name')}"
                        found.setdefault(where, ["", ""])[side] = str(variable["value"])
    return [Host(where, before, after) for where, (before, after) in sorted(found.items())]


def _short(path: str) -> str:
    """A path inside a pod template without what every path has: `env[DB_HOST]`, `volumes[files].secret.secretName`."""
    path = re.sub(r"^template\.(spec\.)?", "", path)
    return re.sub(r"^containers\[[^]]*\]\.", "", re.sub(r"(env\[[^]]*\]).*", r"\1", path))


def _reach(kind: str, inputs: dict[str, Any]) -> str:
    spec = inputs.get("spec") or {}
    if kind == "Ingress":
        return "Ingress: " + ", ".join(str(rule.get("host") or "every host") for rule in spec.get("rules") or [])
    what = str(spec.get("type") or "ClusterIP")
    ports = []
    for port in spec.get("ports") or []:
        node_port = port.get("nodePort") or "chosen by the cluster"
        outside = f", node port {node_port}" if what != "ClusterIP" else ""
        ports.append(f"{port.get('port')}/{port.get('protocol') or 'TCP'}{outside}")
    extra = [f"external IPs {', '.join(spec['externalIPs'])}"] if spec.get("externalIPs") else []
    return f"{what} {'; '.join([*ports, *extra])}".strip()
