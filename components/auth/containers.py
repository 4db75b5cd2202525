"""Containers that the caller adds to the service's pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_kubernetes.core.v1 import outputs

from ..inputs import validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.known import is_known
from ..inputs.shown import kind, shown
from ..kubernetes import native, pods

_KEYS = {
    "allow_privilege_escalation": "allowPrivilegeEscalation",
    "read_only_root_filesystem": "readOnlyRootFilesystem",
}
"""What kubeauth says of a container's rights, as Python spells it."""
_KEYED = {"env": "name", "ports": "name", "volumeMounts": "mountPath", "volume_mounts": "mount_path"}


def check(key: str, value: Any) -> list[InputError]:
    """A container as Kubernetes takes it; kubeauth adds what Pod Security "restricted" asks for."""
    if not isinstance(value, Mapping):
        return [InputError(key, kind(value), "a container with Kubernetes' own keys", "{name: proxy, image: …}")]
    missing = [InputError(f"{key}.{word}", "(missing)", "required", f"give {key}.{word}")
               for word in ("name", "image") if word not in value]  # fmt: skip
    if missing or not is_known(value):
        return missing if is_known(value) else []
    return native.check(key, value, outputs.Container) or [
        *validation.dns_label(f"{key}.name", value["name"], "proxy"),
        *validation.image("proxy:1.0")(f"{key}.image", value["image"]),
        *(
            error
            for field, name in _KEYED.items()
            for error in _each_once(f"{key}.{field}", value.get(field, []), name)
        ),
    ]


def _each_once(key: str, value: Sequence[Mapping[str, Any]], name: str) -> list[InputError]:
    """Entries that the API server tells apart by one of their keys."""
    names = [each.get(name) for each in value]
    twice = [(number, each) for number, each in enumerate(names) if each is not None and each in names[:number]]
    return [InputError(f"{key}.{number}.{name}", shown(each), "each once", REMOVE) for number, each in twice]


def check_all(key: str, value: Any) -> list[InputError]:
    """Containers of one kind, each with a name of its own."""
    return validation.each(check)(key, value) or _twice({}, key, value)


def check_names(args: Mapping[str, Any], instance: str) -> list[InputError]:
    """Return an error for each container that is called like another one of the pod.

    Args:
        args: The service's inputs, each allowed by itself, without None.
        instance: The service's name in the cluster.
    """
    taken = {own_name(instance): "the service's own"}
    return [error for key in ("init_containers", "sidecars") for error in _twice(taken, key, args.get(key, []))]


def _twice(taken: dict[str, str], key: str, value: Any) -> list[InputError]:
    found: list[InputError] = []
    for number, each in enumerate(value if isinstance(value, list | tuple) else []):
        name, place = each.get("name") if isinstance(each, Mapping) else None, f"{key}.{number}"
        if isinstance(name, str):
            rule = f"not the name of another container: {taken.get(name)}"
            found += validation.check(name not in taken, f"{place}.name", name, rule, "another name")
            taken.setdefault(name, place)
    return found


def own_name(instance: str) -> str:
    """Return the name of the service's own container."""
    return f"{instance}-container"


def restricted(containers: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """Return containers with what Pod Security "restricted" asks for, where they do not say it themselves."""
    return [*map(_restricted, containers)] or None


def _restricted(container: Mapping[str, Any]) -> dict[str, Any]:
    # Programs in Python may spell Kubernetes' keys as Python does.
    given: dict[str, Any] = {"securityContext": container.get("security_context"), **container}
    others = {key: value for key, value in given.items() if key not in ("securityContext", "security_context")}
    own: Mapping[str, Any] = given["securityContext"] or {}
    rights = {_KEYS.get(key, key): value for key, value in own.items()}
    return {**others, "securityContext": pods.security_context(rights)}
