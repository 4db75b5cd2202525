"""NetworkPolicies: who may talk to whom."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs import metadata, validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.record import Record, Rule
from .children import Children


class Peer(TypedDict):
    """Something that pods may talk to: pods, or a network; and the ports."""

    pod_labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels that the pods have. Default: all pods of `namespace`."""

    namespace: NotRequired[pulumi.Input[str]]
    """The pods' namespace. Default: the component's own."""

    cidr: NotRequired[pulumi.Input[str]]
    """A network instead of pods, such as `203.0.113.0/24`; `0.0.0.0/0` is everything. Default: pods."""

    ports: NotRequired[pulumi.Input[list[pulumi.Input[int]]]]
    """TCP ports of those pods or hosts (not of a Service before them). Default: every port."""


def _pods_or_network(key: str, value: Mapping[str, Any]) -> list[InputError]:
    if "cidr" in value:
        others = [name for name in ("pod_labels", "namespace") if name in value]
        return [InputError(f"{key}.{name}", "(given)", "not together with cidr", REMOVE) for name in others]
    ok = "pod_labels" in value or "namespace" in value
    return validation.check(ok, key, value, "pod_labels, namespace or cidr", "{cidr: 203.0.113.0/24, ports: [587]}")


PEER = Record(
    Peer,
    {
        "pod_labels": Rule(metadata.selector),
        "namespace": Rule(validation.namespace),
        "cidr": Rule(validation.cidr),
        "ports": Rule(validation.each(validation.port(587), "[587]", some=True)),
    },
    _pods_or_network,
)
"""The rules of a Peer: pods or a network, and never everything without saying so."""


def policy(
    children: Children,
    child: str,
    selector: Mapping[str, str],
    *,
    ingress: pulumi.Input[Sequence[pulumi.Input[networking.NetworkPolicyIngressRuleArgs]]] | None = None,
    egress: pulumi.Input[Sequence[pulumi.Input[networking.NetworkPolicyEgressRuleArgs]]] | None = None,
) -> None:
    """Make a policy that denies its pods whatever it does not allow.

    Args:
        children: Of the component that the policy belongs to.
        child: The policy's part of the name, for example `traffic`.
        selector: The labels of its pods; `{}` stands for every pod of the namespace.
        ingress: What may come in. Default: nothing.
        egress: What may go out. Default: nothing.
    """
    networking.NetworkPolicy(
        children.logical(child),
        metadata=children.metadata(child),
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=selector or None),
            policy_types=["Ingress", "Egress"],
            ingress=ingress,
            egress=egress,
        ),
        opts=children.options(),
    )


def ports(*numbers: int) -> list[networking.NetworkPolicyPortArgs]:
    """Return TCP ports of pods; a policy sees the pod's port, not its Service's."""
    return [networking.NetworkPolicyPortArgs(port=number, protocol="TCP") for number in numbers]


def pods(selector: Mapping[str, str] | None = None, namespace: str | None = None) -> networking.NetworkPolicyPeerArgs:
    """Return some pods, for a rule's `from_` or `to`.

    Args:
        selector: Their labels. Default: all pods of `namespace`.
        namespace: Their namespace, by the label that Kubernetes gives to each. Default: the policy's own.
    """
    return networking.NetworkPolicyPeerArgs(
        pod_selector=LabelSelectorArgs(match_labels=selector) if selector else None,
        namespace_selector=LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": namespace})
        if namespace
        else None,
    )


def network(cidr: str) -> networking.NetworkPolicyPeerArgs:
    """Return a network, for a rule's `from_` or `to`."""
    return networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr))


def to(peer: Mapping[str, Any]) -> networking.NetworkPolicyEgressRuleArgs:
    """Return the rule that lets pods talk to a peer."""
    target = network(peer["cidr"]) if "cidr" in peer else pods(peer.get("pod_labels"), peer.get("namespace"))
    return networking.NetworkPolicyEgressRuleArgs(to=[target], ports=ports(*peer.get("ports", [])) or None)


def dns(platform: Mapping[str, Any]) -> networking.NetworkPolicyEgressRuleArgs:
    """Return the rule that lets pods ask for names.

    Args:
        platform: Complete; its `dns_ports` and `dns_namespaces` say whom.
    """
    return networking.NetworkPolicyEgressRuleArgs(
        to=[pods(namespace=namespace) for namespace in platform["dns_namespaces"]] or None,
        ports=[
            networking.NetworkPolicyPortArgs(port=port, protocol=protocol)
            for port in platform["dns_ports"]
            for protocol in ("UDP", "TCP")
        ],
    )
