"""What must not happen by accident: the rules that stop a pull request, and how it says that something is meant."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import policies, versions
from .difference import entries, quantity
from .model import CREATE, DELETE, REPLACE, UPDATE, Change, Preview, lookup

_GONE = (DELETE, REPLACE)
_DATABASE = "kubeauth:index:MySqlDatabase"
#: The rule that `up` asks, too.
SERVER_VERSION = "server-version"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_REACH = {"ExternalName": 0, "ClusterIP": 0, "NodePort": 1, "LoadBalancer": 2}


@dataclass(frozen=True)
class Finding:
    """One reason to stop."""

    rule: str
    change: Change
    property: str
    """The property that causes it, with its values where that helps."""
    consequence: str
    """What happens on the cluster if it goes through."""
    token: str = ""
    """What the pull request has to name to say that it is meant: `<stack>/<resource>`."""
    allowed: bool = False


class Context:
    """What a rule may ask besides the change itself."""

    def __init__(self, preview: Preview) -> None:
        self._gone = {change.urn for change in preview.changes if change.op == DELETE}
        self._namespaces = {
            lookup(change.before, "metadata", "name")
            for change in preview.changes
            if change.kind == "Namespace" and change.op in _GONE
        }

    def goes_with_its_component(self, change: Change) -> bool:
        """Whether the component that a resource belongs to is deleted as well."""
        return change.op == DELETE and change.parent in self._gone

    def goes_with_its_namespace(self, change: Change) -> bool:
        """Whether the Namespace in which a resource is now goes, with everything in it."""
        return lookup(change.before, "metadata", "namespace") in self._namespaces


Rule = Callable[[Change, Context], Iterator[tuple[str, str]]]


def namespace(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A Namespace is deleted or replaced."""
    if change.kind == "Namespace" and change.op in _GONE:
        yield (
            _what(change),
            "everything in the namespace is deleted with it: pods, Secrets, volume claims and their data",
        )


