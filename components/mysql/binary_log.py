"""The containers beside a server that send its binary log to a bucket: one closes the logs, one copies them."""

from typing import TYPE_CHECKING, Any

from pulumi_kubernetes.core import v1 as core

from ..inputs.known import entry
from ..kubernetes import pods, resources
from . import bucket, scripts

if TYPE_CHECKING:
    from .mysqld import Server

INTERVAL_SECONDS = 25
"""How often a log is closed and sent, so that what is lost with a volume is less than a minute old."""

RESOURCES = {"cpu_request": "10m", "cpu_limit": "100m", "memory_request": "32Mi", "memory_limit": "64Mi"}
"""A shell, and MySQL's client for a moment."""

CLOSING, SENDING = "binary-log", "binary-log-s3"
"""The containers' names."""

_HAND_OVER = "/run/binary-log"


def containers(
    server: "Server", data: core.VolumeMountArgs, run: core.VolumeMountArgs, *, data_directory: str
) -> list[core.ContainerArgs]:
    """Return the containers.

    Args:
        server: The server that they are beside; it has a `bucket`.
        data: The data's volume.
        run: The volume with the server's socket, and the options to log in there.
        data_directory: The server's, in that volume.
    """
    hand_over = core.VolumeMountArgs(name=CLOSING, mount_path=_HAND_OVER)
    values = {"data": data_directory, "hand_over": _HAND_OVER, "interval": INTERVAL_SECONDS}
    closing = core.ContainerArgs(
        name=CLOSING,
        image=server.image,
        command=["/bin/sh", "-c", scripts.program({**values, "run": run.mount_path}, "log"), CLOSING],
        args=["follow"],
        security_context=pods.security_context(),
        resources=resources.requirements(RESOURCES, disk=entry(server.platform, "ephemeral_storage")),
        volume_mounts=[data, run, hand_over],
    )
    sending = bucket.container(
        server.bucket, server.platform, server.schema_names, server.in_bucket, folder=_HAND_OVER, mount=data,
        arguments=["ship"], name=SENDING, more=values, more_mounts=[hand_over],
    )  # fmt: skip
    return [closing, sending]


def volumes(given: Any) -> list[core.VolumeArgs]:
    """Return the volumes that those containers mount besides the server's; `given` has the keys of `Bucket`."""
    return [pods.scratch(CLOSING, "16Mi"), *bucket.volumes(given, SENDING)]
