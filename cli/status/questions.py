"""What Pulumi and the cluster are asked, with a reader's rights: each by itself, so that one refusal hides no other."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..preview.model import lookup
from ..stack import Stack, guard
from .asking import Clock

#: Where a namespace's lists are, by the kind of their items.
LISTS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Pod": "/api/v1/namespaces/{}/pods",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Service": "/api/v1/namespaces/{}/services",
    "Event": "/api/v1/namespaces/{}/events",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
}
VERSION, HOME, TAG, HISTORY = "the cluster's version", "kube-system", "the stack's tags", "the last change"
OF_STACK = (TAG, HISTORY)
NAMESPACE, CERTIFICATE = "Namespace", "certificate"
#: Volumes that hold a certificate, by their names.
_CERTIFICATES = re.compile(r"\b(tls|certs?|certificates?)\b")


class Question(NamedTuple):
    """What is asked for, and where."""

    what: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Return it as people say it."""
        what = {NAMESPACE: "the namespace", CERTIFICATE: f"the certificate in Secret {self.name}"}.get(self.what)
        what = what or (f"{self.what}s" if self.what in LISTS else self.what)
        return f"{what} of {self.namespace}" if self.namespace else what


Ask = Callable[[], Any]


def of_stack(stack: Stack, clock: Clock) -> dict[Question, Ask]:
    """The questions about the stack itself: files answer where the state is in files, else Pulumi."""
    if (files := stack.files) and not files.compressed():
        return {Question(HISTORY): files.last_change, Question(TAG): lambda: files.tags().get(guard.TAG, "")}

    def history() -> tuple[dict[str, Any], str]:
        listed = ("pulumi", "stack", "history", "--json", "--page-size", "1", "--page", "1")
        return (json.loads(_said(stack, clock, *listed) or "[]") or [{}])[0], ""

    def tag() -> str:
        listed = _said(stack, clock, "pulumi", "stack", "tag", "ls", "--json")
        return (json.loads(listed or "{}") or {}).get(guard.TAG, "")

    return {Question(HISTORY): history, Question(TAG): tag}


def of_cluster(stack: Stack, resources: list[dict[str, Any]], clock: Clock) -> dict[Question, Ask]:
    """The questions about what the stack has, for the cluster.

    Args:
        stack: The stack.
        resources: What its state lists.
        clock: How long they may take.
    """
    found: dict[Question, Ask] = {
        Question(VERSION): _raw(stack, clock, "/version"),
        Question(HOME): _raw(stack, clock, "/api/v1/namespaces/kube-system"),
    }
    for namespace in namespaces(resources):
        found[Question(NAMESPACE, namespace)] = _raw(stack, clock, f"/api/v1/namespaces/{namespace}")
        found |= lists(stack, clock, namespace, LISTS)
    for namespace, name in sorted(certificates(resources)):
        found[Question(CERTIFICATE, namespace, name)] = lambda where=(namespace, name): _public(stack, clock, *where)
    return found


def lists(stack: Stack, clock: Clock, namespace: str, paths: Mapping[str, str]) -> dict[Question, Ask]:
    """The questions for a namespace's objects; `paths` has the form of LISTS."""
    return {Question(kind, namespace): _raw(stack, clock, path.format(namespace), kind) for kind, path in paths.items()}


def _raw(stack: Stack, clock: Clock, path: str, only: str = "") -> Ask:
    def ask() -> Any:
        answer = json.loads(_kubectl(stack, clock, "get", "--raw", path))
        return [{**item, "kind": only} for item in answer.get("items") or []] if only else answer

    return ask


def namespaces(resources: Iterable[dict[str, Any]]) -> list[str]:
    """The namespaces in which a stack has objects."""
    return sorted({namespace for item in resources if (namespace := str(item.get("id") or "").rpartition("/")[0])})


def certificates(resources: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """The namespace and name of each Secret with a certificate that the stack uses: in pods, Ingresses, or its own."""
    found: set[tuple[str, str]] = set()
    for item in resources:
        inputs = item.get("inputs")
        namespace, _, name = str(item.get("id") or "").rpartition("/")
        if not isinstance(inputs, dict):
            continue
        names = [name] if inputs.get("type") == "kubernetes.io/tls" else []
        if inputs.get("kind") == "Ingress":
            names += [entry.get("secretName") for entry in lookup(inputs, "spec", "tls") or []]
        for volume in lookup(inputs, "spec", "template", "spec", "volumes") or []:
            if _CERTIFICATES.search(str(volume.get("name"))):
                sources = lookup(volume, "projected", "sources") or []
                names += [lookup(source, "secret", "name") for source in sources]
                names.append(lookup(volume, "secret", "secretName"))
        found |= {(namespace, name) for name in names if isinstance(name, str) and name}
    return found


def _public(stack: Stack, clock: Clock, namespace: str, name: str) -> str:
    """A Secret's certificate, which every client of the server sees; nothing else of the Secret leaves kubectl."""
    only = ("--ignore-not-found", "--output", r"jsonpath={.data.tls\.crt}")
    said = _kubectl(stack, clock, "get", "secret", name, "--namespace", namespace, *only)
    return base64.b64decode(said).decode("ascii", "replace")


def log(stack: Stack, clock: Clock, namespace: str, what: str, container: str = "") -> Ask:
    """The question for the end of a log: of one container of a pod, or of all those of a Job, `job/<name>`."""
    which = ("--container", container) if container else ("--all-containers",)
    return lambda: _kubectl(stack, clock, "logs", what, "--namespace", namespace, *which, "--tail", "200")


def _kubectl(stack: Stack, clock: Clock, *arguments: str) -> str:
    seconds = clock.left()
    return _said(stack, clock, "kubectl", *arguments, "--request-timeout", f"{max(1, int(seconds))}s")


def _said(stack: Stack, clock: Clock, *command: str) -> str:
    return stack.run(*command, seconds=clock.left(), check=True).stdout
