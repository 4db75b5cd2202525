"""Where pods run."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1 import outputs
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..inputs import metadata, validation
from ..inputs.errors import InputError
from ..inputs.known import lift
from ..inputs.record import Record, Rule
from . import native


class Toleration(TypedDict):
    """A taint of nodes on which the pods may run all the same, as in Kubernetes."""

    key: NotRequired[pulumi.Input[str]]
    """The taint's key. Default: every taint, with operator Exists only."""

    operator: NotRequired[pulumi.Input[str]]
    """`Equal` or `Exists`. Default: Equal."""

    value: NotRequired[pulumi.Input[str]]
    """The taint's value, for Equal. Default: empty."""

    effect: NotRequired[pulumi.Input[str]]
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: every effect."""

    toleration_seconds: NotRequired[pulumi.Input[int]]
    """How long a running pod stays after a NoExecute taint appears, in seconds. Default: for ever."""


class Placement(TypedDict):
    """Where pods run, and which of them go first when there is not room for all."""

    node_selector: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels that a node must have. Default: any node."""

    tolerations: NotRequired[pulumi.Input[list[pulumi.Input[Toleration]]]]
    """Taints that do not keep the pods away. Default: none."""

    affinity: NotRequired[pulumi.Input[dict[str, Any]]]
    """Kubernetes' Affinity with its own keys (`nodeAffinity`, `podAffinity`, `podAntiAffinity`). Default: none."""

    priority_class_name: NotRequired[pulumi.Input[str]]
    """A PriorityClass of the cluster. Default: the cluster's default."""


def _consistent(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """A toleration that Kubernetes takes: what it says must not contradict itself."""
    exists, effect = value.get("operator") == "Exists", value.get("effect", "")
    timed = "toleration_seconds" in value
    check = validation.check
    return [
        *check(exists or bool(value.get("key")), f"{key}.operator", "Equal", "Exists where there is no key", "Exists"),
        *check(not (exists and value.get("value")), f"{key}.value", value.get("value"), "none with Exists", "''"),
        *check(
            not timed or effect == "NoExecute", f"{key}.effect", effect, "NoExecute where time is given", "NoExecute"
        ),
    ]


_TOLERATION = Record(
    Toleration,
    {
        "key": Rule(validation.or_empty(metadata.taint)),
        "operator": Rule(validation.one_of(["Equal", "Exists"])),
        "value": Rule(metadata.label_value),
        "effect": Rule(validation.one_of(["NoSchedule", "PreferNoSchedule", "NoExecute", ""])),
        "toleration_seconds": Rule(validation.seconds(-(2**31), 2**31, 60)),
    },
    _consistent,
)


def _affinity(key: str, value: Any) -> list[InputError]:
    return native.check(key, value, outputs.Affinity)


PLACEMENT = Record(
    Placement,
    {
        "node_selector": Rule(metadata.some_labels),
        "tolerations": Rule(validation.each(_TOLERATION)),
        "affinity": Rule(_affinity),
        "priority_class_name": Rule(validation.or_empty(validation.resource_name("high-priority"))),
    },
)
"""The rules of a Placement."""


def fields(placement: pulumi.Input[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the pod's fields, by their names in `PodSpecArgs`, that say where it runs; none for an empty placement."""

    def taints(given: Mapping[str, Any]) -> Any:
        return [core.TolerationArgs(**taint) for taint in given.get("tolerations", [])] or None

    found = {
        "node_selector": lift(lambda given: given.get("node_selector") or None, placement),
        "tolerations": lift(taints, placement),
        "affinity": lift(lambda given: given.get("affinity") or None, placement),
        "priority_class_name": lift(lambda given: given.get("priority_class_name") or None, placement),
    }
    return {key: value for key, value in found.items() if value is not None}


def spread(selector: Mapping[str, str], revision: str = "pod-template-hash") -> list[core.TopologySpreadConstraintArgs]:
    """Return the wish that pods of one selector run on different nodes; where there are too few, they share.

    Each revision is counted alone: the pods of the one before must not push new ones onto one node.

    Args:
        selector: Their labels.
        revision: The label that tells revisions apart. Default: a Deployment's.
    """
    return [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key="kubernetes.io/hostname",
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=selector),
            match_label_keys=[revision],
        )
    ]
