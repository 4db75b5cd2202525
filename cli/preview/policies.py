"""What a NetworkPolicy allows, and whether another version of it allows more."""

import ipaddress
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

ANYONE = "anyone"
ANY_PORT = "any port"
_PEERS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}


def widened(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a changed NetworkPolicy allows that it denied before: the property, and what follows from it."""
    old_types, new_types = _types(before), _types(after)
    for direction in sorted(old_types - new_types):
        yield (
            f"spec.policyTypes: without {direction}",
            f"it no longer restricts {direction.lower()}: all of it is allowed",
        )
    if before.get("podSelector") != after.get("podSelector"):
        yield (
            f"spec.podSelector: {_compact(before.get('podSelector'))} → {_compact(after.get('podSelector'))}",
            "pods that it selected so far are no longer restricted by it",
        )
    for direction in sorted(old_types & new_types):
        rules, peers = _PEERS[direction]
        old = _allowed(before.get(rules), peers)
        more = [pair for pair in _allowed(after.get(rules), peers) if not any(_covers(known, pair) for known in old)]
        for peer, port in more:
            yield (
                f"spec.{rules}: more is allowed",
                f"{direction.lower()} {peers} {peer} on {port} is allowed, denied before",
            )


def _types(spec: dict[str, Any]) -> set[str]:
    """The directions a policy restricts; Kubernetes' rule where it does not say."""
    given = spec.get("policyTypes")
    return set(given) if given else {"Ingress", *(["Egress"] if spec.get("egress") else [])}


def _allowed(rules: list[dict[str, Any]] | None, peers: str) -> list[tuple[str, str]]:
    """Every pair of peer and port that a direction's rules allow."""
    found: list[tuple[str, str]] = []
    for rule in rules or []:
        who = [_peer(peer) for peer in rule.get(peers) or []] or [ANYONE]
        ports = [_port(port) for port in rule.get("ports") or []] or [ANY_PORT]
        found += product(who, ports)
    return sorted(set(found))


def _peer(peer: dict[str, Any]) -> str:
    block = peer.get("ipBlock")
    return str(block["cidr"]) if block and block.keys() == {"cidr"} else _compact(peer)


def _port(port: dict[str, Any]) -> str:
    last = f"-{port['endPort']}" if port.get("endPort") else ""
    return f"{port.get('protocol') or 'TCP'} {port.get('port') or 'any port'}{last}"


def _covers(known: tuple[str, str], pair: tuple[str, str]) -> bool:
    """Whether what was allowed before includes a pair."""
    (old_peer, old_port), (peer, port) = known, pair
    if old_port not in (port, ANY_PORT):
        return False
    return old_peer == ANYONE or inside(peer, [old_peer])


def inside(network: str, others: list[str]) -> bool:
    """Whether a network is one of others, or lies in one of them."""
    return network in others or any(_lies_in(network, other) for other in others)


def _lies_in(inner: str, outer: str) -> bool:
    try:
        one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # pyright: ignore[reportArgumentType] - one version


def _compact(value: Any) -> str:
    return json.dumps(value or {}, sort_keys=True, separators=(",", ":"))
