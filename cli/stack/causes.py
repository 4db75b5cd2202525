"""Why workloads do not get ready, the most basic cause first: pure, on what the cluster reports."""

from collections.abc import Collection, Iterator, Mapping

from ..preview.difference import quantity
from . import pod_causes
from .cause import CLAIM, CRASH, GONE, NEVER, READINESS, REFUSED, RESIZE, SCALED, SELECTOR, Advice, Cause, Questions
from .namespace import PART_OF, WORKLOADS, Named, Namespace, Object, complete, condition, named, started

__all__ = ["NEVER", "Cause", "Questions", "find", "going"]
#: The prefixes of the keys of what a database is made of.
_PREFIXES = {
    "database": "mysql",
    "metrics": "mysqlMetrics",
    "etcd": "mysqlEtcd",
    **dict.fromkeys(("tablet", "vtorc", "vtgate"), "mysqlCluster"),
}
_NO_VOLUME = ("ProvisioningFailed", "FailedBinding")
_NO_RESIZE = ("VolumeResizeFailed", "FileSystemResizeFailed", "ExternalExpanding", "Resizing")


def find(
    namespace: Namespace,
    only: set[str] | None = None,
    ask: Questions | None = None,
    keys: Collection[str] | None = None,
    replicas: Mapping[Named, int] | None = None,
) -> list[Cause]:
    """Return the causes, most basic first.

    Args:
        namespace: What the cluster reports.
        only: The names of the workloads in question. Default: all of kubeauth's.
        ask: How to ask the pods. Default: they are not asked.
        keys: The keys of configuration that the project declares. Default: kubeauth's own.
        replicas: How many pods the program gives each of its workloads, by kind and name; one of these that is no
            component's is in question, too. Default: what the cluster has is meant.
    """
    advice = Advice(keys)
    meant = replicas or {}
    own = [item for item in namespace.workloads() if only is None or item["metadata"]["name"] in only]
    others = [item for item in namespace.all_workloads() if named(item) in meant and item not in own]
    pending = [item for item in (*own, *others) if not complete(item)]
    found = [*_selectors(namespace), *_failed_claims(namespace, advice), *_resizes(namespace)]
    found += _away(namespace, meant)
    found += [
        cause
        for job in namespace.jobs()
        if only is None or job["metadata"]["name"] in only
        for cause in _failed_job(namespace, job, ask)
    ]
    for workload in pending:
        component = _component(workload)
        found += _refused(namespace, workload)
        found += _claims(namespace, workload, advice)
        for pod in namespace.pods(workload):
            found += pod_causes.find(namespace, pod, component, ask, advice)
    # A service may wait for another one that is still starting, or that comes after a Job.
    starting = any(_starting(namespace, item) for item in (*namespace.workloads(), *pending) if not complete(item))
    if starting or any(map(_works, namespace.jobs())):
        found = [cause.patient() if cause.rank >= READINESS else cause for cause in found]
    return sorted(set(found))


def going(item: Object) -> Cause | None:
    """That a Namespace is being deleted, and what keeps it; None where it is not."""
    if item.get("status", {}).get("phase") != "Terminating":
        return None
    name = item["metadata"]["name"]
    told = [entry for entry in item.get("status", {}).get("conditions", []) if entry.get("status") == "True"]
    seen = "; ".join(" ".join(entry.get("message", "").split()) for entry in told)
    fix = "wait until it is gone, then deploy again"
    if any(entry["type"] == "NamespaceDeletionDiscoveryFailure" for entry in told):
        fix = "an API of the cluster does not answer: kubectl get apiservices; mend or delete what is not available"
    elif told:
        fix = f"what is left in it: kubectl -n {name} get all,pvc; a finalizer waits for its controller"
    return Cause(GONE, f"namespace {name} is being deleted, with everything in it", seen, fix, NEVER)


