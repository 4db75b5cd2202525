"""Why Deployments do not get ready, the most basic cause first: pure, on what the cluster reports."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .namespace import Namespace, Object, complete, condition, containers, reason, started

NEVER = float("inf")
_NO_VOLUME = ("ProvisioningFailed", "FailedBinding")
_UNRESOLVED = re.compile(r"does not resolve|name resolution|no such host|Name or service not known|getaddrinfo", re.I)

_QUOTED = re.compile(r"\bnear '.*")
# How startup.sh says that a start's SQL is wrong, which does not heal.
_SQL_ENDED = "the SQL of this start ended early"


@dataclass(frozen=True)
class Questions:
    """What only the pods themselves can answer, by the names of pod and container."""

    logs: Callable[[str, str], str]
    """Its last lines, enough of them to hold what mysqld says from its start on."""
    resolves: Callable[[str, str, str], bool]
    """Whether it can look up a host; true also when it has no program to ask with."""


@dataclass(frozen=True, order=True)
class Cause:
    """One reason, in the order in which reasons have to be removed."""

    rank: int
    what: str
    """What is wrong, in a sentence."""
    seen: str
    """What the cluster says of it."""
    fix: str
    """What to do."""
    patience: float
    """Seconds after which it will not go away by itself; NEVER while it may."""


def find(namespace: Namespace, only: set[str] | None = None, ask: Questions | None = None) -> list[Cause]:
    """Return the causes, most basic first.

    Args:
        namespace: What the cluster reports.
        only: The names of the Deployments in question. Default: all of kubeauth's.
        ask: How to ask the pods. Default: they are not asked.
    """
    deployments = [item for item in namespace.deployments() if only is None or item["metadata"]["name"] in only]
    pending = [item for item in deployments if not complete(item)]
    found = [*_selectors(namespace), *_failed_claims(namespace)]
    for deployment in pending:
        found += _refused(deployment)
        found += _claims(namespace, deployment)
        for pod in namespace.pods(deployment):
            found += _pod(namespace, deployment, pod, ask)
    # A service may wait for another one that is still starting.
    if any(_starting(namespace, item) for item in namespace.deployments() if not complete(item)):
        found = [_patient(cause) if cause.rank >= _READINESS else cause for cause in found]
    return sorted(set(found))


_REFUSED, _CLAIM, _SCHEDULE, _IMAGE, _CONFIG, _MEMORY, _CRASH, _SELECTOR, _DNS, _PROBE, _READINESS = range(11)


def _patient(cause: Cause) -> Cause:
    return Cause(cause.rank, cause.what, cause.seen, cause.fix, NEVER)


def _starting(namespace: Namespace, deployment: Object) -> bool:
    return not any(started(pod) for pod in namespace.pods(deployment))


def _component(deployment: Object) -> str:
    """The prefix of the configuration keys of a Deployment's component."""
    component = deployment["metadata"].get("labels", {}).get("app.kubernetes.io/component", "")
    return "mysql" if component == "database" else component


def _refused(deployment: Object) -> Iterator[Cause]:
    failure = condition(deployment, "ReplicaFailure")
    if failure.get("status") != "True":
        return
    name, message = deployment["metadata"]["name"], failure.get("message", "")
    if "violates PodSecurity" in message:
        what = f"the pods of {name} are refused: the namespace enforces Pod Security and the pod breaks it"
        yield Cause(
            _REFUSED, what, message, "change in the pod what the line above names; do not weaken the namespace", 5
        )
    elif "exceeded quota" in message:
        what = f"the pods of {name} are refused: the namespace's quota is used up"
        yield Cause(_REFUSED, what, message, "raise the ResourceQuota, or ask for less", 15)
    else:
        yield Cause(_REFUSED, f"the pods of {name} are refused", message, "change what the line above names", 15)


def _claims(namespace: Namespace, deployment: Object) -> Iterator[Cause]:
    for volume in deployment["spec"]["template"]["spec"].get("volumes", []):
        name = volume.get("persistentVolumeClaim", {}).get("claimName")
        claim = namespace.claim(name) if name else None
        if not name or (claim and claim.get("status", {}).get("phase") == "Bound"):
            continue
        if claim is None:
            yield Cause(_CLAIM, f"volume claim {name} does not exist", "", "make up creates it", 30)
        else:
            yield _unbound(namespace, claim)


