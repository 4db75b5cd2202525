"""The objects of the cluster that a stack's state speaks of."""

import json
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..console import Problem
from . import Stack
from .policy import MARK

Object = dict[str, Any]


class Ref(NamedTuple):
    """What names an object in a cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return it as people say it."""
        return f"{self.kind} {self.id}"

    @property
    def id(self) -> str:
        """Pulumi's ID of the object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def ref_of(inputs: Object) -> Ref | None:
    """What the inputs of a Kubernetes resource name; None for other resources, or when the name is a secret."""
    metadata = inputs.get("metadata")
    if not isinstance(metadata, dict):
        return None
    values = inputs.get("apiVersion"), inputs.get("kind"), metadata.get("namespace", ""), metadata.get("name")
    return Ref(*values) if all(isinstance(value, str) for value in values) else None  # pyright: ignore[reportArgumentType]


def live(stack: Stack, refs: Iterable[Ref]) -> dict[Ref, Object]:
    """Those objects that exist, as the cluster has them.

    Raises:
        Problem: The cluster did not answer.
    """
    wanted = list(dict.fromkeys(refs))
    if not wanted:
        return {}
    items = [
        {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "metadata": {"name": ref.name, **({"namespace": ref.namespace} if ref.namespace else {})},
        }
        for ref in wanted
    ]
    done = stack.run(
        *("kubectl", "get", "--filename", "-", "--ignore-not-found", "--output", "json", "--show-managed-fields"),
        *("--request-timeout", "10s"),
        text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}),
    )
    if done.returncode:
        raise Problem(f"the cluster did not say what it has: {done.stderr.strip()}", "run the same command again")
    answer = json.loads(done.stdout) if done.stdout.strip() else {"kind": "List", "items": []}
    found = answer["items"] if answer["kind"] == "List" else [answer]
    return {ref: item for item in found if (ref := ref_of(item))}


def marked(stack: Stack, places: Iterable[Ref], mark: str) -> dict[Ref, Object]:
    """The objects with a stack's mark, of some kinds in some namespaces.

    Args:
        stack: The stack.
        places: Kinds and namespaces; their names do not count.
        mark: The mark.

    Raises:
        Problem: The cluster did not answer.
    """
    found: dict[Ref, Object] = {}
    wanted = {(ref.api_version, ref.kind, ref.namespace) for ref in places}
    for api_version, kind, namespace in sorted(wanted):
        group, _, version = api_version.rpartition("/")
        name = f"{kind}.{version}.{group}" if group else kind
        where = ["--namespace", namespace] if namespace else []
        done = stack.run(
            *("kubectl", "get", name, *where, "--output", "json", "--ignore-not-found", "--request-timeout", "10s"),
        )
        if done.returncode:
            raise Problem(f"the cluster did not say what it has: {done.stderr.strip()}", "run the same command again")
        for item in json.loads(done.stdout or '{"items": []}')["items"]:
            # In a list the items have no kind of their own, in kubectl's they do.
            ref = ref_of({"apiVersion": api_version, "kind": kind, "metadata": item["metadata"]})
            if ref and (item["metadata"].get("annotations") or {}).get(MARK) == mark:
                found[ref] = item
    return found


def leaving(objects: dict[Ref, Object]) -> list[Ref]:
    """Those that the cluster is still removing."""
    return [ref for ref, item in objects.items() if "deletionTimestamp" in item["metadata"]]


def wait_for_removals(stack: Stack, refs: Iterable[Ref], seconds: float) -> list[Ref]:
    """Wait until nothing of these is being removed any more; what still is after that time."""
    deadline = time.monotonic() + seconds
    rest = list(refs)
    while rest := leaving(live(stack, rest)):
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    return rest
