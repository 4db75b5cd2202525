"""Every namespace with pods denies by default, and every workload has a policy that says what is allowed."""

from collections.abc import Iterator, Sequence
from typing import Any

from .values import UNKNOWN, elements, get, same
from .workloads import Finding, Resource, pod_of

_DIRECTIONS = {"Ingress": "ingress", "Egress": "egress"}


def missing_policies(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Finding]]:
    """Yield what has no NetworkPolicy: namespaces, by their first workload, and workloads.

    Args:
        resources: The stack.
    """
    policies = [resource for resource in resources if resource.kind == "NetworkPolicy"]
    seen: set[str] = set()
    for workload in resources:
        pod = pod_of(workload)
        if pod is None or workload.namespace is UNKNOWN:
            continue
        near = [policy for policy in policies if same(policy.namespace, workload.namespace)]
        denied = {direction for policy in near for direction in _denies(policy)}
        if workload.namespace not in seen and denied != set(_DIRECTIONS):
            missing = " and ".join(direction for direction in _DIRECTIONS if direction not in denied)
            problem = f"is a namespace without a NetworkPolicy that denies {missing} to all its pods"
            fix = "add one with podSelector {} and these policyTypes, or create the namespace with AppNamespace"
            yield workload, Finding(f"metadata.namespace {workload.namespace!r}", problem, fix)
        seen.add(workload.namespace)
        labels = get(pod.metadata, "labels")
        if not any(selects(policy, labels) for policy in near if _allows(policy)):
            problem = "are selected by no NetworkPolicy that says what these pods may do"
            yield workload, Finding(f"{pod.path}metadata.labels", problem, "add one whose podSelector matches them")


def _denies(policy: Resource) -> Iterator[str]:
    """The directions that a policy denies, or may deny, to every pod of its namespace."""
    spec = get(policy.properties, "spec")
    if spec is UNKNOWN:
        yield from _DIRECTIONS
        return
    selector = get(spec, "podSelector")
    if selector is not UNKNOWN and (get(selector, "matchLabels") or get(selector, "matchExpressions")):
        return
    types = get(spec, "policyTypes") or ["Ingress", *(["Egress"] if get(spec, "egress") else [])]
    for direction, rules in _DIRECTIONS.items():
        if (types is UNKNOWN or direction in types) and get(spec, rules) in (None, [], UNKNOWN):
            yield direction


def _allows(policy: Resource) -> bool:
    """Whether a policy is, or may be, more than the one that denies everything to all pods."""
    spec = get(policy.properties, "spec")
    paths = ("podSelector", "matchLabels"), ("podSelector", "matchExpressions"), ("ingress",), ("egress",)
    return any(get(spec, *path) for path in paths)


def selects(policy: Resource, labels: Any) -> bool:
    """Return whether a policy's selector matches a pod's labels, or may."""
    selector = get(policy.properties, "spec", "podSelector")
    if UNKNOWN in (selector, labels):
        return True
    labels = labels or {}
    wanted = get(selector, "matchLabels")
    matches = wanted is UNKNOWN or all(same(labels.get(key), value) for key, value in (wanted or {}).items())
    return matches and all(_meets(labels, rule) for rule in elements(get(selector, "matchExpressions")))


def _meets(labels: dict[str, Any], expression: Any) -> bool:
    """Whether labels meet one of a selector's expressions, or may."""
    key, operator, values = (get(expression, part) for part in ("key", "operator", "values"))
    if UNKNOWN in (key, operator, values) or labels.get(key) is UNKNOWN:
        return True
    return {
        "In": labels.get(key) in (values or ()),
        "NotIn": labels.get(key) not in (values or ()),
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[operator]
