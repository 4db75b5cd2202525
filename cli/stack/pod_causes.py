"""Why one pod is not ready, from its own status, its events and, where it may be asked, its containers' logs."""

import re
from collections.abc import Iterator

from .cause import (
    CONFIG,
    CRASH,
    DISK,
    DNS,
    EVICTED,
    IMAGE,
    MEMORY,
    MOUNT,
    NEVER,
    PROBE,
    READINESS,
    SCHEDULE,
    Advice,
    Cause,
    Questions,
)
from .namespace import Namespace, Object, condition, containers, reason, started

_UNRESOLVED = re.compile(r"does not resolve|name resolution|no such host|Name or service not known|getaddrinfo", re.I)
_FULL = re.compile(
    r"the data volume has \d+ (MiB|inodes) left|No space left on device|Disk quota exceeded|disk is full|errno: 28\b",
    re.I,
)
_OTHER_DATA = re.compile(r"\bdowngrade\b|upgrade from|upgrade is not supported|data dictionary upgrade", re.I)
#: What a pod needs and the cluster does not have, in the kubelet's words.
_MISSING = re.compile(
    r'(secret|configmap) "([^"]+)" not found|references non-existent (secret|config) key: (\S+)', re.I
)
_QUOTED = re.compile(r"\bnear '.*")
# How startup.sh says that a start's SQL is wrong, which does not heal.
_SQL_ENDED = "the SQL of this start ended early"
_PULLS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}


def find(namespace: Namespace, pod: Object, component: str, ask: Questions | None, advice: Advice) -> Iterator[Cause]:
    """Yield what is wrong with a pod.

    Args:
        namespace: What the cluster reports.
        pod: The pod.
        component: The prefix of its component's keys; empty for a pod of no component.
        ask: How to ask the pods; None where they are not asked.
        advice: What to type.
    """
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if status.get("reason") == "Evicted":
        fix = "free that on the node, or move the pod; its workload makes another one"
        if "emptyDir" in status.get("message", "") or "ephemeral" in status.get("message", ""):
            fix = "it writes more than its scratch space holds: write less there, or give it more in the program"
        yield Cause(EVICTED, f"pod {name} was evicted", " ".join(status.get("message", "").split()), fix, NEVER)
        return
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and "PersistentVolumeClaim" not in scheduled.get("message", ""):
        fix = "free or add nodes, or ask for less"
        yield Cause(SCHEDULE, f"no node takes pod {name}", scheduled.get("message", ""), fix, 120)
    if _lost(namespace, pod):
        node = pod["spec"].get("nodeName", "unknown")
        on_it = [item for item in namespace.of("Pod") if item["spec"].get("nodeName", "unknown") == node]
        names = ", ".join(sorted(item["metadata"]["name"] for item in on_it if _lost(namespace, item)))
        fix = f"look at that node: kubectl describe node {node}; on the local node: make up"
        # One cause for all its pods; what else is said of them is older than that.
        yield Cause(SCHEDULE, f"node {node} does not answer; on it: {names}", "Node is not ready", fix, NEVER)
        return
    yield from _mounts(namespace, pod)
    for state in containers(pod):
        yield from _container(namespace, pod, state, component, ask, advice)
    if started(pod) and condition(pod, "Ready").get("status") != "True":
        yield _unready(namespace, pod, component, ask, advice)


def _lost(namespace: Namespace, pod: Object) -> bool:
    """Whether a pod is on a node that does not answer."""
    return bool(namespace.events(pod, "NodeNotReady")) and condition(pod, "Ready").get("status") != "True"


def _unready(namespace: Namespace, pod: Object, component: str, ask: Questions | None, advice: Advice) -> Cause:
    name = pod["metadata"]["name"]
    said = _said(ask, pod, pod["status"]["containerStatuses"][0])
    probes = namespace.events(pod, "Unhealthy")
    seen = "; ".join(filter(None, [probes[-1] if probes else "", said]))
    host = _database(pod)
    if _FULL.search(seen):
        return _full(name, component, seen, advice)
    if _UNRESOLVED.search(seen) or (
        ask and host and not ask.resolves(name, pod["spec"]["containers"][0]["name"], host)
    ):
        what = f"pod {name} runs, but names do not resolve: the cluster's DNS is down or cannot be reached"
        fix = "look at the cluster's DNS: kubectl -n kube-system get pods; on the local node: make node-status"
        return Cause(DNS, what, seen, fix, 40)
    fix = f"read what it says: kubectl -n {namespace.name} logs {name}"
    return Cause(READINESS, f"pod {name} runs, but its readiness probe fails", seen, fix, 40)


def _full(name: str, component: str, seen: str, advice: Advice) -> Cause:
    fix = f"give it more room: {advice.set(component, 'StorageSize', '<more>')}; or delete rows as root in the pod"
    return Cause(DISK, f"the volume of pod {name} is full", seen, fix, 15)


def _mounts(namespace: Namespace, pod: Object) -> Iterator[Cause]:
    """What a pod that has no container yet waits for; a Secret that a controller is still to make may come."""
    name = pod["metadata"]["name"]
    waiting = [state.get("state", {}).get("waiting", {}).get("reason") for state in containers(pod)]
    failed = namespace.events(pod, "FailedMount", "FailedAttachVolume")
    if not failed or not set(waiting) & {"ContainerCreating", "PodInitializing"}:
        return
    if missing := _MISSING.search(failed[-1]):
        kind = {"secret": "Secret", "configmap": "ConfigMap"}.get((missing[1] or "").lower(), "key")
        what = f"pod {name} waits for {kind} {missing[2] or missing[4]}, which does not exist"
        fix = f"make it in namespace {namespace.name}, or name another one in the program"
    else:
        what = f"pod {name} waits for a volume that cannot be attached or mounted"
        fix = f"kubectl -n {namespace.name} describe pod {name}; a volume on another node is freed after some minutes"
    yield Cause(MOUNT, what, failed[-1], fix, NEVER)


