"""Which Kubernetes resources have pods, and where the pod's specification lies in each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .values import UNKNOWN, elements, get

_POD, _TEMPLATE, _CRON = (), ("spec", "template"), ("spec", "jobTemplate", "spec", "template")
#: Where a kind has its pod, by kind. Patches and lists are no workloads of their own.
_PODS = {
    "Pod": _POD,
    "CronJob": _CRON,
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"), _TEMPLATE
    ),
}
#: Kubernetes' own groups; other groups have kinds of the same names with other contents.
_TOKEN = re.compile(r"kubernetes:(?:apps|batch|core|extensions|networking\.k8s\.io)/[^:]+:(\w+)")


class Finding(NamedTuple):
    """One thing that a rule does not allow."""

    path: str
    """Where, for example `spec.template.spec.containers[web].image`; empty for the whole object."""
    problem: str
    """What is wrong there, for example `is 'nginx', which has no tag`."""
    fix: str
    """What to do about it."""

    def text(self, resource: "Resource") -> str:
        """Return the finding as people read it."""
        where = f"{resource.kind} {resource.title}"
        return f"{where}: {' '.join(filter(None, (self.path, self.problem)))}. Fix: {self.fix}."


class Container(NamedTuple):
    """A container of a pod."""

    path: str
    kind: str
    """`containers`, `initContainers` or `ephemeralContainers`."""
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource of Kubernetes."""

    kind: str
    properties: Mapping[str, Any]
    urn: str = ""

    @property
    def name(self) -> Any:
        """The name, or UNKNOWN."""
        return get(self.properties, "metadata", "name")

    @property
    def namespace(self) -> Any:
        """The namespace, or UNKNOWN."""
        return get(self.properties, "metadata", "namespace") or "default"

    @property
    def title(self) -> str:
        """`<namespace>/<name>`, for messages and for lists of exceptions."""
        parts = (self.name,) if self.kind == "Namespace" else (self.namespace, self.name)
        return "/".join("(not known yet)" if part is UNKNOWN else str(part) for part in parts)


@dataclass(frozen=True)
class Pod:
    """The pod of a workload."""

    path: str
    """What precedes the pod's properties, for example `spec.template.`."""
    metadata: Any
    spec: Any

    def containers(self) -> Iterator[Container]:
        """Yield all known containers, of all three kinds."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for number, container in enumerate(elements(get(self.spec, kind))):
                name = get(container, "name")
                label = number if name in (None, UNKNOWN) else name
                yield Container(f"{self.path}spec.{kind}[{label}]", kind, container)


def kubernetes(token: str, properties: Mapping[str, Any], urn: str = "") -> Resource | None:
    """Return a resource of Kubernetes' own groups, None for any other resource.

    Args:
        token: Its type, for example `kubernetes:apps/v1:Deployment`.
        properties: Its properties.
        urn: Its URN.
    """
    match = _TOKEN.fullmatch(token)
    return Resource(match[1], properties, urn) if match else None


def pod_of(resource: Resource) -> Pod | None:
    """Return a workload's pod, None for a resource that has none."""
    keys = _PODS.get(resource.kind)
    if keys is None:
        return None
    template = get(resource.properties, *keys)
    return Pod("".join(f"{key}." for key in keys), get(template, "metadata"), get(template, "spec"))
