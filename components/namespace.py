"""AppNamespace: a namespace in which pods are restricted and nothing talks to anything unless a policy allows it."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicy, NetworkPolicySpecArgs

from . import discovery, labels, validation

POD_SECURITY_VERSION = "v1.34"
"""Pod Security's version that the namespace enforces: pinned, so that an upgrade of the cluster changes nothing."""


class AppNamespaceArgs(TypedDict):
    """Inputs of AppNamespace."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child. Default: none. Refused: keys that kubeauth sets itself."""


class AppNamespace(pulumi.ComponentResource):
    """A namespace that enforces Pod Security "restricted" and denies all traffic that no NetworkPolicy allows.

    The namespace is called as the component is. Give `opts=ResourceOptions(protect=True)` where it holds data.
    """

    name: pulumi.Output[str]
    """The namespace's name."""

    def __init__(self, name: str, args: AppNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the namespace.

        Args:
            name: The namespace's name: a DNS label that starts with a letter, at most 40 characters.
            args: The inputs.
            opts: Pulumi's options; `protect` reaches the children.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        validation.require(self.check(name, args), f"AppNamespace {name}")
        super().__init__("kubeauth:index:AppNamespace", name, {}, opts)
        common = labels.recommended("namespace", name, "namespace", args.get("labels"))
        namespace = Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=name,
                labels={
                    **common,
                    **{
                        f"pod-security.kubernetes.io/{mode}{suffix}": value
                        for mode in ("enforce", "audit", "warn")
                        for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
                    },
                },
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = discovery.name_of(namespace)
        NetworkPolicy(
            f"{name}-default-deny",
            metadata=ObjectMetaArgs(name=f"{name}-default-deny", namespace=self.name, labels=common),
            spec=NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(), policy_types=["Ingress", "Egress"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})

    @staticmethod
    def check(name: str, args: AppNamespaceArgs) -> list[validation.InputError]:
        """Return every input that is not allowed, without creating anything."""
        return [
            *validation.name("name", name, "production-cloud"),
            *validation.required(args, AppNamespaceArgs),
            *validation.labels("labels", args.get("labels", {})),
        ]
