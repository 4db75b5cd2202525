"""Who may talk to whom, as the NetworkPolicies of a namespace say it: pure, as the API's own rules have it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Labels = Mapping[str, str]
INGRESS, EGRESS = "Ingress", "Egress"
_SIDES = {INGRESS: ("ingress", "from"), EGRESS: ("egress", "to")}
_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pods:
    """Pods that are alike: a workload's."""

    namespace: str
    name: str
    labels: Labels
    namespace_labels: Labels


@dataclass(frozen=True)
class Peer:
    """Somebody who may."""

    who: str
    ports: str
    """`TCP 3306`; `any port`."""
    policy: str
    workloads: tuple[str, ...] = ()
    """The names of the workloads in the same namespace that it means; none where it means others."""


def matches(selector: Object | None, labels: Labels) -> bool:
    """Whether a label selector selects something with these labels."""
    selector = selector or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_meets(each, labels) for each in selector.get("matchExpressions") or [])


def _meets(expression: Object, labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(expression["operator"], False)


def selecting(policies: Iterable[Object], pods: Pods, side: str) -> list[Object]:
    """The policies that rule one side of the traffic of some pods."""
    return [
        policy
        for policy in policies
        if side in _types(policy) and matches(policy["spec"].get("podSelector"), pods.labels)
    ]


def _types(policy: Object) -> list[str]:
    spec = policy["spec"]
    return spec.get("policyTypes") or [INGRESS, *([EGRESS] if "egress" in spec else [])]


def peers(policies: Iterable[Object], pods: Pods, workloads: Iterable[Pods], side: str = INGRESS) -> list[Peer] | None:
    """Who may open a connection to some pods, or to whom they may; None where no policy rules it: everybody.

    Args:
        policies: The NetworkPolicies of the pods' namespace.
        pods: Whose doors.
        workloads: The pods that can be called by a name.
        side: INGRESS or EGRESS.
    """
    ruling, known, (rules, ends) = selecting(policies, pods, side), list(workloads), _SIDES[side]
    if not ruling:
        return None
    return [
        peer
        for policy in ruling
        for rule in policy["spec"].get(rules) or []
        for peer in _peers(rule, ends, policy["metadata"]["name"], pods.namespace, known)
    ]


def _peers(rule: Object, ends: str, policy: str, namespace: str, known: list[Pods]) -> Iterator[Peer]:
    ports = _ports(rule)
    if not rule.get(ends):
        yield Peer("anyone", ports, policy)
    for one in rule.get(ends) or []:
        same = "namespaceSelector" not in one and "ipBlock" not in one
        meant = [
            it.name for it in known if it.namespace == namespace and same and matches(one.get("podSelector"), it.labels)
        ]
        yield Peer(_who(one, meant), ports, policy, tuple(meant))


def _who(one: Object, meant: list[str]) -> str:
    if block := one.get("ipBlock"):
        but = ", ".join(block.get("except") or [])
        return f"{block['cidr']} but {but}" if but else block["cidr"]
    pods = one.get("podSelector")
    if "namespaceSelector" not in one:
        if not _words(pods):
            return "every pod of this namespace"
        return f"pods of {', '.join(meant)}" if meant else f"pods with {_words(pods)}"
    space = one["namespaceSelector"] or {}
    name = (space.get("matchLabels") or {}).get(_NAME)
    where = f"namespace {name}" if name and len(space) == 1 == len(space["matchLabels"]) else ""
    where = where or (f"namespaces with {_words(space)}" if _words(space) else "every namespace")
    return f"{f'pods with {_words(pods)}' if _words(pods) else 'every pod'} of {where}"


def _words(selector: Object | None) -> str:
    """A selector as people read it; empty where it selects all."""
    selector = selector or {}
    found = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or []:
        values = f" ({', '.join(each.get('values') or [])})" if each.get("values") else ""
        found.append(f"{each['key']} {each['operator']}{values}")
    return ", ".join(found)


def _ports(rule: Object) -> str:
    found = []
    for one in rule.get("ports") or []:
        until = f"-{one['endPort']}" if one.get("endPort") else ""
        found.append(f"{one.get('protocol') or 'TCP'} {one.get('port', 'any port')}{until}")
    return ", ".join(found) or "any port"


def refused(policies: Mapping[str, list[Object]], client: Pods, server: Pods, ports: set[int | str]) -> str:
    """Which side's policies keep pods from others, in words; empty where none does.

    Args:
        policies: By namespace.
        client: Who opens the connection.
        server: To whom.
        ports: The names and the number that the server's port has.
    """
    for side, own, other in ((EGRESS, client, server), (INGRESS, server, client)):
        ruling = selecting(policies.get(own.namespace, []), own, side)
        rules, ends = _SIDES[side]
        allowed = not ruling or any(
            _opens(rule, ends, own.namespace, other, ports)
            for policy in ruling
            for rule in policy["spec"].get(rules) or []
        )
        if not allowed:
            names = ", ".join(sorted(policy["metadata"]["name"] for policy in ruling))
            return f"NetworkPolicy {names} of {own.namespace} does not let {'it out' if side == EGRESS else 'it in'}"
    return ""


def _opens(rule: Object, ends: str, namespace: str, other: Pods, ports: set[int | str]) -> bool:
    """Whether a rule means other pods and a port. Blocks of addresses do not count: pods are named by labels."""
    given = rule.get("ports") or []
    if given and not any(_is_port(one, ports) for one in given):
        return False
    return not rule.get(ends) or any(_means(one, namespace, other) for one in rule[ends])


def _is_port(one: Object, ports: set[int | str]) -> bool:
    if "port" not in one:
        return True
    if one.get("endPort"):
        return any(isinstance(port, int) and one["port"] <= port <= one["endPort"] for port in ports)
    return one["port"] in ports


def _means(one: Object, namespace: str, other: Pods) -> bool:
    if "ipBlock" in one:
        return False
    here = other.namespace == namespace
    if "namespaceSelector" in one:
        here = matches(one["namespaceSelector"], {_NAME: other.namespace, **other.namespace_labels})
    return here and matches(one.get("podSelector"), other.labels)