def claim(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A volume claim is deleted or replaced."""
    others = [reason for reason in change.reasons if reason != "spec.storageClassName"]
    if change.kind == "PersistentVolumeClaim" and (change.op == DELETE or (change.op == REPLACE and others)):
        yield _what(change), "the volume and all data on it are deleted, unless the storage class retains volumes"


def storage_class(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A volume claim gets another storage class."""
    old, new = change.value("spec", "storageClassName")
    if change.kind == "PersistentVolumeClaim" and change.op in (UPDATE, REPLACE) and old != new:
        yield (
            f"spec.storageClassName: {_shown(old)} → {_shown(new)}",
            "a claim cannot change its class: it is replaced by an empty one, and the data is deleted",
        )


def shrunk_claim(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A volume claim asks for less than it has."""
    old, new = change.value("spec", "resources", "requests", "storage")
    before, after = quantity(old), quantity(new)
    if change.kind == "PersistentVolumeClaim" and change.op == UPDATE and before and after and after < before:
        yield (
            f"spec.resources.requests.storage: {old} → {new}",
            "a claim cannot shrink: the cluster refuses, and `up` fails half-way",
        )


def database(change: Change, context: Context) -> Iterator[tuple[str, str]]:
    """A database goes: its component is deleted, or its Deployment deleted or replaced."""
    if change.types[-1] == _DATABASE and change.op in _GONE:
        yield (
            _what(change),
            "the database goes, and its Service's name with it: clients lose it, a new one starts empty",
        )
    elif _DATABASE in change.types and change.kind == "Deployment" and change.op in _GONE:
        if context.goes_with_its_component(change) or any("selector" in reason for reason in change.reasons):
            return  # the component's finding, or the selector's, says it
        yield _what(change), "the server is stopped and removed; clients have no database until a new pod is ready"


def server_version(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A server with data gets an image that does not open it, or that does not say whether it does."""
    for step in version_steps(change):
        if step.judgement.refused:
            yield f"image: {step.before} → {step.after}", str(step.judgement)


def version_steps(change: Change) -> Iterator[versions.Step]:
    """Where a server with data gets another image, and what that means."""
    return versions.steps(change, is_database=_DATABASE in change.types)


def selector(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """A selector of a workload or a Service changes."""
    old, new = change.value("spec", "selector")
    if change.op not in (UPDATE, REPLACE) or old == new:
        return
    shown = "; ".join(
        f"{entry.path}: {_shown(entry.old)} → {_shown(entry.new)}" for entry in entries(old, new, "spec.selector")
    )
    if change.kind in _WORKLOADS:
        yield shown, f"a selector cannot change: the {change.kind} and all its pods are deleted, then made again"
    elif change.kind == "Service":
        yield shown, "the Service sends its traffic to other pods, or to none, at once and without an error"


def widened_service(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """Something becomes reachable from more places: a Service's type or addresses, or a new Ingress."""
    if change.kind == "Ingress" and change.op == CREATE:
        yield "new Ingress", "what it routes to becomes reachable from outside the cluster"
    if change.kind != "Service" or change.after is None:
        return
    old = "" if change.before is None else lookup(change.before, "spec", "type") or "ClusterIP"
    new = lookup(change.after, "spec", "type") or "ClusterIP"
    if _REACH.get(new, 0) > _REACH.get(old, 0):
        reach = "a load balancer's address" if new == "LoadBalancer" else "a port of every node"
        yield f"spec.type: {old or 'none'} → {new}", f"reachable from outside the cluster, on {reach}"
    before, after = (value or [] for value in change.value("spec", "externalIPs"))
    if set(after) - set(before):
        yield f"spec.externalIPs: {_shown(before)} → {_shown(after)}", "reachable from outside on more addresses"
    before, after = (value or [] for value in change.value("spec", "loadBalancerSourceRanges"))
    if before and (not after or set(after) - set(before)):
        yield f"spec.loadBalancerSourceRanges: {_shown(before)} → {_shown(after)}", "more networks are answered"


def dropped_policy(change: Change, context: Context) -> Iterator[tuple[str, str]]:
    """A NetworkPolicy goes, or allows what it did not allow before."""
    if change.kind != "NetworkPolicy" or context.goes_with_its_component(change):
        return
    if context.goes_with_its_namespace(change):
        return
    if change.op == DELETE or "metadata.namespace" in change.reasons:
        yield _what(change), "what it denied is allowed, unless another NetworkPolicy still denies it"
    elif change.op in (UPDATE, REPLACE):
        before, after = change.value("spec")
        yield from policies.widened(before or {}, after or {})


def protected(change: Change, _: Context) -> Iterator[tuple[str, str]]:
    """Pulumi itself protects what is to be deleted or replaced."""
    if change.protected and change.op in _GONE and not change.is_component:
        yield (
            f"{_what(change)}, but protected",
            "`up` refuses it, also when it is allowed here: set mysqlRetainData to false and deploy that first",
        )


#: Every rule, by the name that the comment and the JSON use.
RULES: dict[str, Rule] = {
    "namespace": namespace,
    "claim": claim,
    "storage-class": storage_class,
    "claim-shrinks": shrunk_claim,
    "database": database,
    SERVER_VERSION: server_version,
    "selector": selector,
    "wider-service": widened_service,
    "network-policy": dropped_policy,
    "protected": protected,
}


def judge(preview: Preview, stack: str, allowed: frozenset[str] = frozenset()) -> list[Finding]:
    """Apply every rule to every change.

    Args:
        preview: What would happen. Where the stack is new nothing can be lost, and nothing is found.
        stack: The stack's name, the first part of the tokens.
        allowed: Tokens that the pull request names.
    """
    if preview.is_new:
        return []
    context = Context(preview)
    found = [
        Finding(rule, change, prop, consequence)
        for change in preview.changes
        for rule, check in RULES.items()
        for prop, consequence in check(change, context)
    ]
    # A name that two of these resources share would let one approval cover both.
    names = Counter(change.name for change in {finding.change.urn: finding.change for finding in found}.values())
    judged = []
    for finding in found:
        change = finding.change
        token = f"{stack}/{change.kind}/{change.name}" if names[change.name] > 1 else f"{stack}/{change.name}"
        judged.append(Finding(finding.rule, change, finding.property, finding.consequence, token, token in allowed))
    return judged


def _what(change: Change) -> str:
    return f"replaced, {change.because}" if change.op == REPLACE else "deleted"


def _shown(value: Any) -> str:
    if value is None or not isinstance(value, str | int | float | list | dict):
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
