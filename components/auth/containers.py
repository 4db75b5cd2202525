"""Containers that the caller adds to the service's pod."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.known import is_known
from ..inputs.shown import kind
from ..kubernetes import pods


def check(key: str, value: Any) -> list[InputError]:
    """A container as Kubernetes takes it; kubeauth adds what Pod Security "restricted" asks for."""
    if not isinstance(value, Mapping):
        return [InputError(key, kind(value), "a container with Kubernetes' own keys", "{name: proxy, image: …}")]
    missing = [InputError(f"{key}.{word}", "(missing)", "required", f"give {key}.{word}")
               for word in ("name", "image") if word not in value]  # fmt: skip
    return missing or validation.image("proxy:1.0")(f"{key}.image", value["image"]) if is_known(value) else []


def restricted(containers: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """Return containers with what Pod Security "restricted" asks for, where they do not say it themselves."""
    return [
        {**container, "securityContext": pods.security_context(container.get("securityContext"))}
        for container in containers
    ] or None
