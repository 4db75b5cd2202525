"""AppNamespace: a namespace in which pods are restricted and nothing talks to anything unless a policy allows it."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from .inputs import errors, metadata, outputs, quantities, validation
from .inputs.errors import InputError
from .inputs.known import lift, merged
from .inputs.record import Given, Record, Rule
from .kubernetes import discovery, labels, ownership, reservations, resources, traffic
from .kubernetes.children import Children
from .kubernetes.resources import Resources

POD_SECURITY_VERSION = "v1.34"
"""Pod Security's version that the namespace enforces: pinned, so that an upgrade of the cluster changes nothing."""

_POD_SECURITY = {
    f"pod-security.kubernetes.io/{mode}{suffix}": value
    for mode in ("enforce", "audit", "warn")
    for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
}
_QUOTA = {
    "cpu": "limits.cpu",
    "memory": "limits.memory",
    "storage": "requests.storage",
    "pods": "pods",
}


class Quota(TypedDict):
    """The most that all pods and volume claims of a namespace may have together."""

    cpu: NotRequired[pulumi.Input[str]]
    """Sum of the CPU limits, in cores or millicores, `1m` to `1000`. Default: no bound."""

    memory: NotRequired[pulumi.Input[str]]
    """Sum of the memory limits, in bytes with Ki, Mi, Gi or Ti. Default: no bound."""

    storage: NotRequired[pulumi.Input[str]]
    """Sum of the volume claims' sizes, in bytes with Ki, Mi, Gi or Ti. Default: no bound."""

    pods: NotRequired[pulumi.Input[int]]
    """Number of pods, 1 to 10000. Default: no bound."""


class AppNamespaceArgs(TypedDict):
    """Inputs of AppNamespace."""

    resource_name: NotRequired[str]
    """The namespace's name, where it is not the component's. Default: the component's name."""

    quota: NotRequired[Quota]
    """A ResourceQuota. Default: none."""

    container_defaults: NotRequired[Resources]
    """Requests and limits of containers that state none, as a LimitRange; needs all four values. Default: none."""

    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra labels for every child. Default: none. Refused: keys that kubeauth sets itself."""

    annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra annotations for every child. Default: none."""


def _name(key: str, value: Any) -> list[InputError]:
    return validation.name(key, value, "production-cloud") or validation.own_namespace(key, value)


QUOTA = Record(
    Quota,
    {
        "cpu": Rule(quantities.cores(1000, "4")),
        "memory": Rule(quantities.byte_quantity("1Mi", "8Gi")),
        "storage": Rule(quantities.byte_quantity("1Mi", "20Gi")),
        "pods": Rule(validation.whole_number(1, 10000, "pods", 20)),
    },
)
"""The rules of a Quota."""

RULES = Record(
    AppNamespaceArgs,
    {
        "resource_name": Rule(_name, plain=True),
        "quota": Rule(QUOTA, plain=True),
        "container_defaults": Rule(resources.check_complete, plain=True),
        "labels": Rule(metadata.labels),
        "annotations": Rule(metadata.annotations),
    },
)
"""The rules of AppNamespaceArgs."""


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
        errors.require(self.check(name, args), f"AppNamespace {name}", opts)
        super().__init__("kubeauth:index:AppNamespace", name, {}, opts)
        given = Given(RULES, args, f"AppNamespace {name}")
        instance: str = given["resource_name"] or name
        common = labels.recommended("namespace", instance, "namespace", given["labels"])
        namespace = core.Namespace(
            f"{name}-namespace",
            metadata=ObjectMetaArgs(
                name=reservations.namespace(self, given.owner, instance),
                annotations=merged(given["annotations"], ownership.mark()),
                labels=merged(common, _POD_SECURITY),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = discovery.name_of(namespace)
        children = Children(self, name, instance, self.name, common, given["annotations"])
        traffic.policy(children, "default-deny", {})
        if "quota" in given:
            core.ResourceQuota(
                f"{name}-quota",
                metadata=children.metadata("quota"),
                spec=core.ResourceQuotaSpecArgs(hard=lift(_hard, given["quota"])),
                opts=children.options(),
            )
        if "container_defaults" in given:
            core.LimitRange(
                f"{name}-container-defaults",
                metadata=children.metadata("container-defaults"),
                spec=core.LimitRangeSpecArgs(limits=[lift(_defaults, given["container_defaults"])]),
                opts=children.options(),
            )
        self.register_outputs(outputs.of(self))

    @staticmethod
    def check(name: str, args: AppNamespaceArgs) -> list[InputError]:
        """Return every input that is not allowed, without creating anything."""
        return RULES.of_component(name, args, _check)


def _check(name: str, given: Mapping[str, Any]) -> list[InputError]:
    logical = [] if "resource_name" in given else _name("name", name)
    return [*logical, *RULES.check(given)]


def _hard(quota: Mapping[str, Any]) -> dict[str, str]:
    return {_QUOTA[key]: str(value) for key, value in quota.items()}


def _defaults(given: Mapping[str, str]) -> core.LimitRangeItemArgs:
    requests, limits = resources.cpu_and_memory(given)
    return core.LimitRangeItemArgs(type="Container", default=limits, default_request=requests)