def _away(namespace: Namespace, replicas: Mapping[Named, int]) -> Iterator[Cause]:
    """Workloads that somebody deleted, or scaled to nothing."""
    there = {named(item): item for item in namespace.all_workloads()}
    for (kind, name), meant in replicas.items():
        if not namespace.knows(kind):
            continue
        item = there.get((kind, name))
        if item is None:
            what = f"{kind} {name} is in the stack's state and not in the cluster: somebody deleted it"
            yield Cause(GONE, what, "", "make repair brings the state in line, then make up makes it again", NEVER)
        elif meant and not item["spec"].get("replicas", 1):
            what = f"{kind} {name} is scaled to 0, the program says {meant}: no pod runs"
            fix = f"kubectl -n {namespace.name} scale {kind.lower()}/{name} --replicas={meant}"
            yield Cause(SCALED, what, "", fix, NEVER)


def _failed_job(namespace: Namespace, job: Object, ask: Questions | None) -> Iterator[Cause]:
    """That a Job gave up: Pulumi would wait for it until its time is over."""
    failed = condition(job, "Failed")
    if failed.get("status") != "True":
        return
    name, seen = job["metadata"]["name"], " ".join(failed.get("message", "").split())
    if ask and (pods := namespace.pods(job)):
        lines = ask.logs(pods[-1]["metadata"]["name"], pods[-1]["spec"]["containers"][0]["name"]).splitlines()
        seen = next((line for line in reversed(lines) if line.startswith("error: ")), seen)
    fix = "change what the line above names; the next make up makes the Job anew"
    yield Cause(CRASH, f"Job {name} failed", seen, fix, 0)


def _works(job: Object) -> bool:
    return not any(condition(job, end).get("status") == "True" for end in ("Complete", "Failed"))


def _starting(namespace: Namespace, workload: Object) -> bool:
    return not any(started(pod) for pod in namespace.pods(workload))


def _component(workload: Object) -> str:
    """The prefix of the configuration keys of a workload's component; empty where it is of no component."""
    labels = workload["metadata"].get("labels", {})
    component = labels.get("app.kubernetes.io/component", "") if PART_OF.items() <= labels.items() else ""
    if component == "database" and workload["metadata"]["name"].endswith("-vtgate"):
        component = "vtgate"
    return _PREFIXES.get(component, component)


def _refused(namespace: Namespace, workload: Object) -> Iterator[Cause]:
    failure = condition(workload, "ReplicaFailure")
    told = [failure.get("message", "")] if failure.get("status") == "True" else []
    # A StatefulSet has no such condition: only its events say so, the last one as long as pods are missing.
    if workload["kind"] == "StatefulSet" and len(namespace.pods(workload)) < workload["spec"].get("replicas", 1):
        told += namespace.events(workload, "FailedCreate")[-1:]
    if not told:
        return
    name, message = workload["metadata"]["name"], told[-1]
    if "violates PodSecurity" in message:
        what = f"the pods of {name} are refused: the namespace enforces Pod Security and the pod breaks it"
        yield Cause(
            REFUSED, what, message, "change in the pod what the line above names; do not weaken the namespace", 5
        )
    elif "exceeded quota" in message:
        what = f"the pods of {name} are refused: the namespace's quota is used up"
        yield Cause(REFUSED, what, message, "raise the ResourceQuota, or ask for less", 15)
    else:
        yield Cause(REFUSED, f"the pods of {name} are refused", message, "change what the line above names", 15)


def _claims(namespace: Namespace, workload: Object, advice: Advice) -> Iterator[Cause]:
    for volume in workload["spec"]["template"]["spec"].get("volumes", []):
        name = volume.get("persistentVolumeClaim", {}).get("claimName")
        claim = namespace.claim(name) if name else None
        if not name or not namespace.knows("PersistentVolumeClaim"):
            continue
        if claim is None:
            yield Cause(CLAIM, f"volume claim {name} does not exist", "", "make up creates it", 30)
        elif (phase := claim.get("status", {}).get("phase")) == "Lost":
            fix = f"kubectl -n {namespace.name} describe pvc {name}; the data is where that volume was"
            yield Cause(CLAIM, f"volume claim {name} has lost its volume", "", fix, 30)
        elif phase != "Bound":
            yield _unbound(namespace, claim, advice)


