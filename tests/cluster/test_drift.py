"""`make drift` finds what somebody changes on the cluster without Pulumi, and writes nothing."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from .conftest import System

pytestmark = pytest.mark.cluster

ANYWHERE = '[{"op": "add", "path": "/spec/ingress/0/from/-", "value": {"ipBlock": {"cidr": "0.0.0.0/0"}}}]'
INGRESS_ONLY = '[{"op": "replace", "path": "/spec/policyTypes", "value": ["Ingress"]}]'
ALLOW_ALL = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-all}
spec: {podSelector: {}, ingress: [{}], policyTypes: [Ingress]}
"""

#: What somebody does with kubectl, and a line of the report that must tell it.
KINDS = {
    "replicas": (
        "scale deployment/authenticate-deployment --replicas=2",
        "+     spec.replicas: 2",
    ),
    "a variable changed": (
        "set env deployment/authenticate-deployment DB_HOST=elsewhere:3306",
        "+     spec.template.spec.containers[authenticate-container].env[DB_HOST].value: elsewhere:3306",
    ),
    "a variable added": (
        "set env deployment/authenticate-deployment EXTRA=1",
        "+     spec.template.spec.containers[authenticate-container].env[EXTRA]:",
    ),
    "an image": (
        "set image deployment/authenticate-deployment authenticate-container=localhost/other:1",
        "+     spec.template.spec.containers[authenticate-container].image: localhost/other:1",
    ),
    "a limit": (
        "set resources deployment/authenticate-deployment --limits=memory=300Mi",
        "+     spec.template.spec.containers[authenticate-container].resources.limits.memory: 300Mi",
    ),
    "a Service's port": (
        'patch service mysqlauth-service --type=json -p [{"op":"replace","path":"/spec/ports/0/port","value":3307}]',
        "+     spec.ports[mysql].port: 3307",
    ),
    "a Service's type": (
        'patch service authenticate-service -p {"spec":{"type":"NodePort"}}',
        "+     spec.type: NodePort",
    ),
    "an annotation added": (
        "annotate service authenticate-service team=x",
        "+     metadata.annotations.team: x",
    ),
    "a label removed": (
        "label serviceaccount authenticate-account app.kubernetes.io/part-of-",
        '-     metadata.labels["app.kubernetes.io/part-of"]: kubeauth',
    ),
    "a service account's token": (
        'patch serviceaccount authenticate-account -p {"automountServiceAccountToken":true}',
        "+     automountServiceAccountToken: true",
    ),
    "Pod Security": (
        "label namespace production-cloud pod-security.kubernetes.io/enforce=privileged --overwrite",
        '+     metadata.labels["pod-security.kubernetes.io/enforce"]: privileged',
    ),
    "a NetworkPolicy deleted": (
        "delete networkpolicy authenticate-traffic",
        "- NetworkPolicy authenticate-traffic: deleted",
    ),
    "a NetworkPolicy without Egress": (
        f"patch networkpolicy production-cloud-default-deny --type=json -p {INGRESS_ONLY}",
        "-     spec.policyTypes[1]: Egress",
    ),
    "a NetworkPolicy for more networks": (
        f"patch networkpolicy mysqlauth-clients --type=json -p {ANYWHERE}",
        "+         cidr: 0.0.0.0/0",
    ),
    "a NetworkPolicy of somebody else": ("create -f -", "+ NetworkPolicy allow-all: not of this stack"),
    "a Secret": ("", "~     data.password: [secret] → [secret], another value"),
}


def kubectl(system: System, *arguments: str, stdin: str = "") -> str:
    return system.run("kubectl", "--namespace", "production-cloud", *arguments, stdin=stdin)


def drift(system: System, out: Path) -> tuple[dict[str, Any], str]:
    """What `make drift` says; it must leave every file of the checkout's own as it was."""
    before = files(system)
    done: subprocess.CompletedProcess[str] = system.make("drift", f"OUT={out}")
    assert files(system) == before
    said = json.loads((out / "dev.json").read_text())
    assert (done.returncode == 0) == (said["verdict"] == "ok"), done.stdout + done.stderr
    return said, (out / "dev.full.md").read_text()


def files(system: System) -> dict[str, str]:
    """The state and the configuration, by their content."""
    local = system.checkout / ".kubeauth"
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in local.rglob("*") if path.is_file()}


def replaced_secret(system: System) -> str:
    """Delete the immutable Secret of the clients and make it again, with another password."""
    (name,) = [
        item["metadata"]["name"]
        for item in system.get("secrets")["items"]
        if "-credentials-" in item["metadata"]["name"]
    ]
    secret = system.get("secret", name)
    secret["data"]["password"] = "Y2FuYXJ5"
    secret["metadata"] = {key: secret["metadata"][key] for key in ("name", "labels")}
    kubectl(system, "delete", "secret", name)
    kubectl(system, "create", "-f", "-", stdin=json.dumps(secret))
    return secret["data"]["password"]


def test_every_kind_of_drift_is_found_nothing_is_written_and_what_it_says_puts_it_right(system, tmp_path):
    said, _ = drift(system, tmp_path)
    assert (said["verdict"], said["exit"]) == ("ok", 0)

    password = replaced_secret(system)
    for command, _ in KINDS.values():
        if command:
            # JSON is the last argument where there is any.
            words, brace, rest = command.partition(" -p ")
            kubectl(system, *words.split(), *(["-p", rest] if brace else []), stdin=ALLOW_ALL)
    said, text = drift(system, tmp_path)
    assert (said["verdict"], said["exit"]) == ("drift", 4)
    missed = [kind for kind, (_, line) in KINDS.items() if line not in text.splitlines()]
    assert not missed, text
    for form in (password, "canary", system.secret("mysqlPassword")):
        assert form not in text
    assert "kubectl delete --namespace production-cloud networkpolicy/allow-all" in text

    system.run("pulumi", "up", "--refresh", "--yes", "--skip-preview", "--non-interactive")
    # The engine takes an added network for its own; the report does not.
    said, text = drift(system, tmp_path)
    assert said["counts"]["update"] == said["counts"]["create"] == 1, text
    assert KINDS["a NetworkPolicy for more networks"][1] in text.splitlines()
    kubectl(system, "delete", "networkpolicy", "allow-all")
    last = '[{"op": "remove", "path": "/spec/ingress/0/from/2"}]'
    kubectl(system, "patch", "networkpolicy", "mysqlauth-clients", "--type=json", "-p", last)
    said, text = drift(system, tmp_path)
    assert said["verdict"] == "ok", text
