"""A database that begins with backups: the init containers that bring them and load them, before its first start."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift
from . import backup_script, bucket, scripts, settings, sizes

_FILES = ("dump", "drill", "fill")


def init_containers(
    given: Any,
    platform: Any,
    schemas: pulumi.Input[Sequence[str]],
    server_settings: Any,
    server: core.ContainerArgs,
    *,
    volume: core.VolumeMountArgs,
    scratch: str,
) -> list[core.ContainerArgs]:
    """Return the containers that come after the one that makes the data directory.

    Args:
        given: Complete, with the keys of `RestoreFrom`.
        platform: Complete, with the keys of `Platform`.
        schemas: What the database has.
        server_settings: The server's, some of which count for the data directory.
        server: A container of the server's image, which gets its command here.
        volume: The data's volume; the data directory is its folder `data`.
        scratch: A folder in memory.
    """
    # The folder goes with each start.
    folder = f"{volume.mount_path}/tmp/restore"  # noqa: S108 - of this volume
    unfilled = f"{volume.mount_path}/data/kubeauth-unfilled"

    def script(names: Sequence[str], chosen: Mapping[str, str]) -> str:
        values = {
            "folder": folder,
            "scratch": scratch,
            "unfilled": unfilled,
            "schemas": scripts.words(names),
            "marker": backup_script.MARKER,
            "small": scripts.words(f"--{setting}" for setting in sizes.INITIALIZE),
            "same": scripts.words(f"--{setting}" for setting in settings.birth(chosen).split()),
        }
        return scripts.program(values, *_FILES)

    server.command = ["/bin/sh", "-c", lift(script, schemas, server_settings), "fill"]
    server.args = ["fill"]
    brought = bucket.container(
        entry(given, "s3"), platform, schemas, "", folder=folder, mount=volume, arguments=["begin"], unfilled=unfilled,
        time=entry(given, "time"),
    )  # fmt: skip
    return [brought, server]


def volumes(given: Any) -> list[core.VolumeArgs]:
    """Return the volumes that those containers mount besides the data's."""
    return bucket.volumes(entry(given, "s3"))


def egress(given: Any, dns: Any) -> pulumi.Input[Sequence[networking.NetworkPolicyEgressRuleArgs]]:
    """Return the rules that let the pod reach the bucket; `dns` is the rule that lets it ask for names."""
    there: Any = bucket.egress(entry(given, "s3"))
    return lift(lambda names, rules: [names, *rules], dns, there)
