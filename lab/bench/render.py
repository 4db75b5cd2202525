"""What the components make, as the engine recorded it: the one source of every other side of the bench."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.preview.model import SIGN, SIGN_OF_SECRET

from . import programs
from .system import System


@dataclass(frozen=True)
class Secret:
    """A value that the engine was told to keep secret."""

    value: Any


@dataclass(frozen=True)
class Resource:
    """One Kubernetes object of the stack."""

    type: str
    """As Pulumi names it, `kubernetes:core/v1:Secret`."""
    name: str
    """Its logical name."""
    inputs: dict[str, Any]
    """The object; secrets in it are `Secret`."""
    needs: tuple[str, ...]
    """The logical names of what it waits for."""
    timeout: str
    """How long Pulumi waits for it, as its options say it; empty for the provider's own time."""

    def manifest(self) -> dict[str, Any]:
        """The object as people write it, without what only Pulumi reads."""
        found = _revealed(self.inputs)
        metadata = found["metadata"]
        notes = {key: text for key, text in metadata.pop("annotations", {}).items() if "pulumi.com/" not in key}
        return {**found, "metadata": {**metadata, **({"annotations": notes} if notes else {})}}


def render(system: System, databases: int, storage_class: str = "", **more: str) -> list[Resource]:
    """Return what the components make, each object after those that it needs.

    Args:
        system: Where.
        databases: How many.
        storage_class: The class of their volumes. Default: the cluster's.
        more: More configuration of lab/bench/sources/components.
    """
    values = {**programs.values(databases, storage_class), **more}
    return recorded(system, programs.write(system, "components", programs.shipped("components"), values))


def recorded(system: System, folder: Path) -> list[Resource]:
    """Return what a program makes, without any cluster, and remove it."""
    system.run("pulumi", "config", "set", "kubernetes:renderYamlToDirectory", str(folder / "out"), cwd=folder)
    system.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", cwd=folder)
    state = json.loads(system.run("pulumi", "stack", "export", "--show-secrets", cwd=folder).output)
    system.run("pulumi", "stack", "rm", "--yes", "--force", cwd=folder)
    programs.remove(folder)
    made = [entry for entry in state["deployment"]["resources"] if entry["type"].startswith("kubernetes:")]
    # By name, because the state has them in the order in which they were ready.
    return _sorted({resource.name: resource for resource in sorted(map(_resource, made), key=lambda made: made.name)})


def _resource(entry: dict[str, Any]) -> Resource:
    seconds = entry.get("customTimeouts", {}).get("create")
    return Resource(
        type=entry["type"],
        name=_name(entry["urn"]),
        inputs=_marked(entry["inputs"]),
        needs=tuple(
            sorted(
                {_name(urn) for urn in entry.get("dependencies", []) if re.search(r"[:$]kubernetes:[^:]+:[^:]+::", urn)}
            )
        ),
        timeout=f"{int(seconds)}s" if seconds else "",
    )


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _sorted(found: dict[str, Resource]) -> list[Resource]:
    """Each after what it needs."""
    done: dict[str, Resource] = {}

    def add(resource: Resource) -> None:
        for need in resource.needs:
            if need not in done:
                add(found[need])
        done.setdefault(resource.name, resource)

    for resource in found.values():
        add(resource)
    return list(done.values())


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIGN) == SIGN_OF_SECRET:
            return Secret(json.loads(value["plaintext"]))
        return {key: _marked(entry) for key, entry in value.items()}
    return [_marked(entry) for entry in value] if isinstance(value, list) else value


def _revealed(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.value
    if isinstance(value, dict):
        return {key: _revealed(entry) for key, entry in value.items()}
    return [_revealed(entry) for entry in value] if isinstance(value, list) else value
