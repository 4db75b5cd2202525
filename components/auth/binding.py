"""The database as files, as servicebinding.io has it: a folder below SERVICE_BINDING_ROOT, a file for each value."""

from collections.abc import Mapping
from typing import Any

from pulumi_kubernetes.core import v1 as core

from ..kubernetes.discovery import parse_endpoint

ROOT = "/bindings"
"""What SERVICE_BINDING_ROOT says."""

_ANNOTATION = "kubeauth/binding-"


def annotations(name: str | None, database: Mapping[str, Any]) -> dict[str, str]:
    """Return the pod's annotations that become files, because nothing else holds plain values of a pod.

    Args:
        name: The folder's name; None for no binding.
        database: With the keys of `DatabaseConnection`.
    """
    if not name:
        return {}
    address = parse_endpoint(database["endpoint"])
    values = {
        "type": "mysql",
        "host": address.host,
        "port": str(address.port),
        "database": database.get("database_name"),
    }
    return {f"{_ANNOTATION}{key}": value for key, value in values.items() if value}


def volumes(name: str | None, database: Mapping[str, Any]) -> list[core.VolumeArgs]:
    """Return the pod's volume with those files, `username` and `password`."""
    if not name:
        return []
    prefixed = annotations(name, database)
    files = [
        core.DownwardAPIVolumeFileArgs(
            path=key.removeprefix(_ANNOTATION),
            field_ref=core.ObjectFieldSelectorArgs(field_path=f"metadata.annotations['{key}']"),
        )
        for key in prefixed
    ]
    account = [
        core.KeyToPathArgs(key=database[f"{word}_key"], path=word) for word in ("username", "password")
    ]  # fmt: skip
    return [
        core.VolumeArgs(
            name="binding",
            projected=core.ProjectedVolumeSourceArgs(
                default_mode=0o440,
                sources=[
                    core.VolumeProjectionArgs(downward_api=core.DownwardAPIProjectionArgs(items=files)),
                    core.VolumeProjectionArgs(
                        secret=core.SecretProjectionArgs(name=database["secret_name"], items=account)
                    ),
                ],
            ),
        )
    ]


def mounts(name: str | None) -> list[core.VolumeMountArgs]:
    """Return the volume's place in the container."""
    return [core.VolumeMountArgs(name="binding", mount_path=f"{ROOT}/{name}", read_only=True)] if name else []
