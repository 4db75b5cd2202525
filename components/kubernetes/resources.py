"""What containers are promised and what they may use at most."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs import errors, quantities, validation
from ..inputs.errors import Advice, InputError
from ..inputs.known import is_known, is_output, lift

DISK_REQUEST, DISK_LIMIT = "64Mi", "512Mi"
"""A container's share of the node's disk: its log, which a kubelet keeps in 5 files of 10Mi, and its /tmp."""

_EXAMPLES = {"cpu_request": "100m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "256Mi"}


class Resources(TypedDict):
    """What a container is promised (request) and what it may use at most (limit)."""

    cpu_request: NotRequired[pulumi.Input[str]]
    """CPU promised, in cores or millicores, `1m` to `64`. Default: the limit if that is given, else `250m`."""

    cpu_limit: NotRequired[pulumi.Input[str]]
    """CPU at most, in cores or millicores. Default: `500m`, the seed's. Not less than the request."""

    memory_request: NotRequired[pulumi.Input[str]]
    """Memory promised, in bytes with Ki, Mi or Gi. Default: the limit if that is given, else the component's own."""

    memory_limit: NotRequired[pulumi.Input[str]]
    """Memory at most, in bytes with Ki, Mi or Gi; the kernel ends what uses more. Not less than the request."""


def merge(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the caller's requests and limits where given, the component's defaults elsewhere.

    As in Kubernetes, a limit that is given without a request is the request, too.
    """
    merged = {**defaults, **given}
    for kind in ("cpu", "memory"):
        if f"{kind}_limit" in given and f"{kind}_request" not in given:
            merged[f"{kind}_request"] = given[f"{kind}_limit"]
    return merged


def check(key: str, given: Any, defaults: Mapping[str, str], minimum_memory: str) -> list[InputError]:
    """Return the errors of requests and limits: amounts, units, and no request over its limit."""
    if not isinstance(given, Mapping):
        return validation.check(False, key, given, f"an object with {', '.join(_EXAMPLES)}", "{memory_limit: 512Mi}")
    merged = merge(given, defaults)
    found = errors.unknown_keys(given, _EXAMPLES, f"{key}.")
    for name, example in (defaults or _EXAMPLES).items():
        # A request that follows from its limit is not an error of its own.
        if is_output(merged[name]) or (name not in given and name.replace("request", "limit") in given):
            continue
        minimum = minimum_memory if name == "memory_limit" else "1Mi"
        rule = quantities.cores(64, example) if name.startswith("cpu") else quantities.byte_quantity(minimum, example)
        found += rule(f"{key}.{name}", merged[name])
    if not found and is_known(merged):
        for kind, amount in (("cpu", quantities.cores_of), ("memory", quantities.bytes_of)):
            request, limit = merged[f"{kind}_request"], merged[f"{kind}_limit"]
            ok = (amount(request) or 0) <= (amount(limit) or 0)
            found += validation.check(ok, f"{key}.{kind}_request", request, f"not over its limit, {limit}", limit)
    return found


def check_complete(key: str, given: Any) -> list[InputError]:
    """Return the errors of requests and limits that have no defaults: all four of them."""
    missing = [name for name in _EXAMPLES if isinstance(given, Mapping) and name not in given]
    found = [
        InputError(f"{key}.{name}", "(missing)", "required with the others", Advice(f"give {name}")) for name in missing
    ]
    return found or check(key, given, _EXAMPLES, "1Mi")


def requirements(
    resources: pulumi.Input[Mapping[str, Any]], disk_limit: str = DISK_LIMIT, *, disk: pulumi.Input[bool] = True
) -> pulumi.Input[core.ResourceRequirementsArgs]:
    """Return a container's requests and limits.

    Args:
        resources: Complete (see `merge`).
        disk_limit: Disk of the node at most: log and scratch volumes. Default: `DISK_LIMIT`.
        disk: Whether the node's disk is counted. Default: true.
    """

    def made(known: Mapping[str, Any], counted: bool) -> core.ResourceRequirementsArgs:
        requests, limits = cpu_and_memory(known)
        return core.ResourceRequirementsArgs(
            requests={**requests, **({"ephemeral-storage": DISK_REQUEST} if counted else {})},
            limits={**limits, **({"ephemeral-storage": disk_limit} if counted else {})},
        )

    return lift(made, resources, disk)


def cpu_and_memory(resources: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return requests and limits as Kubernetes writes them; `resources` is complete (see `merge`)."""
    requests = {"cpu": resources["cpu_request"], "memory": resources["memory_request"]}
    return requests, {"cpu": resources["cpu_limit"], "memory": resources["memory_limit"]}