def _failed_claims(namespace: Namespace) -> Iterator[Cause]:
    """Claims whose Deployment does not exist yet, because Pulumi waits for the claim first."""
    for claim in namespace.claims():
        if claim.get("status", {}).get("phase") != "Bound" and namespace.events(claim, *_NO_VOLUME):
            yield _unbound(namespace, claim)


def _unbound(namespace: Namespace, claim: Object) -> Cause:
    name, wanted = claim["metadata"]["name"], claim["spec"].get("storageClassName")
    what = f"volume claim {name} gets no volume from storage class {wanted or '(the default one)'}"
    warnings = namespace.events(claim, *_NO_VOLUME)
    others = namespace.events(claim, "ExternalProvisioning", "WaitForFirstConsumer")
    fix = (
        "name one that the cluster has (kubectl get storageclasses): pulumi config set mysqlStorageClass <class>;\n"
        f"       a claim keeps its class for life; this one is empty: kubectl -n {namespace.name} delete pvc {name}"
    )
    return Cause(_CLAIM, what, (warnings or others or ["pending"])[-1], fix, 20 if warnings else 60)


def _pod(namespace: Namespace, deployment: Object, pod: Object, ask: Questions | None) -> Iterator[Cause]:
    name, component = pod["metadata"]["name"], _component(deployment)
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and "PersistentVolumeClaim" not in scheduled.get("message", ""):
        fix = "free or add nodes, or ask for less"
        yield Cause(_SCHEDULE, f"no node takes pod {name}", scheduled.get("message", ""), fix, 120)
    for state in containers(pod):
        yield from _container(namespace, pod, state, component, ask)
    if started(pod) and condition(pod, "Ready").get("status") != "True":
        said = _said(ask, pod, pod["status"]["containerStatuses"][0])
        probes = namespace.events(pod, "Unhealthy")
        seen = "; ".join(filter(None, [probes[-1] if probes else "", said]))
        host = _database(pod)
        if _UNRESOLVED.search(seen) or (
            ask and host and not ask.resolves(name, pod["spec"]["containers"][0]["name"], host)
        ):
            what = f"pod {name} runs, but names do not resolve: the cluster's DNS is down or cannot be reached"
            fix = "look at the cluster's DNS: kubectl -n kube-system get pods; on the local node: make node-status"
            yield Cause(_DNS, what, seen, fix, 40)
        else:
            fix = f"read what it says: kubectl -n {namespace.name} logs {name}"
            yield Cause(_READINESS, f"pod {name} runs, but its readiness probe fails", seen, fix, 40)


def _other_image(said: str, component: str) -> str:
    """What to do about an image, from the registry's words."""
    if re.search(r"429|toomanyrequests|rate limit", said, re.IGNORECASE):
        return (
            "the registry allows no more pulls without a login: give the nodes one (docs/guides/escape-hatches.md, pull"
            f" secrets), or name a mirror of yours: pulumi config set {component}Image <image> --plaintext"
        )
    if re.search(r"401|403|unauthorized|authorization failed|denied", said, re.IGNORECASE):
        return (
            "the registry wants a login, or there is no such repository: see docs/guides/escape-hatches.md (pull"
            f" secrets), or pulumi config set {component}Image <image> --plaintext"
        )
    # Without --plaintext the CLI takes the digest for a secret, and refuses.
    return f"name one that exists and that the nodes may pull: pulumi config set {component}Image <image> --plaintext"


