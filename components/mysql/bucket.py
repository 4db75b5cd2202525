"""The container that copies backups and binary logs to a bucket and back, and where it may go."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift
from ..kubernetes import pods, resources, traffic
from . import scripts

CONTAINER = "s3"
"""The container's name, in jobs and in a database's pod."""

RESOURCES = {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "256Mi"}
"""rclone holds parts of a file, 5 MiB each, and a list of names."""

_SECRETS = "/etc/kubeauth/s3"
_SCRATCH = "/run/s3"
_ANYWHERE = ("0.0.0.0/0", "::/0")
_LATEST = "99991231T235959Z"


def container(
    given: Any,
    platform: Any,
    schemas: pulumi.Input[Sequence[str]],
    prefix: pulumi.Input[str],
    *,
    folder: str,
    mount: core.VolumeMountArgs,
    arguments: Sequence[str],
    name: str = CONTAINER,
    more: Mapping[str, object] | None = None,
    more_mounts: Sequence[core.VolumeMountArgs] = (),
    deadline: pulumi.Input[int] = 0,
    time: pulumi.Input[str] | None = None,
) -> core.ContainerArgs:
    """Return the container.

    Args:
        given: Complete, with the keys of `Bucket`.
        platform: Complete, with the keys of `Platform`.
        schemas: Whose backups.
        prefix: Where they are in the bucket, when the input does not say it.
        folder: Where they are in the pod.
        mount: The volume that the folder is in.
        arguments: What it does, as scripts/bucket.sh and scripts/ship.sh name it.
        name: The container's, and how its volumes begin. Default: `s3`.
        more: Variables of the scripts that only some of those need, as a shell writes them. Default: none.
        more_mounts: More volumes than the backups' and its own. Default: none.
        deadline: How long a backup takes at most, in seconds; older binary logs go. Default: 0.
        time: The youngest backup that is brought. Default: the newest.
    """

    def script(known: Mapping[str, Any], schemas: Sequence[str], prefix: str, time: str | None, deadline: int) -> str:
        values = {
            "source": _SECRETS,
            "folder": folder,
            "scratch": _SCRATCH,
            "path": f"{known['bucket']}/{known.get('prefix', prefix)}",
            "encrypt": "yes" if known["encrypt"] else "no",
            "schemas": scripts.words(schemas),
            "keep": known["keep"],
            "keep_days": known["keep_days"],
            "deadline": deadline,
            "time": compact(time) if time else _LATEST,
            **(more or {}),
        }
        return scripts.program(values, "bucket", "ship")

    return core.ContainerArgs(
        name=name,
        image=entry(given, "image"),
        command=["/bin/sh", "-c", lift(script, given, schemas, prefix, time, deadline), name],
        args=list(arguments),
        env=[core.EnvVarArgs(name=name, value=value) for name, value in _remote(given).items()],
        security_context=pods.security_context(),
        resources=resources.requirements(RESOURCES, disk=entry(platform, "ephemeral_storage")),
        volume_mounts=[
            mount,
            *more_mounts,
            core.VolumeMountArgs(name=name, mount_path=_SECRETS, read_only=True),
            core.VolumeMountArgs(name=f"{name}-tmp", mount_path=_SCRATCH),
        ],
    )


def compact(time: str) -> str:
    """Return a time such as `2026-11-27T03:00:00Z` as files' names have it."""
    return time.translate({ord("-"): None, ord(":"): None})


def volumes(given: Any, name: str = CONTAINER) -> list[core.VolumeArgs]:
    """Return the volumes that the container mounts besides the backups'.

    Args:
        given: Complete, with the keys of `Bucket`.
        name: The container's. Default: `s3`.
    """
    return [
        pods.secret_files(name, entry(given, "existing_secret")),
        pods.scratch(f"{name}-tmp", "64Mi", in_memory=True),
    ]


def egress(given: Any) -> pulumi.Input[Sequence[networking.NetworkPolicyEgressRuleArgs]]:
    """Return the rules that let a pod talk to the bucket's server; `given` has the keys of `Bucket`."""

    def rules(known: Mapping[str, Any]) -> list[networking.NetworkPolicyEgressRuleArgs]:
        if "egress" in known:
            return [traffic.to(peer) for peer in known["egress"]]
        parts = urlsplit(known.get("endpoint", "https://"))
        port = parts.port or (80 if parts.scheme == "http" else 443)
        return [
            networking.NetworkPolicyEgressRuleArgs(to=[*map(traffic.network, _ANYWHERE)], ports=traffic.ports(port))
        ]

    return lift(rules, given)


def egress_of(several: Sequence[Any], platform: Any) -> Any:
    """Return all that a pod of some buckets may talk to, the servers of names among it; None where there are none."""
    if not several:
        return None
    return lift(lambda dns, *rules: [dns, *chain(*rules)], lift(traffic.dns, platform), *map(egress, several))


def _remote(given: Any) -> dict[str, pulumi.Input[str]]:
    """The remote `store` of rclone, without the account, as environment variables."""
    kind = {
        "TYPE": "s3",
        "PROVIDER": lift(lambda known: "Other" if "endpoint" in known else "AWS", given),
        "REGION": entry(given, "region"),
        # Empty means AWS's own.
        "ENDPOINT": lift(lambda known: known.get("endpoint", ""), given),
        # With the bucket in the path a server needs no name for each; it is not made, which needs more rights.
        "FORCE_PATH_STYLE": lift(lambda known: str("endpoint" in known).lower(), given),
        "NO_CHECK_BUCKET": "true",
    }
    return {f"RCLONE_CONFIG_STORE_{key}": value for key, value in kind.items()}
