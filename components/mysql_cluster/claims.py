"""The volume claims that a StatefulSet makes for its pods."""

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs.known import lift
from ..inputs.record import Given
from . import shards
from .inputs import MOST_SERVERS
from .parts import Cluster


def names(instance: str, given: Given) -> list[str]:
    """Return the names of all claims that an instance may have, now or with more servers."""
    parts = [shard.part for shard in shards.with_servers(given)]
    pods = {**dict.fromkeys(parts, MOST_SERVERS), "etcd": given["topology_members"]}
    found = [f"data-{instance}-{part}-{number}" for part, count in pods.items() for number in range(count)]
    return [*found, *([f"{instance}-backups"] if "backup" in given else [])]


def template(cluster: Cluster, size: pulumi.Input[str]) -> core.PersistentVolumeClaimArgs:
    """Return the claim of each pod, `data`; nothing in it follows an input that may change.

    Args:
        cluster: The cluster.
        size: The claim's size.
    """
    given = cluster.given
    return core.PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name="data"),
        spec=core.PersistentVolumeClaimSpecArgs(
            access_modes=[given["access_mode"]],
            resources=core.VolumeResourceRequirementsArgs(requests={"storage": size}),
            storage_class_name=lift(lambda word: word or None, given["storage_class"]),
        ),
    )


def retention(*, retain: bool) -> apps.StatefulSetPersistentVolumeClaimRetentionPolicyArgs:
    """Return what becomes of claims whose pods are no longer wanted.

    Args:
        retain: Whether they stay.
    """
    word = "Retain" if retain else "Delete"
    return apps.StatefulSetPersistentVolumeClaimRetentionPolicyArgs(when_deleted=word, when_scaled=word)
