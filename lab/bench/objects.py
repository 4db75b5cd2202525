"""What is on the cluster in the end, in a form in which the sides can be compared."""

import json
import re
from typing import Any

from .sides import NAMESPACE
from .system import System

KINDS = (
    "serviceaccounts,secrets,persistentvolumeclaims,services,deployments,networkpolicies,poddisruptionbudgets,"
    "resourcequotas,limitranges,cronjobs"
)
#: What tools and the cluster add to an object for themselves.
_TOOLS = ("meta.helm.sh/", "kubectl.kubernetes.io/", "pulumi.com/", "deployment.kubernetes.io/", "pv.kubernetes.io/",
          "volume.kubernetes.io/", "volume.beta.kubernetes.io/")  # fmt: skip
_MANAGED_BY = "app.kubernetes.io/managed-by"
_CLUSTERS_OWN = ("clusterIP", "clusterIPs", "healthCheckNodePort", "volumeName")
#: The end that Pulumi gives the names of Secrets, wherever they are named.
RANDOM = re.compile(r"(-(?:credentials|server|restore))-[0-9a-f]{8}\b")


def collect(system: System) -> dict[str, Any]:
    """Every object of the stack, by kind and name, without what differs at each creation."""
    namespace = system.get("namespaces", "--field-selector", f"metadata.name={NAMESPACE}")
    found = namespace + system.get(KINDS, "--namespace", NAMESPACE)
    kept = [item for item in found if item["metadata"]["name"] not in ("default", "kube-root-ca.crt")]
    return {key(item): normalised(item) for item in kept}


def key(item: dict[str, Any]) -> str:
    """What an object is called on every side, whatever end Pulumi gave its name."""
    return RANDOM.sub(r"\1", f"{item['kind']} {item['metadata']['name']}")


def normalised(item: dict[str, Any]) -> dict[str, Any]:
    """An object without its identity, its status, and what tools note in it for themselves."""
    metadata = item["metadata"]
    notes = {key: text for key, text in metadata.get("annotations", {}).items() if not key.startswith(_TOOLS)}
    # Helm writes its own name there.
    labels = {key: text for key, text in metadata.get("labels", {}).items() if key != _MANAGED_BY}
    fields = {key: value for key, value in item.items() if key not in ("metadata", "status", "spec")}
    spec = {key: value for key, value in item.get("spec", {}).items() if key not in _CLUSTERS_OWN}
    if "ports" in spec:
        spec["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec["ports"]]
    found = {**fields, "name": metadata["name"], "labels": labels, "annotations": notes, "spec": spec}
    return json.loads(RANDOM.sub(r"\1", json.dumps(found)))


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    """The objects that only one of two sides has, or that differ, and where."""
    lines = [f"{name} is missing on one side" for name in sorted(first.keys() ^ second.keys())]
    for name in sorted(first.keys() & second.keys()):
        lines += [f"{name}{path}" for path in _paths(first[name], second[name])]
    return lines


def _paths(first: Any, second: Any, path: str = "") -> list[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        keys = sorted(first.keys() | second.keys())
        return [found for key in keys for found in _paths(first.get(key), second.get(key), f"{path}.{key}")]
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return [found for at, pair in pairs for found in _paths(*pair, f"{path}[{at}]")]
    return [] if first == second else [f"{path}: {first!r:.80} or {second!r:.80}"]