def _failed_claims(namespace: Namespace, advice: Advice) -> Iterator[Cause]:
    """Claims whose Deployment does not exist yet, because Pulumi waits for the claim first."""
    for claim in namespace.claims():
        if claim.get("status", {}).get("phase") != "Bound" and namespace.events(claim, *_NO_VOLUME):
            yield _unbound(namespace, claim, advice)


def _unbound(namespace: Namespace, claim: Object, advice: Advice) -> Cause:
    name, wanted = claim["metadata"]["name"], claim["spec"].get("storageClassName")
    what = f"volume claim {name} gets no volume from storage class {wanted or '(the default one)'}"
    warnings = namespace.events(claim, *_NO_VOLUME)
    others = namespace.events(claim, "ExternalProvisioning", "WaitForFirstConsumer")
    other = advice.set("mysql", "StorageClass", "<class>")
    fix = (
        f"name one that the cluster has (kubectl get storageclasses): {other};\n"
        f"       a claim keeps its class for life; this one is empty: kubectl -n {namespace.name} delete pvc {name}"
    )
    return Cause(CLAIM, what, (warnings or others or ["pending"])[-1], fix, 20 if warnings else 60)


def _resizes(namespace: Namespace) -> Iterator[Cause]:
    """Claims that asked for more and did not get it."""
    for claim in namespace.claims():
        asked = claim["spec"].get("resources", {}).get("requests", {}).get("storage", "")
        has = claim.get("status", {}).get("capacity", {}).get("storage", "")
        if not has or (quantity(asked) or 0) <= (quantity(has) or 0):
            continue
        name, told = claim["metadata"]["name"], claim.get("status", {}).get("conditions", [])
        seen = [*namespace.events(claim, *_NO_RESIZE), *(entry.get("message", "") for entry in told)]
        fix = "its storage class has to grow volumes (allowVolumeExpansion, and a driver that does it)"
        if any(entry.get("type") == "FileSystemResizePending" for entry in told):
            fix = "its file system grows when its pod starts again: kubectl rollout restart"
        yield Cause(RESIZE, f"volume claim {name} asked for {asked} and has {has}", (seen or [""])[-1], fix, NEVER)


def _belongs(item: Object) -> tuple[str, ...]:
    """What an object is of: a component's part."""
    labels = item["metadata"].get("labels", {})
    return tuple(labels.get(f"app.kubernetes.io/{key}", "") for key in ("instance", "component"))


def _selectors(namespace: Namespace) -> Iterator[Cause]:
    """Services that no workload's pods can match, whether there are pods or not."""
    if not all(map(namespace.knows, WORKLOADS)):
        return
    made = [item["spec"]["template"] for item in namespace.all_workloads()] + namespace.of("Pod")
    templates = [item["metadata"].get("labels", {}) for item in made]
    # One whose workload is not made yet waits for it: of a cluster, Pulumi makes the gateways last.
    there = {_belongs(item) for item in namespace.all_workloads()}
    for service in namespace.of("Service"):
        selector, labels = service["spec"].get("selector"), service["metadata"].get("labels", {})
        if labels.get("app.kubernetes.io/part-of") != "kubeauth" or not selector or _belongs(service) not in there:
            continue
        if not any(selector.items() <= template.items() for template in templates):
            name, wanted = service["metadata"]["name"], ",".join(f"{key}={value}" for key, value in selector.items())
            what = f"Service {name} selects no pod: no workload of the namespace makes pods with its labels"
            fix = "make the Service's selector and the pods' labels equal"
            yield Cause(SELECTOR, what, f"selector: {wanted}", fix, 20)
