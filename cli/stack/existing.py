"""What exists of a stack's objects and others made: what becomes of each, and what is refused. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..console import Problem
from .objects import Object, Ref
from .policy import MARK

_DATABASE = re.compile(r"(^|[/-])(mysql|mariadb|percona)")
_SHOWN = 6


@dataclass(frozen=True)
class Found:
    """An object of the program that exists."""

    ref: Ref
    wanted: Object
    """What the program says."""
    has: Object
    """What the cluster has."""

    @property
    def owner(self) -> str:
        """Whose mark it carries."""
        return mark(self.has)


def refuse(found: list[Found], owner: str) -> None:
    """Refuse what is another stack's, on its way out, or cannot become what the program says.

    Raises:
        Problem: Names the first such object.
    """
    for item in found:
        if item.owner and item.owner not in (mark(item.wanted), owner):
            raise Problem(
                f"{item.ref} belongs to stack {item.owner}. Nothing was changed.",
                f"if that stack is to lose it: --owner {item.owner}; its state still has it then: pulumi state delete",
            )
        if "deletionTimestamp" in item.has["metadata"]:
            raise Problem(f"{item.ref} is being deleted. Nothing was changed.", "wait until it is gone, then make up")
        if item.ref.kind == "Deployment" and (lost := claims(item.has) - claims(item.wanted)):
            raise Problem(
                f"{item.ref} has its data in volume claim {', '.join(sorted(lost))}, and the program gives it an empty"
                " one. Nothing was changed.",
                f"set existing_claim of the component in the program to {min(lost)}: what it holds is taken over",
            )
        selector, has = (_selector(thing) for thing in (item.wanted, item.has))
        if item.ref.kind == "Deployment" and selector != has:
            raise Problem(
                f"{item.ref} selects its pods by {has}, the program by {selector}, which Kubernetes never changes."
                " Nothing was changed.",
                "give the component the old name (resource_name), or delete that Deployment",
            )


def refuse_loss(found: list[Found]) -> None:
    """Refuse to end a pod that a database has its data in.

    Raises:
        Problem: Says how to keep the data.
    """
    for item in found:
        if item.ref.kind == "Deployment" and (names := loses(item.has)):
            raise Problem(
                f"container {names[0]} of {item.ref} has its data in the pod, which ends. Nothing was changed.",
                "dump it inside the pod (mysqldump --single-transaction --routines --events <schema>), copy the dump\n"
                "       here, then adopt with --yes --lose-data, make import FILE=<dump> and make restore",
            )


def plan(found: list[Found]) -> Iterator[str]:
    """Say of each object what happens to it, the pods that end, and which of them have their data with them."""
    for item in found:
        made = list(
            dict.fromkeys(entry.get("manager", "") for entry in item.has["metadata"].get("managedFields") or [])
        )
        changes = list(dict.fromkeys(map(_place, differences(item.wanted, item.has))))
        shown = ", ".join(changes[:_SHOWN]) + (f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else "")
        told = f"changes {shown}" if changes else "stays as it is"
        yield f"  keep {item.ref} (made by {', '.join(filter(None, made)) or 'somebody'}): {told}"
        if item.ref.kind != "Deployment" or not any(change.startswith("spec.template") for change in changes):
            continue
        yield "       its pods are replaced"
        for name in loses(item.has):
            yield f"       container {name} has its data in the pod, and it ENDS WITH IT: dump it, then make import"


def differences(wanted: Any, has: Any, path: str = "") -> Iterator[str]:
    """The places, as `spec.ports[0].name`, where the cluster has not what the program says."""
    if isinstance(wanted, Mapping) and isinstance(has, Mapping):
        for key, value in wanted.items():
            yield from differences(value, has.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(wanted, list) and isinstance(has, list) and len(wanted) == len(has):
        for number, (one, other) in enumerate(zip(wanted, has, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif wanted != has and not (wanted in (None, [], {}) and has is None):
        yield path


def claims(deployment: Object) -> set[str]:
    """The volume claims of a Deployment's pods."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or []
    return {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}


def loses(deployment: Object) -> list[str]:
    """The containers of a Deployment that are databases without a claim."""
    pod = deployment["spec"]["template"]["spec"]
    kept = {volume["name"] for volume in pod.get("volumes") or [] if "persistentVolumeClaim" in volume}
    return [
        container["name"]
        for container in pod["containers"]
        if _DATABASE.search(container["image"])
        and not any(mount["name"] in kept for mount in container.get("volumeMounts") or [])
    ]


def _place(path: str) -> str:
    """Where a change is, as people want to know it: which labels there are is not of interest."""
    return re.sub(r"(\bmetadata\.\w+)\..*", r"\1", path)


def mark(item: Object) -> str:
    """Whose an object is, as its annotation says; empty for nobody's."""
    return (item["metadata"].get("annotations") or {}).get(MARK, "")


def _selector(item: Object) -> Any:
    return (item.get("spec") or {}).get("selector", {}).get("matchLabels") if item["kind"] == "Deployment" else None
