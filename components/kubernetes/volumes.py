"""Volume claims: what is in them outlives pods, and the component where it is retained."""

from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import lift
from . import discovery
from .children import Children


def claim(
    children: Children,
    child: str,
    size: pulumi.Input[str],
    storage_class: Any,
    *,
    retain: bool,
    access_mode: pulumi.Input[str] = "ReadWriteOnce",
    wait: bool = True,
) -> pulumi.Output[str]:
    """Make a claim for a volume; return its name.

    Args:
        children: Of the component that the claim belongs to.
        child: The claim's part of the name, for example `data`.
        size: Its size, with Ki, Mi, Gi or Ti.
        storage_class: Its storage class; None or empty is the cluster's default class.
        retain: Whether Pulumi refuses to delete or replace it.
        access_mode: Who may write to it. Default: one node.
        wait: Whether to wait for the volume. Default: true. Many classes make it only when a pod asks for it.
    """
    return discovery.name_of(
        core.PersistentVolumeClaim(
            children.logical(child),
            metadata=children.metadata(child, wait=wait),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=[access_mode],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": size}),
                storage_class_name=lift(lambda word: word or None, storage_class),
            ),
            opts=children.options(protect=retain),
        )
    )
