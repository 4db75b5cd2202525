"""Ways in from outside: objects that route names and paths to Services."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .. import policies
from ..model import Change, lookup, mappings
from . import inputs
from .base import Found, shown

_KINDS = (
    "kubernetes:*:Ingress",
    "kubernetes:gateway.networking.*k8s.io/*:*Route",
    "kubernetes:gateway.networking.*k8s.io/*:Gateway",
    "kubernetes:gateway.networking.*k8s.io/*:*ListenerSet",
    "kubernetes:route.openshift.io/*:Route",
    "kubernetes:traefik.*/*:IngressRoute*",
    "kubernetes:networking.istio.io/*:Gateway",
    "kubernetes:networking.istio.io/*:VirtualService",
    "kubernetes:projectcontour.io/*:HTTPProxy",
    "kubernetes:configuration.konghq.com/*:*Ingress",
    "kubernetes:getambassador.io/*:*Mapping",
    "kubernetes:multicluster.x-k8s.io/*:ServiceExport",
)
#: Where each kind has its names.
_NAMES = (("hosts",), ("hostnames",), ("host",), ("hostname",), ("virtualhost", "fqdn"))
#: Annotations that say who may come, and those that ask who comes.
_NETWORKS = re.compile(r"(source-ranges?|(white|allow)-?list|inbound-cidrs)$", re.IGNORECASE)
_ASKS = re.compile(r"/(auth-(type|url|secret|tls-secret)|enable-global-auth)$")
#: Which entrance answers.
_ENTRANCES = ("ingressClassName", "parentRefs", "gateways", "gatewayClassName", "entryPoints")


def is_one(change: Change) -> bool:
    """Whether a resource is a way in."""
    return any(fnmatchcase(change.types[-1], kind) for kind in _KINDS) and _leads_in(change.after)


def more(change: Change) -> Found:
    """What a way in opens that was closed before."""
    if change.before is None or not _leads_in(change.before):
        yield f"new {change.kind}", "what it routes to becomes reachable from outside the cluster"
        return
    if names := sorted(_hosts(change.after) - _hosts(change.before)):
        yield f"hosts: {', '.join(names)}", "what it routes to is reachable under more names"
    known = [*_paths(change.before)]
    hosts = {host for host, _ in known}
    new = {it for it in _paths(change.after) if it[0] in hosts and not any(_covers(old, it) for old in known)}
    if new:
        yield f"paths: {', '.join(sorted(map(''.join, new)))}", "more of what is behind it is reachable from outside"
    for key in _ENTRANCES:
        old, new = change.value("spec", key)
        if old != new and old is not None:
            yield f"spec.{key}: {shown(old)} → {shown(new)}", "another entrance leads to it, which others may reach"
    old, new = (value if isinstance(value, dict) else {} for value in change.value("metadata", "annotations"))
    for key in sorted(old):
        if _NETWORKS.search(key) and not _within(str(new.get(key) or "0.0.0.0/0"), str(old[key])):
            yield f"annotation {key}: {old[key]} → {shown(new.get(key))}", "more networks are answered"
        elif _ASKS.search(key) and key not in new:
            yield f"annotation {key}: {old[key]} → none", "nobody is asked any more who he is"


def _leads_in(side: dict[str, Any] | None) -> bool:
    """Whether it counts at the cluster's entrance: routes of a mesh alone are between pods."""
    gateways = lookup(side, "spec", "gateways")
    is_mesh = side is not None and "http" in (side.get("spec") or {}) and gateways in (None, [], ["mesh"])
    return not is_mesh


def _hosts(side: dict[str, Any] | None) -> set[str]:
    """The names under which a way in answers; an asterisk is every one."""
    names = {str(it.get("host") or "*") for it in mappings(lookup(side, "spec", "rules")) if "http" in it}
    names |= {str(it.get("hostname") or "*") for it in mappings(lookup(side, "spec", "listeners"))}
    names |= {name for it in mappings(lookup(side, "spec", "servers")) for name in inputs.texts(it.get("hosts"))}
    own = {name for path in _NAMES for name in inputs.texts(lookup(side, "spec", *path))}
    routes = mappings(lookup(side, "spec", "rules"))
    # A route without names answers to all of its Gateway's.
    every = {"*"} if routes and not own and not any("http" in it for it in routes) else set[str]()
    return {*names, *own, *every, *({"*"} if lookup(side, "spec", "defaultBackend") else set())}


def _paths(side: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The paths that are routed, each with its host where paths are a host's own."""
    for rule in mappings(lookup(side, "spec", "rules")):
        for path in mappings(lookup(rule, "http", "paths")):
            yield str(rule.get("host") or "*"), str(path.get("path") or "/")
        if "http" not in rule:
            found = [lookup(match, "path", "value") for match in mappings(rule.get("matches"))]
            yield from (("", str(path or "/")) for path in found or ["/"])
    for route in mappings(lookup(side, "spec", "routes")):
        yield "", str(route.get("match") or shown(lookup(route, "conditions")))


def _covers(old: tuple[str, str], new: tuple[str, str]) -> bool:
    return new == old or (new[0] == old[0] and new[1].startswith(f"{old[1].rstrip('/')}/"))


def _within(new: str, old: str) -> bool:
    known = [each.strip() for each in old.split(",")]
    return all(policies.inside(each.strip(), known) for each in new.split(","))
