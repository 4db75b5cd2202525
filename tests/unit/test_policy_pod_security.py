"""Each check of Pod Security "restricted" on plain data: the field it names, and what it leaves alone."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest

from policy import pod_security
from policy.values import UNKNOWN
from policy.workloads import Finding, Pod

GOOD_CONTAINER: dict[str, Any] = {
    "name": "web",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
GOOD_SPEC: dict[str, Any] = {
    "containers": [GOOD_CONTAINER],
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}
POD = "spec.securityContext"
WEB = "spec.containers[web]"
CONTEXT = f"{WEB}.securityContext"


def merged(base: Any, change: Any) -> Any:
    """`base` with `change` put in; lists element by element, None removes."""
    if isinstance(base, dict) and isinstance(change, dict):
        result = {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
        return {key: value for key, value in result.items() if value is not None}
    if isinstance(base, list) and isinstance(change, list):
        pairs = [merged(old, new) for old, new in zip(base, change, strict=False)]
        return pairs + base[len(change) :] + change[len(base) :]
    return change


def pod(spec: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None) -> Pod:
    return Pod("", metadata or {}, merged(deepcopy(GOOD_SPEC), spec or {}))


def paths(findings: Iterable[Finding]) -> list[str]:
    return [finding.path for finding in findings]


def context(**values: Any) -> dict[str, Any]:
    return {"containers": [{"securityContext": values}]}


# One line per field of each upstream check that can be wrong.
REFUSED = [
    (context(privileged=True), f"{CONTEXT}.privileged"),
    ({"hostNetwork": True}, "spec.hostNetwork"),
    ({"hostPID": True}, "spec.hostPID"),
    ({"hostIPC": True}, "spec.hostIPC"),
    ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "spec.volumes[v]"),
    ({"volumes": [{"name": "v", "nfs": {"server": "s"}}]}, "spec.volumes[v]"),
    ({"containers": [{"ports": [{"containerPort": 80}, {"hostPort": 80.0}]}]}, f"{WEB}.ports[1].hostPort"),
    ({"containers": [{"livenessProbe": {"httpGet": {"host": "a"}}}]}, f"{WEB}.livenessProbe.httpGet.host"),
    ({"containers": [{"readinessProbe": {"tcpSocket": {"host": "a"}}}]}, f"{WEB}.readinessProbe.tcpSocket.host"),
    ({"containers": [{"startupProbe": {"httpGet": {"host": "a"}}}]}, f"{WEB}.startupProbe.httpGet.host"),
    (
        {"containers": [{"lifecycle": {"preStop": {"httpGet": {"host": "a"}}}}]},
        f"{WEB}.lifecycle.preStop.httpGet.host",
    ),
    (
        {"containers": [{"lifecycle": {"postStart": {"tcpSocket": {"host": "a"}}}}]},
        f"{WEB}.lifecycle.postStart.tcpSocket.host",
    ),
    ({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, f"{POD}.appArmorProfile.type"),
    (context(appArmorProfile={"type": "Unconfined"}), f"{CONTEXT}.appArmorProfile.type"),
    ({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, f"{POD}.seLinuxOptions.type"),
    (context(seLinuxOptions={"user": "u"}), f"{CONTEXT}.seLinuxOptions.user"),
    (context(seLinuxOptions={"role": "r"}), f"{CONTEXT}.seLinuxOptions.role"),
    (context(procMount="Unmasked"), f"{CONTEXT}.procMount"),
    ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, f"{POD}.sysctls[kernel.msgmax]"),
    (context(windowsOptions={"hostProcess": True}), f"{CONTEXT}.windowsOptions.hostProcess"),
    ({"securityContext": {"windowsOptions": {"hostProcess": True}}}, f"{POD}.windowsOptions.hostProcess"),
    (context(capabilities={"drop": ["CHOWN"]}), f"{CONTEXT}.capabilities.drop"),
    (context(capabilities=None), f"{CONTEXT}.capabilities.drop"),
    (context(capabilities={"add": ["NET_BIND_SERVICE", "CHOWN"]}), f"{CONTEXT}.capabilities.add"),
    (context(allowPrivilegeEscalation=True), f"{CONTEXT}.allowPrivilegeEscalation"),
    (context(allowPrivilegeEscalation=None), f"{CONTEXT}.allowPrivilegeEscalation"),
    ({"securityContext": {"runAsNonRoot": False}}, f"{POD}.runAsNonRoot"),
    ({"securityContext": {"runAsNonRoot": None}}, f"{CONTEXT}.runAsNonRoot"),
    (context(runAsNonRoot=False), f"{CONTEXT}.runAsNonRoot"),
    ({"securityContext": {"runAsUser": 0.0}}, f"{POD}.runAsUser"),
    (context(runAsUser=0), f"{CONTEXT}.runAsUser"),
    ({"securityContext": {"seccompProfile": None}}, f"{CONTEXT}.seccompProfile.type"),
    ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, f"{POD}.seccompProfile.type"),
    (context(seccompProfile={"type": "Unconfined"}), f"{CONTEXT}.seccompProfile.type"),
]


@pytest.mark.parametrize(("change", "path"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_pod_security_names_the_field(change, path):
    assert paths(pod_security.restricted(pod(change))) == [path]


def test_each_check_has_a_refused_case():
    refusing = {check.__name__ for change, _ in REFUSED for check in pod_security.CHECKS if list(check(pod(change)))}
    by_annotation = {"app_armor"}
    assert refusing | by_annotation == {check.__name__ for check in pod_security.CHECKS}


@pytest.mark.parametrize("kind", ["initContainers", "ephemeralContainers"])
def test_pod_security_covers_every_kind_of_container(kind):
    assert paths(pod_security.restricted(pod({kind: [merged(GOOD_CONTAINER, {"name": "x", "image": "y"})]}))) == []
    found = paths(pod_security.restricted(pod({kind: [{"name": "x"}]})))
    assert found == [
        f"spec.{kind}[x].securityContext.capabilities.drop",
        f"spec.{kind}[x].securityContext.allowPrivilegeEscalation",
    ]


@pytest.mark.parametrize("value", ["unconfined", "other"])
def test_app_armor_annotations_are_checked(value):
    key = "container.apparmor.security.beta.kubernetes.io/web"
    refused = pod(metadata={"annotations": {key: value}})
    assert paths(pod_security.restricted(refused)) == [f"metadata.annotations[{key}]"]
    allowed = pod(metadata={"annotations": {key: "localhost/mine", "other": value}})
    assert paths(pod_security.restricted(allowed)) == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        context(privileged=False, procMount="Default", runAsUser=10001),
        context(capabilities={"add": ["NET_BIND_SERVICE"]}),
        {"volumes": [{"name": kind, kind: {}} for kind in pod_security.VOLUMES]},
        {"volumes": [{"name": "an emptyDir"}]},
        {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}},
        {"containers": [{"ports": [{"containerPort": 80, "hostPort": 0}], "livenessProbe": {"httpGet": {"port": 1}}}]},
        {"securityContext": {"seLinuxOptions": {"type": "container_t", "user": ""}}},
        # What only the pod sets is enough, and what only the containers set is, too.
        {"securityContext": None, **context(runAsNonRoot=True, seccompProfile={"type": "Localhost"})},
        {
            "os": {"name": "windows"},
            "securityContext": {"seccompProfile": None},
            **context(capabilities=None, allowPrivilegeEscalation=None),
        },
    ],
    ids=str,
)
def test_pod_security_allows_what_upstream_allows(change):
    assert list(pod_security.restricted(pod(change))) == []


@pytest.mark.parametrize(
    "unknown",
    [
        {"securityContext": UNKNOWN, "volumes": [UNKNOWN]},
        {"volumes": [{"name": "v", "hostPath": UNKNOWN}]},
        {"containers": UNKNOWN},
        {"containers": [UNKNOWN]},
        context(allowPrivilegeEscalation=UNKNOWN, capabilities=UNKNOWN, runAsUser=UNKNOWN, procMount=UNKNOWN),
        context(capabilities={"drop": [UNKNOWN]}),
    ],
    ids=str,
)
def test_what_is_unknown_is_not_judged(unknown):
    assert list(pod_security.restricted(pod(unknown))) == []


def test_what_is_known_beside_the_unknown_is_judged():
    found = pod_security.restricted(pod({"securityContext": UNKNOWN, **context(privileged=True, runAsUser=UNKNOWN)}))
    assert paths(found) == [f"{CONTEXT}.privileged"]
