"""A stack belongs to one cluster, and its data to nobody's accident: what is refused before anything is changed."""

import json
from typing import Any

from .. import programs, shipped
from ..console import Problem, console
from . import Stack, config, state

#: A tag of the stack, kept beside its state: whoever shares the state shares the guard.
TAG = "kubeauth:cluster"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
#: Every cluster has this namespace, and its uid is the cluster's own for life.
_HOME = (
    "kubectl",
    "get",
    "namespace",
    "kube-system",
    "--output",
    "jsonpath={.metadata.uid}",
    "--request-timeout",
    "10s",
)


def check(stack: Stack, place: str, *, fresh: bool) -> str | None:
    """Refuse to deploy a stack to another cluster than the one it lives in.

    Args:
        stack: The stack.
        place: The cluster as people know it: `local node dev`, or the API server's address.
        fresh: The cluster was made a moment ago, in the place of the one that the stack may have lived in.

    Returns:
        None in the stack's own cluster; else what `remember` takes once the stack may live in this one.

    Raises:
        Problem: The stack has resources in another cluster, or nobody can tell whether it has.
    """
    listed = stack.ask("pulumi", "stack", "tag", "ls", "--json", purpose=f"read the tags of stack {stack.name}")
    known_uid, _, known_place = str((json.loads(listed) or {}).get(TAG, "")).partition(" ")
    try:
        uid = stack.ask(*_HOME, purpose="ask the cluster which one it is").strip()
    except programs.Forbidden:
        console.print(
            "This user may not read namespace kube-system: the cluster's address has to tell which one it is."
        )
        uid = known_uid if known_place == place else ""
    else:
        if not uid:
            raise Problem(f"the cluster at {place} did not say which one it is. Nothing was changed.")
    if known_uid and known_uid == uid:
        return None
    if known_uid and not (fresh and known_place == place) and resources(stack):
        raise Problem(
            f"stack {stack.name} lives in another cluster: {known_place}, not {place}. Nothing was changed.",
            f"name that cluster (CONTEXT=, KUBECONFIG or CLUSTER=node), or use another stack here;\n"
            f"       if that cluster is gone for good: pulumi stack tag rm {TAG}, then make repair STACK={stack.name}",
        )
    return f"{uid} {place}"


def remember(stack: Stack, cluster: str) -> None:
    """Keep, beside the state, in which cluster the stack lives; `check` returned it.

    A cluster that did not say which one it is cannot be told from another, and is not kept.
    """
    uid, _, place = cluster.partition(" ")
    if uid:
        stack.ask("pulumi", "stack", "tag", "set", TAG, cluster, purpose=f"mark the stack as living in {place}")


def resources(stack: Stack, *, seconds: float | None = None) -> list[dict[str, Any]]:
    """What the stack has in its cluster, as its state says.

    Args:
        stack: The stack.
        seconds: How long the answer may take where Pulumi has to be asked. Default: as any question.

    Raises:
        Problem: The state cannot be read.
    """
    if stack.files and not stack.files.compressed():
        # The same as the export, half a second earlier.
        found = state.deployment(stack.files.path)
        if found is None and stack.files.path.exists():
            raise Problem(f"the state of stack {stack.name} is not whole", f"make repair STACK={stack.name}")
        listed = (found or {}).get("resources") or []
    else:
        limit = {} if seconds is None else {"seconds": seconds}
        export = stack.ask("pulumi", "stack", "export", purpose=f"read the state of stack {stack.name}", **limit)
        exported = json.loads(export)
        listed = (exported.get("deployment") or {}).get("resources") or []
    return [item for item in listed if str(item.get("type", "")).startswith("kubernetes:")]


def known(stack: Stack) -> list[str]:
    """The objects of the stack's state, as the policy pack names them: `Service shop/db`."""
    found = ((item.get("inputs"), item.get("id")) for item in resources(stack))
    return [f"{inputs.get('kind')} {name}" for inputs, name in found if isinstance(inputs, dict) and name]


def protected(stack: Stack) -> list[str]:
    """The resources of the stack that must not be deleted, by name."""
    return [str(item["id"]) for item in resources(stack) if item.get("protect") and item.get("id")]


def named(stack: Stack, kind: str = "") -> list[tuple[str, str]]:
    """The namespace and name of each object of a kind in the stack's state, in the order in which they were made.

    Args:
        stack: The stack.
        kind: The end of Pulumi's type, for example `apps/v1:Deployment`. Default: every kind.
    """
    ids = [str(item.get("id") or "") for item in resources(stack) if str(item["type"]).endswith(kind)]
    return [(namespace, name) for namespace, _, name in (found.partition("/") for found in ids) if name]


def check_volume(stack: Stack) -> None:
    """Refuse a smaller volume than the database has: the cluster would refuse it, too, with the rest half changed.

    A program with other keys than kubeauth's own is left to the preview and the cluster.

    Raises:
        Problem: Names both sizes.
    """
    if not config.declares("mysqlName", "mysqlStorageSize"):
        return
    name, size = (config.value(stack.config_file, key) for key in ("mysqlName", "mysqlStorageSize"))
    for item in resources(stack):
        inputs: Any = item.get("inputs")
        if item["type"] != CLAIM or inputs["metadata"]["name"] != f"{name}-data":
            continue
        before = inputs["spec"]["resources"]["requests"]["storage"]
        if size == before:
            return
        quantities = shipped.component("inputs.quantities")
        # What is no size at all is told by the program, with all other mistakes.
        asked, has = quantities.bytes_of(str(size)), quantities.bytes_of(before)
        if asked and has and asked < has:
            raise Problem(
                f"mysqlStorageSize = {size!r} is smaller than the volume of stack {stack.name}, {before}. Nothing was"
                " changed.\n  rule: a volume can grow, not shrink",
                f"pulumi config set mysqlStorageSize {before}; for less: make backup, another mysqlName, make restore",
            )
