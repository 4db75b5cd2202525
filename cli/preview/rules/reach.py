"""Rules about who reaches what: Services, ways in from outside, NetworkPolicies."""

import re
from typing import Any

from .. import policies
from ..difference import entries
from ..model import CREATE, DELETE, REPLACE, SERVING, UPDATE, Change, lookup, mappings
from . import inputs, moves, ways
from .base import Context, Found, shown, what

_PUBLIC = re.compile(r"(publiclyAccessible|publicNetworkAccess(Enabled)?|publicAccess|ipv4Enabled)$", re.IGNORECASE)
_ANYWHERE = ("0.0.0.0/0", "::/0")
#: Annotations that keep a cloud's load balancer inside.
_INNER = re.compile(r"load-balancer-(internal|type)$|internal-load-balancer|backend-config-internal")
_POLICIES = ("NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy",
             "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "AuthorizationPolicy",
             "PeerAuthentication")  # fmt: skip
_REACH = {"ExternalName": 0, "ClusterIP": 0, "NodePort": 1, "LoadBalancer": 2}


def selector(change: Change, _: Context) -> Found:
    """A selector of a workload or a Service changes."""
    old, new = change.value("spec", "selector")
    if change.op not in (UPDATE, REPLACE) or old == new:
        return
    named = "; ".join(
        f"{entry.path}: {shown(entry.old)} → {shown(entry.new)}" for entry in entries(old, new, "spec.selector")
    )
    if change.kind in SERVING:
        yield named, f"a selector cannot change: the {change.kind} and all its pods are deleted, then made again"
    elif change.kind == "Service":
        yield named, "the Service sends its traffic to other pods, or to none, at once and without an error"


def wider(change: Change, _: Context) -> Found:
    """Something becomes reachable from more places: a Service's type or addresses, a new way in, a public database."""
    if change.after is None or change.op not in (CREATE, UPDATE, REPLACE):
        return
    if ways.is_one(change):
        yield from ways.more(change)
    elif change.kind == "Service":
        yield from _service(change)
    elif inputs.pod(change.after):
        yield from _of_node(change)
    elif change.before is not None:
        for path, old, new in inputs.changed(change):
            if _PUBLIC.search(path) and inputs.is_on(new):
                yield f"{path}: {shown(old)} → {shown(new)}", "it is reachable from the internet"
            elif new in _ANYWHERE and old != new and change.kind != "NetworkPolicy":
                yield f"{path}: {shown(old)} → {new}", "every address may come"


def _service(change: Change) -> Found:
    old = "" if change.before is None else lookup(change.before, "spec", "type") or "ClusterIP"
    new = lookup(change.after, "spec", "type") or "ClusterIP"
    if _REACH.get(new, 0) > _REACH.get(old, 0):
        reach = "a load balancer's address" if new == "LoadBalancer" else "a port of every node"
        yield f"spec.type: {old or 'none'} → {new}", f"reachable from outside the cluster, on {reach}"
    before, after = (inputs.texts(value) for value in change.value("spec", "externalIPs"))
    if set(after) - set(before):
        yield f"spec.externalIPs: {shown(before)} → {shown(after)}", "reachable from outside on more addresses"
    before, after = (inputs.texts(value) for value in change.value("spec", "loadBalancerSourceRanges"))
    if before and (not after or any(not policies.inside(it, before) for it in after)):
        yield f"spec.loadBalancerSourceRanges: {shown(before)} → {shown(after)}", "more networks are answered"
    old, new = (value if isinstance(value, dict) else {} for value in change.value("metadata", "annotations"))
    for key in sorted(key for key in old if _INNER.search(key) and new.get(key) != old[key]):
        if new.get(key) is None or not inputs.is_on(new[key]):
            yield f"annotation {key}: {old[key]} → {shown(new.get(key))}", "its load balancer is no longer an inner one"


def _of_node(change: Change) -> Found:
    """Pods that answer on their node's own addresses, past Services and most NetworkPolicies."""
    old, new = inputs.pod(change.before), inputs.pod(change.after)
    if new.get("hostNetwork") is True and old.get("hostNetwork") is not True:
        yield "hostNetwork: true", "its ports are ports of its node: whoever reaches the node reaches them"
    known = _host_ports(change.before)
    for port in sorted(_host_ports(change.after) - known):
        yield f"hostPort: {port}", "reachable on this port of its node, without a Service"


def _host_ports(side: dict[str, Any] | None) -> set[str]:
    ports = (port for it in inputs.containers(side).values() for port in mappings(it.get("ports")))
    return {str(port["hostPort"]) for port in ports if port.get("hostPort")}


def dropped_policy(change: Change, context: Context) -> Found:
    """A NetworkPolicy goes, or allows what it did not allow before."""
    if change.kind not in _POLICIES or context.goes_with_its_component(change):
        return
    if context.goes_with_its_namespace(change) or moves.is_served_elsewhere(change, context):
        return
    if change.op == DELETE or "metadata.namespace" in change.reasons:
        yield what(change), "what it denied is allowed, unless another policy still denies it"
    elif change.op in (UPDATE, REPLACE) and change.kind == "NetworkPolicy":
        before, after = change.value("spec")
        if isinstance(before, dict | None) and isinstance(after, dict | None):
            yield from policies.widened(before or {}, after or {})
        else:
            yield "spec", "what it allows is known only while `up` runs"
