"""Volume claims: what is in them outlives pods, and the component where it is retained."""

import pulumi
from pulumi_kubernetes.core import v1 as core

from . import discovery
from .children import Children


def claim(
    children: Children, child: str, size: str, storage_class: str | None, *, retain: bool, wait: bool = True
) -> pulumi.Output[str]:
    """Make a claim for a volume that one node may write; return its name.

    Args:
        children: Of the component that the claim belongs to.
        child: The claim's part of the name, for example `data`.
        size: Its size, with Ki, Mi, Gi or Ti.
        storage_class: Its storage class; None is the cluster's default class.
        retain: Whether Pulumi refuses to delete or replace it.
        wait: Whether to wait for the volume. Default: true. Many classes make it only when a pod asks for it.
    """
    return discovery.name_of(
        core.PersistentVolumeClaim(
            f"{children.instance}-{child}",
            metadata=children.metadata(child, wait=wait),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": size}),
                storage_class_name=storage_class or None,
            ),
            opts=children.options(protect=retain),
        )
    )
