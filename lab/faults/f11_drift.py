"""F11: somebody changes the cluster without Pulumi: it is found, put right by the commands that are named, and once."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from cli.preview.drift import REMEDY

from . import Fault, Result
from .bench import NAMESPACE, PATIENCE, Bench

WORLD = "0.0.0.0/0"
ANYWHERE = f'[{{"op": "add", "path": "/spec/ingress/0/from/-", "value": {{"ipBlock": {{"cidr": "{WORLD}"}}}}}}]'
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

#: `canary`, as a Secret has it.
CANARY = "Y2FuYXJ5"
#: After the change that is found, `up` must have nothing to do so many times.
UPS = 10


def make(bench: Bench, kind: str) -> None:
    """Change the cluster in one of these ways."""
    command = KINDS[kind][0]
    if not command:
        replace_secret(bench)
        return
    # JSON is the last argument where there is any.
    words, brace, rest = command.partition(" -p ")
    bench.run("kubectl", "-n", NAMESPACE, *words.split(), *(["-p", rest] if brace else []), stdin=ALLOW_ALL)


def replace_secret(bench: Bench) -> str:
    """Delete the immutable Secret of the clients and make it again, with another password; return that, encoded."""
    listed = bench.get("secrets")["items"]
    (secret,) = [item for item in listed if "-credentials-" in item["metadata"]["name"]]
    secret["data"]["password"] = CANARY
    secret["metadata"] = {key: secret["metadata"][key] for key in ("name", "labels")}
    bench.run("kubectl", "-n", NAMESPACE, "delete", "secret", secret["metadata"]["name"])
    bench.run("kubectl", "-n", NAMESPACE, "create", "-f", "-", stdin=json.dumps(secret))
    return CANARY


def drift(bench: Bench) -> tuple[dict[str, Any], str]:
    """What `make drift` says, for programs and for people."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "lab", "drift", "--stack", "dev", "--out", out]
        subprocess.run(
            [*command, "--node", bench.node.name],
            cwd=bench.checkout,
            env=bench.outside,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return json.loads(Path(out, "dev.json").read_text()), Path(out, "dev.full.md").read_text()


def up(bench: Bench) -> None:
    """The engine's command that the report names."""
    bench.run("env", *REMEDY.split(), "--yes", "--skip-preview", "--non-interactive")


def fix(bench: Bench) -> None:
    """Put everything right as the report says: the engine's command, then what it names for what the engine leaves."""
    up(bench)
    bench.run("kubectl", "-n", NAMESPACE, "delete", "networkpolicy", "allow-all", "--ignore-not-found")
    # What `kubectl edit`, which the report names for added keys, is used for.
    bench.run("kubectl", "-n", NAMESPACE, "annotate", "service", "authenticate-service", "team-")
    bench.run("kubectl", "-n", NAMESPACE, "set", "env", "deployment/authenticate-deployment", "EXTRA-")
    policy = bench.get("networkpolicy", "mysqlauth-clients")["spec"]["ingress"][0]["from"]
    position = next((index for index, peer in enumerate(policy) if peer.get("ipBlock", {}).get("cidr") == WORLD), None)
    if position is not None:
        last = json.dumps([{"op": "remove", "path": f"/spec/ingress/0/from/{position}"}])
        bench.run("kubectl", "-n", NAMESPACE, "patch", "networkpolicy", "mysqlauth-clients", "--type=json", "-p", last)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Change everything, find it, put it right, and change nothing for a while."""
    result, fixed = Result(), 0
    kinds = list(KINDS)[:count]
    for kind in random.sample(kinds, len(kinds)):
        make(bench, kind)
        _, text = drift(bench)
        found = KINDS[kind][1] in text.splitlines()
        up(bench)
        said, _ = drift(bench)
        fixed += said["verdict"] == "ok"
        fix(bench)
        said, text = drift(bench)
        failures = [] if found else ["not found"]
        result.add(kind, failures + ([] if said["verdict"] == "ok" else [f"not put right: {text[-800:]}"]))
    spurious = [change for _ in range(UPS) for change in bench.unchanged()]
    result.add(f"{UPS} previews afterwards", spurious)
    missed = sum("not found" in failure for failure in result.failures)
    result.figure = (
        f"found {len(kinds) - missed}/{len(kinds)}; put right by one `pulumi up` {fixed}/{len(kinds)}, the"
        f" rest with the command that the report names; {len(spurious)} spurious changes in {UPS} previews"
    )
    return result


FAULT = Fault(
    "F11",
    "drift: what somebody changes with kubectl, one kind at a time",
    "12/12 found, put right by one command, 0 spurious changes in 10 previews",
    len(KINDS),
    run,
)
