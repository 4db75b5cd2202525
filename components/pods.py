"""What every pod of this package has in common: it passes Pod Security "restricted" and has bounded resources."""

from typing import NotRequired, TypedDict

from pulumi_kubernetes.core import v1 as core

UID = 10001
"""Runs pods as a user that exists neither on nodes nor in images (10000 and more, as scanners ask)."""


class ResourcesArgs(TypedDict):
    """What a container is promised (request) and what it may use at most (limit)."""

    cpu_request: NotRequired[str]
    """CPU promised, in cores or millicores, `1m` to `64`. Default: the limit if that is given, else `250m`."""

    cpu_limit: NotRequired[str]
    """CPU at most, in cores or millicores. Default: `500m`, the seed's. Not less than the request."""

    memory_request: NotRequired[str]
    """Memory promised, in bytes with Ki, Mi or Gi. Default: the limit if that is given, else the component's own."""

    memory_limit: NotRequired[str]
    """Memory at most, in bytes with Ki, Mi or Gi; the kernel ends what uses more. Not less than the request."""


def merge(given: ResourcesArgs, defaults: ResourcesArgs) -> ResourcesArgs:
    """Return the caller's requests and limits where given, the component's defaults elsewhere.

    As in Kubernetes, a limit that is given without a request is the request, too.
    """
    merged: ResourcesArgs = {**defaults, **given}
    if "cpu_limit" in given and "cpu_request" not in given:
        merged["cpu_request"] = given["cpu_limit"]
    if "memory_limit" in given and "memory_request" not in given:
        merged["memory_request"] = given["memory_limit"]
    return merged


def requirements(resources: ResourcesArgs) -> core.ResourceRequirementsArgs:
    """Return a container's requests and limits; `resources` is complete (see `merge`)."""
    return core.ResourceRequirementsArgs(
        requests={"cpu": resources.get("cpu_request", ""), "memory": resources.get("memory_request", "")},
        limits={"cpu": resources.get("cpu_limit", ""), "memory": resources.get("memory_limit", "")},
    )


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


def scratch(name: str, size: str = "64Mi") -> core.VolumeArgs:
    """Return a bounded scratch volume, because the root file system is read-only."""
    return core.VolumeArgs(name=name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=size))