def _other_image(said: str, component: str, advice: Advice) -> str:
    """What to do about an image, from the registry's words."""
    # Without --plaintext the CLI takes the digest for a secret, and refuses.
    change = advice.set(component, "Image", "<image>", " --plaintext")
    if re.search(r"429|toomanyrequests|rate limit", said, re.IGNORECASE):
        return (
            "the registry allows no more pulls without a login: give the nodes one (docs/guides/escape-hatches.md, pull"
            f" secrets), or name a mirror of yours: {change}"
        )
    if re.search(r"401|403|unauthorized|authorization failed|denied", said, re.IGNORECASE):
        return (
            "the registry wants a login, or there is no such repository: see docs/guides/escape-hatches.md (pull"
            f" secrets), or {change}"
        )
    return f"name one that exists and that the nodes may pull: {change}"


def _container(
    namespace: Namespace, pod: Object, state: Object, component: str, ask: Questions | None, advice: Advice
) -> Iterator[Cause]:
    name, waiting = pod["metadata"]["name"], state.get("state", {}).get("waiting", {})
    why, message = waiting.get("reason", ""), " ".join(waiting.get("message", "").split())
    read = f"read what it says: kubectl -n {namespace.name} logs {name}"
    if why in _PULLS:
        failed = [text for text in namespace.events(pod, "Failed") if state["image"] in text]
        said = (failed or [message])[-1]
        patience = 30 if why in {"ErrImagePull", "ImagePullBackOff"} else 5
        fix = _other_image(said, component, advice)
        yield Cause(IMAGE, f"image {state['image']} cannot be pulled", said, fix, patience)
    elif why in {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}:
        yield Cause(CONFIG, f"pod {name} cannot start its container", message, "correct what the line above names", 15)
    elif reason(state, "terminated") == "OOMKilled":
        limit = _limit(pod, state["name"])
        fix = "give it more: resources.memory_limit of the component, in the program"
        # One server's container has another name than one of several.
        if component == "mysql" or (component, state["name"]) == ("mysqlCluster", "mysqld"):
            fix = f"give it more: {advice.set(component, 'ResourcesMemoryLimit', '<more>')}"
        what = f"container {state['name']} needs more memory than its limit of {limit}: the kernel ended it (OOMKilled)"
        yield Cause(MEMORY, what, f"restarted {state.get('restartCount', 0)} times", fix, 10)
    elif killed := [text for text in namespace.events(pod, "Killing") if "probe" in text]:
        probes = namespace.events(pod, "Unhealthy")
        yield Cause(PROBE, f"pod {name} does not pass its probe", (probes or killed)[-1], f"{read} --previous", 5)
    elif why == "CrashLoopBackOff" or state.get("restartCount", 0) >= 2:
        yield _crash(pod, state, component, _said(ask, pod, state), f"{read} -c {state['name']} --previous", advice)
    elif _starts(state) and (probes := namespace.events(pod, "Unhealthy")):
        if _SQL_ENDED in probes[-1]:
            seen = "; ".join(filter(None, [probes[-1], _said(ask, pod, state)]))
            yield Cause(PROBE, f"the accounts' SQL of pod {name} did not run to its end", seen, "correct init_sql", 15)
        else:
            yield Cause(PROBE, f"pod {name} does not pass its startup probe yet", probes[-1], read, NEVER)


def _starts(state: Object) -> bool:
    """Whether a container runs and has not passed its startup probe; one that initialised and ended never passes it."""
    return "running" in state.get("state", {}) and not state.get("started", True)


def _crash(pod: Object, state: Object, component: str, said: str, read: str, advice: Advice) -> Cause:
    if _FULL.search(said):
        return _full(pod["metadata"]["name"], component, said, advice)
    code = state.get("lastState", {}).get("terminated", {}).get("exitCode", "unknown")
    what = f"container {state['name']} ends again and again, with exit code {code}"
    if _OTHER_DATA.search(said):
        read = f"put the image back that wrote the data: {advice.set(component, 'Image', '<image>', ' --plaintext')}"
    return Cause(CRASH, what, said, read, 15)


def _limit(pod: Object, container: str) -> str:
    spec = pod["spec"]
    every = [*spec.get("initContainers", []), *spec["containers"]]
    found = next((item for item in every if item["name"] == container), {})
    return found.get("resources", {}).get("limits", {}).get("memory", "(none: the node's)")


def _database(pod: Object) -> str:
    """The host that a pod looks up to find its database; empty when it has none."""
    variables = pod["spec"]["containers"][0].get("env", [])
    return next((item.get("value", "").partition(":")[0] for item in variables if item["name"] == "DB_HOST"), "")


def first_error(log: str) -> str:
    """What a log says is wrong: its first error, else its last two lines; what it quotes of a statement is left out."""
    lines = log.strip().splitlines()
    # mysqld's last lines are always that it ends; its first error is why. What it quotes may be secret.
    errors = [_QUOTED.sub("", line) for line in lines if "[ERROR]" in line or line.startswith("error:")][:1]
    return " / ".join(line.strip() for line in errors or lines[-2:])


def _said(ask: Questions | None, pod: Object, state: Object) -> str:
    said = first_error(ask.logs(pod["metadata"]["name"], state["name"])) if ask else ""
    return f"it says: {said}" if said else ""
