"""What every pod of this package has in common: it passes Pod Security "restricted" and has bounded resources."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

UID = 10001
"""Runs pods as a user that exists neither on nodes nor in images (10000 and more, as scanners ask)."""

DISK_REQUEST, DISK_LIMIT = "64Mi", "512Mi"
"""A container's share of the node's disk: its log, which a kubelet keeps in 5 files of 10Mi, and its /tmp."""


class Resources(TypedDict):
    """What a container is promised (request) and what it may use at most (limit)."""

    cpu_request: NotRequired[str]
    """CPU promised, in cores or millicores, `1m` to `64`. Default: the limit if that is given, else `250m`."""

    cpu_limit: NotRequired[str]
    """CPU at most, in cores or millicores. Default: `500m`, the seed's. Not less than the request."""

    memory_request: NotRequired[str]
    """Memory promised, in bytes with Ki, Mi or Gi. Default: the limit if that is given, else the component's own."""

    memory_limit: NotRequired[str]
    """Memory at most, in bytes with Ki, Mi or Gi; the kernel ends what uses more. Not less than the request."""


class Toleration(TypedDict):
    """A taint of nodes on which the pods may run all the same, as in Kubernetes."""

    key: NotRequired[str]
    """The taint's key. Default: every taint."""

    operator: NotRequired[str]
    """`Equal` or `Exists`. Default: Equal."""

    value: NotRequired[str]
    """The taint's value, for Equal. Default: empty."""

    effect: NotRequired[str]
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`. Default: every effect."""

    toleration_seconds: NotRequired[int]
    """How long a running pod stays after a NoExecute taint appears, in seconds. Default: for ever."""


class Placement(TypedDict):
    """Where pods run, and which of them go first when there is not room for all."""

    node_selector: NotRequired[dict[str, str]]
    """Labels that a node must have. Default: any node."""

    tolerations: NotRequired[list[Toleration]]
    """Taints that do not keep the pods away. Default: none."""

    affinity: NotRequired[dict[str, Any]]
    """Kubernetes' Affinity with its own keys (`nodeAffinity`, `podAffinity`, `podAntiAffinity`). Default: none."""

    priority_class_name: NotRequired[str]
    """A PriorityClass of the cluster. Default: the cluster's default."""


def merge(given: Resources, defaults: Resources) -> Resources:
    """Return the caller's requests and limits where given, the component's defaults elsewhere.

    As in Kubernetes, a limit that is given without a request is the request, too.
    """
    merged: Resources = {**defaults, **given}
    if "cpu_limit" in given and "cpu_request" not in given:
        merged["cpu_request"] = given["cpu_limit"]
    if "memory_limit" in given and "memory_request" not in given:
        merged["memory_request"] = given["memory_limit"]
    return merged


def requirements(resources: Resources, disk_limit: str = DISK_LIMIT) -> core.ResourceRequirementsArgs:
    """Return a container's requests and limits.

    Args:
        resources: Complete (see `merge`).
        disk_limit: Disk of the node at most: log and scratch volumes. Default: `DISK_LIMIT`.
    """
    requests, limits = cpu_and_memory(resources)
    return core.ResourceRequirementsArgs(
        requests={**requests, "ephemeral-storage": DISK_REQUEST}, limits={**limits, "ephemeral-storage": disk_limit}
    )


def cpu_and_memory(resources: Resources) -> tuple[dict[str, str], dict[str, str]]:
    """Return requests and limits as Kubernetes writes them; `resources` is complete (see `merge`)."""
    requests = {"cpu": resources.get("cpu_request", ""), "memory": resources.get("memory_request", "")}
    return requests, {"cpu": resources.get("cpu_limit", ""), "memory": resources.get("memory_limit", "")}


def placed(placement: Placement) -> dict[str, Any]:
    """Return the pod's fields, by their names in `PodSpecArgs`, that say where it runs; none for an empty placement."""
    fields: dict[str, Any] = {
        "node_selector": placement.get("node_selector"),
        "tolerations": [core.TolerationArgs(**taint) for taint in map(_whole, placement.get("tolerations", []))],
        "affinity": placement.get("affinity"),
        "priority_class_name": placement.get("priority_class_name"),
    }
    return {key: value for key, value in fields.items() if value}


def _whole(toleration: Toleration) -> Toleration:
    if "toleration_seconds" in toleration:
        return {**toleration, "toleration_seconds": int(toleration["toleration_seconds"])}
    return toleration


def spread(selector: Mapping[str, str]) -> list[core.TopologySpreadConstraintArgs]:
    """Return the wish that pods of one selector run on different nodes; where there are too few, they share."""
    return [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key="kubernetes.io/hostname",
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=selector),
        )
    ]


def pod_security_context() -> core.PodSecurityContextArgs:
    """Return the pod's half of Pod Security "restricted"; volumes become writable through the group."""
    return core.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=UID,
        run_as_group=UID,
        fs_group=UID,
        # Without this every file of a large volume is re-owned at each start of the pod.
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )


def security_context() -> core.SecurityContextArgs:
    """Return the container's half of Pod Security "restricted", with a read-only root file system."""
    return core.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        read_only_root_filesystem=True,
    )


def scratch(name: str, size: str = "64Mi", *, in_memory: bool = False) -> core.VolumeArgs:
    """Return a bounded scratch volume, because the root file system is read-only.

    Args:
        name: The volume's name.
        size: Its size at most. Default: 64Mi.
        in_memory: Whether it never reaches the node's disk. Default: false.
    """
    medium = "Memory" if in_memory else None
    return core.VolumeArgs(name=name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=size, medium=medium))


def secret_files(name: str, *secrets: pulumi.Input[str], keys: Sequence[str] = ()) -> core.VolumeArgs:
    """Return a volume with files from Secrets, readable by the pod's group alone.

    Args:
        name: The volume's name.
        secrets: The Secrets' names.
        keys: The keys that become files. Default: all.
    """
    items = [core.KeyToPathArgs(key=key, path=key) for key in keys] or None
    return core.VolumeArgs(
        name=name,
        projected=core.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                core.VolumeProjectionArgs(secret=core.SecretProjectionArgs(name=secret, items=items))
                for secret in secrets
            ],
        ),
    )
