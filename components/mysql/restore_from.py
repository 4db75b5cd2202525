"""A database that begins with backups: the init containers that bring them and load them, before its first start."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import entry, lift
from . import backup_script, bucket, scripts, settings, sizes

_FILES = ("dump", "drill", "replay", "fill")


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

    def script(names: Sequence[str], chosen: Mapping[str, str], time: str | None) -> str:
        values = {
            "folder": folder,
            "scratch": scratch,
            "unfilled": unfilled,
            "schemas": scripts.words(names),
            "marker": backup_script.MARKER,
            "small": scripts.words(f"--{setting}" for setting in sizes.INITIALIZE),
            "same": scripts.words(f"--{setting}" for setting in settings.birth(chosen).split()),
            "second": bucket.compact(time) if time else "''",
        }
        return scripts.program(values, *_FILES)

    server.command = ["/bin/sh", "-c", lift(script, schemas, server_settings, entry(given, "time")), "fill"]
    server.args = ["fill"]
    brought = bucket.container(
        entry(given, "s3"), platform, schemas, "", folder=folder, mount=volume, arguments=["begin"],
        more={"unfilled": f"'{unfilled}'"}, time=entry(given, "time"),
    )  # fmt: skip
    return [brought, server]


def volumes(given: Any) -> list[core.VolumeArgs]:
    """Return the volumes that those containers mount besides the data's."""
    return bucket.volumes(entry(given, "s3"))