def _container(
    namespace: Namespace, pod: Object, state: Object, component: str, ask: Questions | None
) -> Iterator[Cause]:
    name, waiting = pod["metadata"]["name"], state.get("state", {}).get("waiting", {})
    why, message = waiting.get("reason", ""), " ".join(waiting.get("message", "").split())
    if why in {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}:
        failed = [text for text in namespace.events(pod, "Failed") if state["image"] in text]
        said = (failed or [message])[-1]
        patience = 30 if why in {"ErrImagePull", "ImagePullBackOff"} else 5
        yield Cause(_IMAGE, f"image {state['image']} cannot be pulled", said, _other_image(said, component), patience)
    elif why in {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}:
        yield Cause(_CONFIG, f"pod {name} cannot start its container", message, "correct what the line above names", 15)
    elif reason(state, "terminated") == "OOMKilled":
        limit = _limit(pod, state["name"])
        fix = "give it more: " + (
            "pulumi config set mysqlResourcesMemoryLimit <more>"
            if component == "mysql"
            else "resources.memory_limit of the component, in __main__.py"
        )
        what = f"container {state['name']} needs more memory than its limit of {limit}: the kernel ended it (OOMKilled)"
        yield Cause(_MEMORY, what, f"restarted {state.get('restartCount', 0)} times", fix, 10)
    elif killed := [text for text in namespace.events(pod, "Killing") if "probe" in text]:
        probes = namespace.events(pod, "Unhealthy")
        fix = f"read what it says: kubectl -n {namespace.name} logs {name} --previous"
        yield Cause(_PROBE, f"pod {name} does not pass its probe", (probes or killed)[-1], fix, 5)
    elif why == "CrashLoopBackOff" or state.get("restartCount", 0) >= 2:
        code = state.get("lastState", {}).get("terminated", {}).get("exitCode", "unknown")
        fix = f"read what it says: kubectl -n {namespace.name} logs {name} --previous"
        what = f"container {state['name']} ends again and again, with exit code {code}"
        yield Cause(_CRASH, what, _said(ask, pod, state), fix, 15)
    elif not state.get("started", True) and (probes := namespace.events(pod, "Unhealthy")):
        fix = f"read what it says: kubectl -n {namespace.name} logs {name}"
        if _SQL_ENDED in probes[-1]:
            seen = "; ".join(filter(None, [probes[-1], _said(ask, pod, state)]))
            yield Cause(_PROBE, f"the accounts' SQL of pod {name} did not run to its end", seen, "correct init_sql", 15)
        else:
            yield Cause(_PROBE, f"pod {name} does not pass its startup probe yet", probes[-1], fix, NEVER)


def _limit(pod: Object, container: str) -> str:
    spec = pod["spec"]
    every = [*spec.get("initContainers", []), *spec["containers"]]
    found = next((item for item in every if item["name"] == container), {})
    return found.get("resources", {}).get("limits", {}).get("memory", "(none: the node's)")


def _database(pod: Object) -> str:
    """The host that a pod looks up to find its database; empty when it has none."""
    variables = pod["spec"]["containers"][0].get("env", [])
    return next((item.get("value", "").partition(":")[0] for item in variables if item["name"] == "DB_HOST"), "")


def _said(ask: Questions | None, pod: Object, state: Object) -> str:
    if ask is None:
        return ""
    lines = ask.logs(pod["metadata"]["name"], state["name"]).strip().splitlines()
    # mysqld's last lines are always that it ends; its first error is why. What it quotes of a statement may be secret.
    errors = [_QUOTED.sub("", line) for line in lines if "[ERROR]" in line][:1]
    return f"it says: {' / '.join(line.strip() for line in errors or lines[-2:])}" if lines else ""


def _selectors(namespace: Namespace) -> Iterator[Cause]:
    """Services that no Deployment's pods can match, whether there are pods or not."""
    templates = [item["spec"]["template"]["metadata"].get("labels", {}) for item in namespace.of("Deployment")]
    for service in namespace.of("Service"):
        selector, labels = service["spec"].get("selector"), service["metadata"].get("labels", {})
        if labels.get("app.kubernetes.io/part-of") != "kubeauth" or not selector:
            continue
        if not any(selector.items() <= template.items() for template in templates):
            name, wanted = service["metadata"]["name"], ",".join(f"{key}={value}" for key, value in selector.items())
            what = f"Service {name} selects no pod: no Deployment of the namespace makes pods with its labels"
            fix = "make the Service's selector and the pods' labels equal"
            yield Cause(_SELECTOR, what, f"selector: {wanted}", fix, 20)
