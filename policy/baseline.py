"""The checks of Pod Security's level "baseline", as of Kubernetes 1.34, that "restricted" leaves as they are."""

from collections.abc import Callable, Iterator
from typing import Any

from .values import UNKNOWN, elements, get, shown
from .workloads import Finding, Pod

#: The kernel settings that reach no further than the pod.
SYSCTLS = (
    "kernel.shm_rmid_forced",
    *(f"net.ipv4.{name}" for name in ("ip_local_port_range", "ip_local_reserved_ports", "ip_unprivileged_port_start")),
    *(f"net.ipv4.{name}" for name in ("ping_group_range", "tcp_syncookies", "tcp_fin_timeout")),
    *(f"net.ipv4.tcp_{name}" for name in ("keepalive_time", "keepalive_intvl", "keepalive_probes", "rmem", "wmem")),
)
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
PROFILES = ("RuntimeDefault", "Localhost")
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
HANDLERS = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)

Check = Callable[[Pod], Iterator[Finding]]


def known(value: Any) -> bool:
    """Return whether a value is there and known."""
    return value is not None and value is not UNKNOWN


def contexts(pod: Pod) -> Iterator[tuple[str, Any]]:
    """Yield the security contexts of a pod and of its containers, with their paths."""
    yield f"{pod.path}spec.securityContext", get(pod.spec, "securityContext")
    for container in pod.containers():
        yield f"{container.path}.securityContext", get(container.spec, "securityContext")


def privileged(pod: Pod) -> Iterator[Finding]:
    """No container has the host's rights."""
    for path, context in contexts(pod):
        if get(context, "privileged") is True:
            yield Finding(f"{path}.privileged", "is true", "remove it")


def host_namespaces(pod: Pod) -> Iterator[Finding]:
    """No pod is in the host's network, process or IPC namespace."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if get(pod.spec, key) is True:
            yield Finding(f"{pod.path}spec.{key}", "is true", "remove it")


def host_ports(pod: Pod) -> Iterator[Finding]:
    """No container takes a port of the node."""
    for container in pod.containers():
        for number, port in enumerate(elements(get(container.spec, "ports"))):
            host_port = get(port, "hostPort")
            if known(host_port) and host_port != 0:
                path = f"{container.path}.ports[{number}].hostPort"
                yield Finding(path, f"is {int(host_port)}", "remove it and use a Service")


def probe_hosts(pod: Pod) -> Iterator[Finding]:
    """Probes and lifecycle hooks go to their own pod."""
    for container in pod.containers():
        for handler in HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                host = get(container.spec, *handler, action, "host")
                if known(host) and host != "":
                    path = ".".join((container.path, *handler, action, "host"))
                    yield Finding(path, f"is {shown(host)}", "remove it; the pod itself is asked then")


def app_armor(pod: Pod) -> Iterator[Finding]:
    """AppArmor stays on."""
    for path, context in contexts(pod):
        kind = get(context, "appArmorProfile", "type")
        if known(kind) and kind not in PROFILES:
            yield Finding(f"{path}.appArmorProfile.type", f"is {shown(kind)}", "remove it, or use RuntimeDefault")
    annotations = get(pod.metadata, "annotations")
    for key, value in annotations.items() if isinstance(annotations, dict) else ():
        allowed = value is UNKNOWN or value in ("", None, "runtime/default") or str(value).startswith("localhost/")
        if key.startswith(APPARMOR_ANNOTATION) and not allowed:
            yield Finding(f"{pod.path}metadata.annotations[{key}]", f"is {shown(value)}", "remove it")


def se_linux(pod: Pod) -> Iterator[Finding]:
    """SELinux keeps the types meant for containers; users and roles are not set."""
    for path, context in contexts(pod):
        options = get(context, "seLinuxOptions")
        kind = get(options, "type")
        if known(kind) and kind not in SELINUX_TYPES:
            yield Finding(f"{path}.seLinuxOptions.type", f"is {shown(kind)}", "remove it, or use container_t")
        for key in ("user", "role"):
            value = get(options, key)
            if known(value) and value != "":
                yield Finding(f"{path}.seLinuxOptions.{key}", f"is {shown(value)}", "remove it")


def proc_mount(pod: Pod) -> Iterator[Finding]:
    """/proc stays masked."""
    for path, context in contexts(pod):
        value = get(context, "procMount")
        if known(value) and value != "Default":
            yield Finding(f"{path}.procMount", f"is {shown(value)}", "remove it")


def sysctls(pod: Pod) -> Iterator[Finding]:
    """Kernel settings are those that reach no further than the pod."""
    for sysctl in elements(get(pod.spec, "securityContext", "sysctls")):
        name = get(sysctl, "name")
        if known(name) and name not in SYSCTLS:
            yield Finding(f"{pod.path}spec.securityContext.sysctls[{name}]", "is not a safe sysctl", "remove it")


def windows_host_process(pod: Pod) -> Iterator[Finding]:
    """No container is a process of a Windows node."""
    for path, context in contexts(pod):
        if get(context, "windowsOptions", "hostProcess") is True:
            yield Finding(f"{path}.windowsOptions.hostProcess", "is true", "remove it")


CHECKS: tuple[Check, ...] = (
    privileged,
    host_namespaces,
    host_ports,
    probe_hosts,
    app_armor,
    se_linux,
    proc_mount,
    sysctls,
    windows_host_process,
)
