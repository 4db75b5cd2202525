"""Pod Security "restricted" of Kubernetes 1.34, the version that AppNamespace enforces.

The 18 checks of k8s.io/pod-security-admission are 15 here and in baseline.py: three of the level "baseline" (hostPath,
seccomp, capabilities) are contained in those of "restricted" on the same fields. What is not known yet is not judged.
"""

from collections.abc import Callable, Iterator
from typing import Any

from . import baseline
from .baseline import PROFILES, contexts, known
from .values import UNKNOWN, elements, get, shown
from .workloads import Finding, Pod

#: The volumes that a pod may use.
VOLUMES = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
)


def for_windows(pod: Pod) -> bool:
    """Return whether the pod runs on Windows, where three of the checks mean nothing."""
    return get(pod.spec, "os", "name") == "windows"


def volumes(pod: Pod) -> Iterator[Finding]:
    """Volumes are of the kinds that reach neither the host nor storage past the cluster's own; hostPath is not."""
    for number, volume in enumerate(elements(get(pod.spec, "volumes"))):
        kinds = {key: value for key, value in volume.items() if key != "name" and value is not None}
        # Without a kind it is an emptyDir.
        if kinds and not set(kinds) & set(VOLUMES) and not any(value is UNKNOWN for value in kinds.values()):
            name = get(volume, "name")
            path = f"{pod.path}spec.volumes[{name if isinstance(name, str) else number}]"
            yield Finding(
                path, f"is {next(iter(kinds))}", "use a persistentVolumeClaim, or another of: " + ", ".join(VOLUMES)
            )


def capabilities(pod: Pod) -> Iterator[Finding]:
    """Containers drop all capabilities, and add at most the one for ports below 1024."""
    for container in pod.containers() if not for_windows(pod) else ():
        path = f"{container.path}.securityContext.capabilities"
        dropped = get(container.spec, "securityContext", "capabilities", "drop")
        if dropped is not UNKNOWN and not {"ALL", UNKNOWN} & set(dropped or ()):
            yield Finding(f"{path}.drop", "has no ALL", 'set it to ["ALL"]')
        for capability in elements(get(container.spec, "securityContext", "capabilities", "add")):
            if capability != "NET_BIND_SERVICE":
                yield Finding(f"{path}.add", f"has {shown(capability)}", "remove it; only NET_BIND_SERVICE is allowed")


def privilege_escalation(pod: Pod) -> Iterator[Finding]:
    """No process of a container gets more rights than the container's first one."""
    for container in pod.containers() if not for_windows(pod) else ():
        if get(container.spec, "securityContext", "allowPrivilegeEscalation") not in (False, UNKNOWN):
            path = f"{container.path}.securityContext.allowPrivilegeEscalation"
            yield Finding(path, "is not false", "set it to false")


def non_root(pod: Pod) -> Iterator[Finding]:
    """Containers are refused when their image would run them as root."""
    yield from _each(
        pod, ("runAsNonRoot",), lambda value: value is True, "is not true", "set it to true there or for the pod"
    )


def user(pod: Pod) -> Iterator[Finding]:
    """Nothing runs as user 0."""
    for path, context in contexts(pod):
        value = get(context, "runAsUser")
        if known(value) and value == 0:
            yield Finding(f"{path}.runAsUser", "is 0, which is root", "set another one, 10000 or more")


def seccomp(pod: Pod) -> Iterator[Finding]:
    """System calls are filtered."""
    if for_windows(pod):
        return
    fix = "set it to RuntimeDefault there or for the pod"
    yield from _each(
        pod, ("seccompProfile", "type"), PROFILES.__contains__, "is neither RuntimeDefault nor Localhost", fix
    )


def _each(pod: Pod, keys: tuple[str, ...], allowed: Callable[[Any], bool], problem: str, fix: str) -> Iterator[Finding]:
    """What a container inherits from its pod: wrong where it is set wrong, and where neither of them sets it."""
    for_pod = get(pod.spec, "securityContext", *keys)
    if known(for_pod) and not allowed(for_pod):
        yield Finding(".".join((f"{pod.path}spec.securityContext", *keys)), problem, fix)
    for container in pod.containers():
        value = get(container.spec, "securityContext", *keys)
        if (value is None and for_pod is None) or (known(value) and not allowed(value)):
            yield Finding(".".join((container.path, "securityContext", *keys)), problem, fix)


CHECKS = (*baseline.CHECKS, volumes, capabilities, privilege_escalation, non_root, user, seccomp)


def restricted(pod: Pod) -> Iterator[Finding]:
    """Yield what "restricted" does not allow."""
    for check in CHECKS:
        yield from check(pod)
