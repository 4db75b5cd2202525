"""AppNamespace: a namespace in which pods are restricted and nothing talks to anything unless a policy allows it."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from .inputs import errors, quantities, validation
from .inputs.errors import InputError, required
from .kubernetes import discovery, labels, ownership, pods, traffic
from .kubernetes.children import Children

POD_SECURITY_VERSION = "v1.34"
"""Pod Security's version that the namespace enforces: pinned, so that an upgrade of the cluster changes nothing."""

_QUOTA = {
    "cpu": "limits.cpu",
    "memory": "limits.memory",
    "storage": "requests.storage",
    "pods": "pods",
}


class Quota(TypedDict):
    """The most that all pods and volume claims of a namespace may have together."""

    cpu: NotRequired[str]
    """Sum of the CPU limits, in cores or millicores, `1m` to `1000`. Default: no bound."""

    memory: NotRequired[str]
    """Sum of the memory limits, in bytes with Ki, Mi, Gi or Ti. Default: no bound."""

    storage: NotRequired[str]
    """Sum of the volume claims' sizes, in bytes with Ki, Mi, Gi or Ti. Default: no bound."""

    pods: NotRequired[int]
    """Number of pods, 1 to 10000. Default: no bound."""


class AppNamespaceArgs(TypedDict):
    """Inputs of AppNamespace."""

    quota: NotRequired[Quota]
    """A ResourceQuota. Default: none."""

    container_defaults: NotRequired[pods.Resources]
    """Requests and limits of containers that state none, as a LimitRange; needs all four values. Default: none."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child. Default: none. Refused: keys that kubeauth sets itself."""

    annotations: NotRequired[dict[str, str]]
    """Extra annotations for every child. Default: none."""


class AppNamespace(pulumi.ComponentResource):
    """A namespace called as the component is, with Pod Security "restricted" and no traffic that nobody allowed."""

    # Protect the component where the namespace holds data.

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
        errors.require(self.check(name, args), f"AppNamespace {name}")
        super().__init__("kubeauth:index:AppNamespace", name, {}, opts)
        common = labels.recommended("namespace", name, "namespace", args.get("labels"))
        namespace = core.Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=name,
                annotations={**(args.get("annotations") or {}), **ownership.mark()},
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
        children = Children(self, name, self.name, common, args.get("annotations"))
        traffic.policy(children, "default-deny", {})
        if quota := args.get("quota"):
            hard = {_QUOTA[key]: str(int(value) if key == "pods" else value) for key, value in quota.items()}  # pyright: ignore[reportArgumentType] - a TypedDict's values
            core.ResourceQuota(
                f"{name}-quota",
                metadata=children.metadata("quota"),
                spec=core.ResourceQuotaSpecArgs(hard=hard),
                opts=children.options(),
            )
        if defaults := args.get("container_defaults"):
            requests, limits = pods.cpu_and_memory(defaults)
            core.LimitRange(
                f"{name}-container-defaults",
                metadata=children.metadata("container-defaults"),
                spec=core.LimitRangeSpecArgs(
                    limits=[core.LimitRangeItemArgs(type="Container", default=limits, default_request=requests)]
                ),
                opts=children.options(),
            )
        self.register_outputs({"name": self.name})

    @staticmethod
    def check(name: str, args: AppNamespaceArgs) -> list[InputError]:
        """Return every input that is not allowed, without creating anything."""
        quota, defaults = args.get("quota", {}), args.get("container_defaults", {})
        return [
            *validation.name("name", name, "production-cloud"),
            *required(args, AppNamespaceArgs),
            *required(quota, Quota, "quota."),
            *(quantities.cores("quota.cpu", quota["cpu"], 1000, "4") if "cpu" in quota else []),
            *(quantities.byte_quantity("quota.memory", quota["memory"], "1Mi", "8Gi") if "memory" in quota else []),
            *(quantities.byte_quantity("quota.storage", quota["storage"], "1Mi", "20Gi") if "storage" in quota else []),
            *(validation.whole_number("quota.pods", quota["pods"], 1, 10000, "pods", 20) if "pods" in quota else []),
            *quantities.complete_resources("container_defaults", defaults),
            *validation.labels("labels", args.get("labels", {})),
            *validation.annotations("annotations", args.get("annotations", {})),
        ]
