"""What every pod of this package has in common: it passes Pod Security "restricted" and runs where it was told to."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import lift
from . import placement as places


def common(
    placement: pulumi.Input[Mapping[str, Any]], platform: pulumi.Input[Mapping[str, Any]], account: Any = None
) -> dict[str, Any]:
    """Return the fields, by their names in `PodSpecArgs`, that every pod has.

    Args:
        placement: Where it runs, with the keys of `Placement`.
        platform: Complete, with the keys of `Platform`.
        account: The name of its ServiceAccount. Default: the namespace's own.
    """

    def pull(known: Mapping[str, Any]) -> list[core.LocalObjectReferenceArgs] | None:
        return [core.LocalObjectReferenceArgs(name=name) for name in known["image_pull_secrets"]] or None

    found = {
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": lift(_security_context, platform),
        "image_pull_secrets": lift(pull, platform),
        "service_account_name": account,
        **places.fields(placement),
    }
    return {key: value for key, value in found.items() if value is not None}


def _security_context(platform: Mapping[str, Any]) -> core.PodSecurityContextArgs:
    """The pod's half of Pod Security "restricted"; volumes become writable through the group."""
    user, group = platform["run_as_user"] or None, platform["fs_group"] or None
    return core.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=user,
        run_as_group=user,
        fs_group=group,
        # Without this every file of a large volume is re-owned at each start of the pod.
        fs_group_change_policy="OnRootMismatch" if group else None,
        seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
    )


def literal(text: str) -> str:
    """Return a text for a container's command or arguments, in which kubelets replace `$(NAME)` and `$$`."""
    return text.replace("$", "$$")


def security_context(given: Mapping[str, Any] | None = None) -> Any:
    """Return the container's half of Pod Security "restricted", with a read-only root file system.

    Args:
        given: What a caller's own container says of it, with Kubernetes' own keys, which wins. Default: nothing.
    """
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        **(given or {}),
    }


def scratch(name: str, size: pulumi.Input[str] = "64Mi", *, in_memory: bool = False) -> core.VolumeArgs:
    """Return a bounded scratch volume, because the root file system is read-only.

    Args:
        name: The volume's name.
        size: Its size at most. Default: 64Mi.
        in_memory: Whether it never reaches the node's disk. Default: false.
    """
    medium = "Memory" if in_memory else None
    return core.VolumeArgs(name=name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=size, medium=medium))


def secret_files(
    name: str,
    *secrets: pulumi.Input[str],
    keys: Sequence[str] = (),
    folders: Mapping[str, pulumi.Input[str]] | None = None,
    keys_in_folders: Sequence[str] = (),
) -> core.VolumeArgs:
    """Return a volume with files from Secrets, readable by the pod's group alone.

    Args:
        name: The volume's name.
        secrets: The Secrets' names.
        keys: The keys that become files. Default: all.
        folders: More Secrets, by the folder in the volume that has their files. Default: none.
        keys_in_folders: Their keys that become files.
    """
    items = [core.KeyToPathArgs(key=key, path=key) for key in keys] or None
    placed = [
        (secret, [core.KeyToPathArgs(key=key, path=f"{folder}/{key}") for key in keys_in_folders])
        for folder, secret in (folders or {}).items()
    ]
    return core.VolumeArgs(
        name=name,
        projected=core.ProjectedVolumeSourceArgs(
            default_mode=0o440,
            sources=[
                core.VolumeProjectionArgs(secret=core.SecretProjectionArgs(name=secret, items=paths))
                for secret, paths in [*((secret, items) for secret in secrets), *placed]
            ],
        ),
    )
