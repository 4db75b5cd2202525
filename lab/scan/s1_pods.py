"""S1: pods are "restricted": the namespace enforces it, every pod of every stack passes, bad pods are refused."""

import copy
import json
from typing import Any

from cli.console import Problem
from components.namespace import POD_SECURITY_VERSION
from policy import pod_security
from policy.workloads import Pod, Resource, pod_of

from . import Check, Result
from .live import IMAGE, STACKS, Live, rendered

#: The checks of k8s.io/pod-security-admission; policy/pod_security.py says how its functions cover them.
UPSTREAM_CHECKS = 18

GOOD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "scan-pod"},
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10002, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": IMAGE,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
            }
        ],
    },
}
#: What makes a pod bad: a path below `spec`, and the value there.
BAD: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "privileged": (("containers", 0, "securityContext", "privileged"), True),
    "host network": (("hostNetwork",), True),
    "host processes": (("hostPID",), True),
    "host path": (("volumes",), [{"name": "host", "hostPath": {"path": "/"}}]),
    "host port": (("containers", 0, "ports"), [{"containerPort": 80, "hostPort": 80}]),
    "root": (("securityContext", "runAsUser"), 0),
    "not sure to be non-root": (("securityContext", "runAsNonRoot"), False),
    "privilege escalation": (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
    "capabilities kept": (("containers", 0, "securityContext", "capabilities"), {"add": ["SYS_ADMIN"]}),
    "no seccomp": (("securityContext", "seccompProfile"), {"type": "Unconfined"}),
}


def bad_pods() -> dict[str, dict[str, Any]]:
    """The good pod with one thing wrong, by what is wrong."""
    pods = {}
    for name, (path, value) in BAD.items():
        pod = copy.deepcopy(GOOD)
        place: Any = pod["spec"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        # The API server itself refuses this pair, before Pod Security sees it.
        if name == "privileged":
            place["allowPrivilegeEscalation"] = True
        pods[name] = pod
    return pods


def refused(live: Live) -> dict[str, str]:
    """Try to create each bad pod; return what is not refused by Pod Security, with what the API server said.

    Raises:
        Problem: The good pod is refused: then refusals prove nothing.
    """
    dry = ("create", "--dry-run=server", "--filename", "-")
    done = live.kubectl(*dry, text=json.dumps(GOOD))
    if done.returncode:
        raise Problem(f"the API server refuses the good pod: {done.stderr.strip()}")
    wanted = f'violates PodSecurity "restricted:{POD_SECURITY_VERSION}"'
    wrong = {}
    for name, pod in bad_pods().items():
        done = live.kubectl(*dry, text=json.dumps(pod))
        if not done.returncode or wanted not in done.stderr:
            wrong[name] = (done.stdout + done.stderr).strip()
    return wrong


def labels(live: Live) -> list[str]:
    """What the namespace does not enforce."""
    given = live.get("namespace", live.namespace)["metadata"]["labels"]
    wanted = {"enforce": "restricted", "enforce-version": POD_SECURITY_VERSION}
    keys = {f"pod-security.kubernetes.io/{key}": value for key, value in wanted.items()}
    return [f"namespace label {key} is {given.get(key)}" for key, value in keys.items() if given.get(key) != value]


def specs(live: Live) -> dict[str, dict[str, Any]]:
    """The pods of all stacks, as plain Pods, by stack and name."""
    found: dict[str, dict[str, Any]] = {}
    for name, manifests in rendered(live.tools).items():
        for manifest in manifests:
            pod = pod_of(Resource(manifest["kind"], manifest))
            if pod:
                found[f"{name} {manifest['metadata']['name']}"] = {"metadata": pod.metadata, "spec": pod.spec}
    return found


def accepted(live: Live, pods: dict[str, dict[str, Any]]) -> list[str]:
    """What the project's own checks and the live API server have against these pods."""
    wrong = []
    for name, pod in pods.items():
        wrong += [f"{name}: {finding.path} {finding.problem}" for finding in _findings(pod)]
        labels = pod["metadata"].get("labels", {})
        body = {**GOOD, "metadata": {"name": "scan-pod", "labels": labels}, "spec": pod["spec"]}
        done = live.kubectl("create", "--dry-run=server", "--filename", "-", text=json.dumps(body))
        if done.returncode:
            wrong.append(f"{name}: the API server says {done.stderr.strip()}")
    return wrong


def _findings(pod: dict[str, Any]) -> list[Any]:
    return list(pod_security.restricted(Pod("", pod["metadata"], pod["spec"])))


def run(live: Live) -> Result:
    """Check the namespace, the pods of all stacks and the bad pods."""
    pods = specs(live)
    wrong = [*labels(live), *accepted(live, pods)]
    passing = refused(live)
    wrong += [f"not refused: {name}: {said}" for name, said in passing.items()]
    count = len(bad_pods())
    each = f"{UPSTREAM_CHECKS}/{UPSTREAM_CHECKS} checks" if not wrong else f"{len(wrong)} findings"
    figure = f"{each}: {len(pods)} pod specs of {len(STACKS)} stacks, here and by the API server"
    rows = [["bad pod", "the API server"], *([name, "accepts" if name in passing else "refuses"] for name in BAD)]
    return Result(f"{figure}; {count - len(passing)}/{count} bad pods refused", not wrong, wrong, rows)


CHECK = Check("S1", 'Pod Security "restricted", version pinned', "18/18, 10/10", run)
