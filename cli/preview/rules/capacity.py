"""A rule about room: what a namespace's ResourceQuota allows, beside what its workloads ask for."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from ..difference import quantity
from ..model import DELETE, Change, lookup, mappings
from . import inputs
from .base import Context, Found

_REPLICATED = ("Deployment", "StatefulSet", "ReplicaSet")
Amounts = dict[str, Decimal]


def exceeded(change: Change, context: Context) -> Found:
    """A ResourceQuota allows less than its namespace's workloads ask for, and did not before."""
    if change.kind != "ResourceQuota" or change.op == DELETE or change.after is None:
        return
    namespace = lookup(change.after, "metadata", "namespace")
    before, after = (_asked(context.changes, namespace, side) for side in ("before", "after"))
    limits, known = (_amounts(lookup(side, "spec", "hard")) for side in (change.after, change.before))
    for key, text in limits.items():
        limit, name = quantity(text), _full(key)
        was = quantity(known.get(key))
        tighter = was is None or limit is None or limit < was
        if limit is not None and after[name] > limit and (after[name] > before[name] or tighter):
            yield (
                f"{key}: {_shown(after[name], text)} of {text}",
                "the cluster refuses the pods or claims that no longer fit: the rollout stands still",
            )


def _asked(changes: list[Change], namespace: Any, side: str) -> Amounts:
    """What all workloads and claims of a namespace ask for on one side."""
    total: Amounts = defaultdict(Decimal)
    for change in changes:
        made = getattr(change, side)
        if made is None or lookup(made, "metadata", "namespace") != namespace:
            continue
        if change.kind == "PersistentVolumeClaim":
            total["persistentvolumeclaims"] += 1
            total["requests.storage"] += quantity(lookup(made, "spec", "resources", "requests", "storage")) or 0
        elif change.kind in _REPLICATED:
            number = lookup(made, "spec", "replicas")
            replicas = Decimal(number) if isinstance(number, int) else Decimal(1)
            total["pods"] += replicas
            for name, amount in _of_pod(made).items():
                total[name] += amount * replicas
        elif change.kind == "Service":
            total["services"] += 1
    return total


def _of_pod(made: dict[str, Any]) -> Amounts:
    total: Amounts = defaultdict(Decimal)
    for container in mappings(inputs.pod(made).get("containers")):
        limits, requests = (_amounts(lookup(container, "resources", kind)) for kind in ("limits", "requests"))
        # Kubernetes takes a limit for the request where there is none.
        for kind, given in (("limits", limits), ("requests", {**limits, **requests})):
            for name, text in given.items():
                total[f"{kind}.{name}"] += quantity(text) or 0
    return total


def _amounts(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _full(key: str) -> str:
    return f"requests.{key}" if key in ("cpu", "memory") else key


def _shown(amount: Decimal, like: Any) -> str:
    """An amount in the unit of a text: 1536Mi beside 1024Mi."""
    unit = str(like).lstrip("0123456789.")
    one = quantity(f"1{unit}") or Decimal(1)
    return f"{(amount / one).normalize():f}{unit}"
