"""Folders of a service's container besides /tmp."""

from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs import quantities, validation
from ..inputs.errors import InputError
from ..inputs.known import is_known
from ..inputs.record import Record, Rule
from . import binding
from .environment import CA_FOLDER, has_ca

_TMP = "/tmp"  # noqa: S108 - a path in the pod
_SOURCES = ("secret_name", "config_map_name", "claim_name", "scratch_size")


class Volume(TypedDict):
    """A folder in the service's container, from exactly one source."""

    mount_path: pulumi.Input[str]
    """Where it is in the container, an absolute path other than /tmp."""

    secret_name: NotRequired[pulumi.Input[str]]
    """A Secret whose keys are files. Default: another source."""

    config_map_name: NotRequired[pulumi.Input[str]]
    """A ConfigMap whose keys are files. Default: another source."""

    claim_name: NotRequired[pulumi.Input[str]]
    """A PersistentVolumeClaim. Default: another source."""

    scratch_size: NotRequired[pulumi.Input[str]]
    """Empty, writable space of the node of this size at most, with Ki, Mi or Gi. Default: another source."""

    read_only: NotRequired[pulumi.Input[bool]]
    """Whether the container may not write to it. Default: false for claims and scratch space, else true."""


def _one_source(key: str, value: Mapping[str, Any]) -> list[InputError]:
    given = [source for source in _SOURCES if source in value]
    one = f"exactly one of: {', '.join(_SOURCES)}"
    return validation.check(len(given) == 1, key, ", ".join(given), one, "{secret_name: app}")


def _place(key: str, value: Any) -> list[InputError]:
    """A folder in the container that is not one of the component's."""
    found = validation.absolute_path("/etc/app")(key, value)
    if found:
        return found
    path = _plain(value)
    # What the runtime itself makes; /dev/shm is a folder like others.
    ok = ":" not in value and path not in ("/", _TMP, "/dev", "/sys", "/proc") and not path.startswith("/proc/")
    return validation.check(
        ok, key, value, "a folder other than /, /tmp, /proc, /sys, /dev, without a colon", "/etc/app"
    )


_VOLUME = Record(
    Volume,
    {
        "mount_path": Rule(_place),
        "secret_name": Rule(validation.resource_name("app")),
        "config_map_name": Rule(validation.resource_name("app")),
        "claim_name": Rule(validation.resource_name("app-data")),
        "scratch_size": Rule(quantities.byte_quantity("1Mi", "64Mi")),
        "read_only": Rule(validation.true_or_false),
    },
    _one_source,
)


def check(key: str, value: Any) -> list[InputError]:
    """Return the errors of volumes; two at one place would hide each other."""
    found = validation.each(_VOLUME)(key, value)
    if found or not is_known(value):
        return found
    paths = [_plain(each["mount_path"]) for each in value]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    return validation.check(not twice, key, ", ".join(twice), "one volume at each mount_path", "another mount_path")


def check_own(args: Mapping[str, Any]) -> list[InputError]:
    """Return an error for each volume that would hide a folder of the component's.

    Args:
        args: The service's inputs, each allowed by itself, without None.
    """
    own = {CA_FOLDER: "the database's authority"} if has_ca(args) else {}
    if is_known(args.get("binding")) and args.get("binding"):
        own[f"{binding.ROOT}/{args['binding']}"] = "the binding"
    given = args.get("volumes", [])
    found: list[InputError] = []
    for number, each in enumerate(given if is_known(given) else []):
        path, key = _plain(each["mount_path"]), f"volumes.{number}.mount_path"
        found += validation.check(path not in own, key, path, f"not the folder of {own.get(path)}", "/etc/app")
    return found


def check_names(args: Mapping[str, Any]) -> list[InputError]:
    """Return an error for each mount of a caller's own container whose volume the pod does not have.

    Args:
        args: The service's inputs, each allowed by itself, without None.
    """
    given = [args.get(key, []) for key in ("init_containers", "sidecars", "volumes")]
    if not is_known(given) or not is_known([args.get("database", {}), args.get("binding")]):
        return []
    *containers, own = given
    there = ["tmp", *(_name(number) for number in range(len(own)))]
    there += ["database-ca"] if has_ca(args) else []
    there += ["binding"] if args.get("binding") else []
    found: list[InputError] = []
    for key, listed in zip(("init_containers", "sidecars"), containers, strict=True):
        for number, container in enumerate(listed):
            for field in ("volumeMounts", "volume_mounts", "volumeDevices", "volume_devices"):
                for place, mount in enumerate(container.get(field) or []):
                    allowed = there if field.lower().endswith("mounts") else []
                    path, rule = f"{key}.{number}.{field}.{place}.name", f"a volume of the pod: {', '.join(there)}"
                    found += validation.check(mount["name"] in allowed, path, mount["name"], rule, there[-1])
    return found


def _plain(path: str) -> str:
    """A path as the container's runtime reads it."""
    # Two slashes at the beginning are something of their own to POSIX, and one to Linux.
    return normpath("/" + path.lstrip("/"))


def volumes(given: Sequence[Mapping[str, Any]]) -> list[core.VolumeArgs]:
    """Return the pod's volumes."""
    return [
        core.VolumeArgs(
            name=_name(number),
            secret=core.SecretVolumeSourceArgs(secret_name=each["secret_name"], default_mode=0o440)
            if "secret_name" in each
            else None,
            config_map=core.ConfigMapVolumeSourceArgs(name=each["config_map_name"])
            if "config_map_name" in each
            else None,
            persistent_volume_claim=core.PersistentVolumeClaimVolumeSourceArgs(claim_name=each["claim_name"])
            if "claim_name" in each
            else None,
            empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=each["scratch_size"])
            if "scratch_size" in each
            else None,
        )
        for number, each in enumerate(given)
    ]


def mounts(given: Sequence[Mapping[str, Any]]) -> list[core.VolumeMountArgs]:
    """Return the places of those volumes in the container."""
    return [
        core.VolumeMountArgs(
            name=_name(number),
            mount_path=each["mount_path"],
            read_only=each.get("read_only", "secret_name" in each or "config_map_name" in each) or None,
        )
        for number, each in enumerate(given)
    ]


def _name(number: int) -> str:
    return f"volume-{number}"
