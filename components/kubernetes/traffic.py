"""NetworkPolicies: who may talk to whom."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from .children import Children


def policy(
    children: Children,
    child: str,
    selector: Mapping[str, str],
    *,
    ingress: Sequence[networking.NetworkPolicyIngressRuleArgs] | None = None,
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
        f"{children.instance}-{child}",
        metadata=children.metadata(child),
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=selector or None),
            policy_types=["Ingress", "Egress"],
            ingress=ingress,
            egress=egress,
        ),
        opts=children.options(),
    )


def port(number: int) -> list[networking.NetworkPolicyPortArgs]:
    """Return one TCP port of pods; a policy sees the pod's port, not its Service's."""
    return [networking.NetworkPolicyPortArgs(port=number, protocol="TCP")]


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


def dns() -> networking.NetworkPolicyEgressRuleArgs:
    """Return the rule that lets pods ask for names, whichever server the cluster has for that."""
    return networking.NetworkPolicyEgressRuleArgs(
        ports=[networking.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
    )
