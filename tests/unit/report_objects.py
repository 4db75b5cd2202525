"""A stack, its cluster and its history as a report sees them, in the state that a test wants."""

import json
from pathlib import Path
from typing import Any

from cli.report import gather, page
from cli.report.history import of_files
from cli.status import gather as status_gather
from cli.status.asking import Clock

from .test_status import HISTORY, NOW, PROVIDER, STATE, WAY, Stack, well

SPACE = "shop"
ADDRESS = "mysqlauth-service.shop.svc.cluster.local:3306"
PASSWORD = "c4nary/+pass&word<1>"


def with_namespace(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "metadata": {"namespace": SPACE, **item["metadata"]}}


def service(name: str = "mysqlauth", port: int = 3306) -> dict[str, Any]:
    spec = {"type": "NodePort", "selector": {"name": f"{name}-selector"}, "ports": [{"port": port, "nodePort": 32001}]}
    return {"kind": "Service", "metadata": {"name": f"{name}-service", "labels": {}}, "spec": spec}


def endpoints(name: str = "mysqlauth", *, ready: bool = True) -> dict[str, Any]:
    metadata = {"name": f"{name}-x", "labels": {"kubernetes.io/service-name": f"{name}-service"}}
    end = {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": ready},
        "nodeName": "one",
        "targetRef": {"name": f"{name}-pod"},
    }
    return {"kind": "EndpointSlice", "metadata": metadata, "endpoints": [end]}


def policy(name: str, *sources: dict[str, Any], selects: str = "mysqlauth", **spec: Any) -> dict[str, Any]:
    """A policy that lets in what it names, to port 3306."""
    rules = {
        "podSelector": {"matchLabels": {"name": f"{selects}-selector"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": list(sources), "ports": [{"protocol": "TCP", "port": 3306}]}],
    }
    return {"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": {**rules, **spec}}


CLIENTS = {"podSelector": {"matchLabels": {"name": "authenticate-selector"}}}
OFFICE = {"ipBlock": {"cidr": "10.99.0.0/16"}}


def system(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """A system that is well: the service is given the database's address, and a policy lets it in."""
    found = [item for item in well() if item["kind"] != "Service"]
    for item in found:
        if item["kind"] == "Deployment" and item["metadata"]["name"] == "authenticate-deployment":
            item["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "DB_HOST", "value": ADDRESS}]
        if item["kind"] == "Deployment":
            item["status"]["readyReplicas"] = item["status"]["availableReplicas"]
        if item["kind"] == "CronJob":
            script = {"args": ["backup"], "command": ["sh", "-c", "keep=7\nverify=yes\n"]}
            item["spec"]["jobTemplate"] = {"spec": {"template": {"spec": {"containers": [script]}}}}
        if item["kind"] == "Pod" and item["metadata"]["name"] == "mysqlauth-pod":
            item["spec"]["volumes"] = [{"persistentVolumeClaim": {"claimName": "mysqlauth-data"}}]
    return [with_namespace(item) for item in (*found, service(), endpoints(), *more)]


GUARDED = policy("mysqlauth-clients", CLIENTS, OFFICE)


class Answering(Stack):
    """Also answers what only a report asks."""

    def run(self, *command: str, seconds: float = 1, check: bool = False, **options: Any):
        return super().run(*command, seconds=seconds, check=check, **options)

    def _answer(self, command: tuple[str, ...]) -> Any:
        if command[:3] == ("pulumi", "config", "--show-secrets"):
            return json.dumps({"shop:mysqlPassword": {"value": PASSWORD, "secret": True}})
        for kind, path in gather.MORE.items():
            if command[-3:-2] == (path.format(SPACE),):
                if (name := path.rpartition("/")[2]) in self.answers:
                    return self.answers[name]
                return json.dumps({"items": [item for item in self.items if item["kind"] == kind]})
        return super()._answer(command)


def facts(items: list[dict[str, Any]] | None = None, *, state: Any = STATE, past: Path | None = None, **answers: Any):
    """What a report says of a stack."""
    stack: Any = Answering(system(GUARDED) if items is None else items, state, **answers)
    clock = Clock()
    seen = status_gather.offline(stack, clock)
    seen.at = NOW
    if seen.resources and not answers.get("lost"):
        status_gather.online(seen, stack, WAY, clock)
    seen.lost = answers.get("lost")
    found = gather.facts(stack, seen, with_drift=False)
    found.by = "ann@desk"
    if past:
        found.past = of_files(past)
    return found


def rendered(*given: Any, **options: Any) -> str:
    return page.render(facts(*given, **options), searched=3)


def keep_history(folder: Path, *states: list[dict[str, Any]], **environment: str) -> Path:
    """History as the file backend keeps it: an entry and a state for each change."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, resources in enumerate(states, 1):
        told = {**HISTORY, "message": f"change {number}", "environment": {**HISTORY["environment"], **environment}}
        (folder / f"dev-{number}.history.json").write_text(json.dumps(told))
        latest = {"manifest": {}, "resources": resources}
        kept = {"version": 3, "checkpoint": {"latest": latest}}
        (folder / f"dev-{number}.checkpoint.json").write_text(json.dumps(kept))
    return folder


def recorded(name: str, kind: str = "core/v1:ConfigMap", identity: str = "", /, **inputs: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::shop::kubernetes:{kind}::{name}"
    what = {"urn": urn, "type": f"kubernetes:{kind}", "custom": True, "provider": PROVIDER}
    return {**what, "id": identity or f"shop/{name}", "inputs": inputs}
