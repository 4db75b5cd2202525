"""A resource's inputs as rules read them: its containers and their variables, and every value by its path."""

from collections.abc import Iterator
from typing import Any

from ..model import Change, lookup, mappings

#: Where a pod's own description is: workloads, CronJobs, and pods themselves.
_PODS = (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"), ("spec",))


def pod(inputs: dict[str, Any] | None) -> dict[str, Any]:
    """A workload's pod; empty for other resources."""
    found = (lookup(inputs, *path) for path in _PODS)
    return next((it for it in found if isinstance(it, dict) and isinstance(it.get("containers"), list)), {})


def containers(inputs: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """A workload's containers by their names, those that only prepare something first."""
    listed = [*mappings(pod(inputs).get("initContainers")), *mappings(pod(inputs).get("containers"))]
    return {str(it.get("name")): it for it in listed}


def pairs(change: Change) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each container that is there before and after: its name and both sides."""
    before, after = containers(change.before), containers(change.after)
    for name in before.keys() & after.keys():
        yield name, before[name], after[name]


def arguments(container: dict[str, Any]) -> list[str]:
    """A container's arguments, those that are known."""
    return [it for it in container.get("args") or [] if isinstance(it, str)]


def variables(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A container's variables by their names."""
    return {str(it.get("name")): it for it in mappings(container.get("env"))}


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value that is no mapping and no list, by its path; items of lists by their names where they have one."""
    found: dict[str, Any] = {}
    if isinstance(value, dict):
        for key, entry in value.items():
            found |= leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            name = entry.get("name", number) if isinstance(entry, dict) else number
            found |= leaves(entry, f"{path}[{name}]")
    else:
        found[path] = value
    return found


def changed(change: Change) -> Iterator[tuple[str, Any, Any]]:
    """Each leaf of a resource that stays but differs: its path, and what it was and is; None where there is nothing."""
    if change.before is None or change.after is None:
        return
    before, after = leaves(change.before), leaves(change.after)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def is_on(value: Any) -> bool:
    """Whether a switch is on, in any of the ways in which people write it."""
    return str(value).lower() in ("true", "on", "enabled", "enable", "required", "require", "1", "yes")


def texts(value: Any) -> list[str]:
    """The texts in a list, or in what stands for a list of one."""
    return [str(it) for it in value] if isinstance(value, list) else [str(value)] if value else []
