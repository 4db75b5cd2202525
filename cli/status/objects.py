"""The stack's workloads and volumes, from what the cluster says of them."""

from collections.abc import Iterator
from typing import Any

from ..stack import guard
from ..stack.namespace import WORKLOADS, Namespace, complete, condition, named
from .backups import moment
from .gather import Seen
from .model import Pod, Volume, Workload
from .questions import LISTS


def workloads(seen: Seen, namespace: str) -> Iterator[Workload]:
    """The workloads of the stack's in a namespace; none of a kind that could not be read."""
    replicas = seen.replicas(namespace)
    there = {named(item): item for kind in WORKLOADS for item in seen.items(kind, namespace)}
    unread = [kind for kind in LISTS if seen.answer(kind, namespace) is None]
    here = Namespace(namespace, [item for kind in LISTS for item in seen.items(kind, namespace)], unread)
    for (kind, name), meant in replicas.items():
        if kind in unread:
            continue
        item = there.get((kind, name))
        if not item:
            yield Workload(namespace, kind, name, False, False, meant, 0)
            continue
        wanted = item["spec"].get("replicas", 1)
        found = item["spec"]["template"]["spec"].get("containers", [])
        # A Deployment's are found through its ReplicaSets.
        needed = {"Pod", "ReplicaSet"} if kind == "Deployment" else {"Pod"}
        pods = None if needed & set(unread) else _pods(here, item)
        available = item.get("status", {}).get("availableReplicas", 0)
        ready = complete(item) and bool(wanted or not meant)
        images = tuple(container.get("image", "") for container in found)
        yield Workload(namespace, kind, name, True, ready, wanted, available, images, pods)


def _pods(here: Namespace, workload: dict[str, Any]) -> tuple[Pod, ...]:
    """Those of its newest version, then those of older ones that still serve."""
    newest = [_pod(item, newest=True) for item in here.pods(workload)]
    return (*newest, *(_pod(item, newest=False) for item in here.pods(workload, older=True)))


def _pod(item: dict[str, Any], *, newest: bool) -> Pod:
    state = condition(item, "Ready")
    told = item.get("status", {})
    containers = told.get("containerStatuses", [])
    last = next(
        (one["lastState"]["terminated"] for one in containers if one.get("lastState", {}).get("terminated")), {}
    )
    why = last.get("reason", "") if last.get("reason") not in (None, "Error") else f"exit code {last.get('exitCode')}"
    return Pod(
        item["metadata"]["name"],
        item.get("spec", {}).get("nodeName", ""),
        state.get("status") == "True",
        moment(state.get("lastTransitionTime") or told.get("startTime") or ""),
        sum(one.get("restartCount", 0) for one in containers),
        why if last else "",
        newest,
    )


def volumes(seen: Seen, namespace: str) -> Iterator[Volume]:
    """The volume claims that are the stack's, or that its pods use."""
    own = {str(item.get("id")) for item in seen.resources or [] if item["type"] == guard.CLAIM}
    used = {
        volume.get("persistentVolumeClaim", {}).get("claimName")
        for kind in WORKLOADS
        for item in seen.items(kind, namespace)
        if named(item) in seen.replicas(namespace)
        for volume in item["spec"]["template"]["spec"].get("volumes", [])
    }
    for item in seen.items("PersistentVolumeClaim", namespace):
        name, spec, told = item["metadata"]["name"], item["spec"], item.get("status", {})
        if f"{namespace}/{name}" in own or name in used:
            asked = spec.get("resources", {}).get("requests", {}).get("storage", "")
            has = told.get("capacity", {}).get("storage", "")
            yield Volume(namespace, name, asked, has, spec.get("storageClassName") or "", told.get("phase", ""))
