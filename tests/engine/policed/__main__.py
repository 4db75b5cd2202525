"""A namespace as the policy pack wants it; with `bad`, one resource for each thing that it refuses."""

from asyncio import Future
from typing import Any

import pulumi
import pulumi_kubernetes

# Manifests are written as Kubernetes has them, which the typed arguments do not take.
k8s: Any = pulumi_kubernetes
DATABASE = "db.good.svc.cluster.local:3306"


def unknown() -> pulumi.Output[str]:
    """What a first preview makes of an output of a resource that is not there yet."""
    value: Future[str] = Future()
    known: Future[bool] = Future()
    value.set_result("")
    known.set_result(not pulumi.runtime.is_dry_run())
    return pulumi.Output(set(), value, known).apply(lambda _: DATABASE)


def meta(name: str, namespace: str = "good") -> dict[str, Any]:
    return {"name": name, "namespace": namespace}


def template(name: str, spec: dict[str, Any], labels: dict[str, str] | None = None, **container: Any) -> dict[str, Any]:
    """A pod that every rule allows, with changes."""
    bounds = {"cpu": "100m", "memory": "64Mi"}
    good = {
        "name": name,
        "image": "registry.example.com/web:1.2.3",
        "resources": {"requests": bounds, "limits": bounds},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "containers": [{**good, **container}],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    return {"metadata": {"labels": labels or {"app": name}}, "spec": {**pod, **spec}}


def deployment(name: str, namespace: str = "good", labels: dict[str, str] | None = None, **container: Any) -> None:
    selector = {"matchLabels": labels or {"app": name}}
    spec = {"selector": selector, "template": template(name, {}, labels, **container)}
    k8s.apps.v1.Deployment(name, metadata=meta(name, namespace), spec=spec)


def variable(name: str, value: pulumi.Input[str]) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value}]}


def service(name: str, kind: str) -> None:
    k8s.core.v1.Service(name, metadata=meta(name), spec={"type": kind, "ports": [{"port": 3306}]})


def policy(name: str, **spec: Any) -> None:
    k8s.networking.v1.NetworkPolicy(name, metadata=meta(name), spec=spec)


policy("deny", podSelector={}, policyTypes=["Ingress", "Egress"])
policy("apps", podSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}, egress=[{}])
service("db", "NodePort")
k8s.core.v1.Secret("passwords", metadata=meta("passwords"), string_data={"password": pulumi.Output.secret("canary")})
from_secret = {"secretKeyRef": {"name": "passwords", "key": "password"}}
deployment("inside", env=[{"name": "DB_HOST", "value": DATABASE}, {"name": "DB_PASS", "valueFrom": from_secret}])
deployment("outside", **variable("DB_HOST", "rds.example.com:3306"))
deployment("unknown", **variable("DB_HOST", unknown()))
job = {"template": template("cron", {"restartPolicy": "Never"})}
k8s.batch.v1.CronJob("cron", metadata=meta("cron"), spec={"schedule": "@daily", "jobTemplate": {"spec": job}})

if pulumi.Config().require_bool("bad"):
    root = {"securityContext": {"runAsUser": 0}, "volumes": [{"name": "node", "hostPath": {"path": "/"}}]}
    k8s.core.v1.Pod("root", metadata={**meta("root"), "labels": {"app": "root"}}, spec=template("root", root)["spec"])
    deployment("literal", **variable("API_KEY", "abc"))
    deployment("secret", **variable("GREETING", pulumi.Output.secret("canary")))
    deployment("latest", image="nginx:latest", **variable("DB_HOST", unknown()))
    deployment("untagged", image="localhost:5000/nginx")
    service("open", "LoadBalancer")
    deployment("greedy", resources={"limits": {"memory": "64Mi"}})
    deployment("alone", "bare")
    deployment("unselected", labels={"name": "unselected"})
    deployment("lost", **variable("DB_HOST", "nowhere.good.svc.cluster.local:3306"))
    deployment("wrong-port", **variable("DB_HOST", "db.good.svc.cluster.local:3307"))
