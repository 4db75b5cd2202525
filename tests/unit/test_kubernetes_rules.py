"""Values that the API server would refuse half-way, or that Pulumi ends at with a traceback: refused first."""

from typing import Any

import pulumi
import pytest

from components import InputErrors
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy

LATER = pulumi.Output.from_input
NODE, REQUIRED = "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
S3 = {"bucket": "acme", "existing_secret": "s3"}


def wrong(component: str, given: dict[str, Any]) -> list[str]:
    return [error.key for error in COMPONENTS[component].check("one", BASE[component] | given)]


def affinity(value: Any) -> dict[str, Any]:
    return {"placement": {"affinity": {NODE: value}}}


def sidecar(**more: Any) -> dict[str, Any]:
    return {"sidecars": [{"name": "proxy", "image": "proxy:1", **more}]}


@pytest.mark.parametrize(
    ("component", "given", "key"),
    [
        *((component, affinity(value), f"placement.affinity.{NODE}.{key}")
          for component in ("AuthService", "MySqlDatabase", "MySqlCluster")
          for value, key in (
              ({REQUIRED: []}, REQUIRED),
              ({"requiredDuringScheduling": {}}, "requiredDuringScheduling"),
              ({REQUIRED: {"nodeSelectorTerms": {"a": 1}}}, f"{REQUIRED}.nodeSelectorTerms"),
              ({REQUIRED: {}}, f"{REQUIRED}.nodeSelectorTerms"),
              ({REQUIRED: {"nodeSelectorTerms": [{"matchFields": [{"key": 5, "operator": "In"}]}]}},
               f"{REQUIRED}.nodeSelectorTerms.0.matchFields.0.key"),
          )),
        ("AuthService", sidecar(env="A=b"), "sidecars.0.env"),
        ("AuthService", sidecar(env=[{"name": "A", "value": 1}]), "sidecars.0.env.0.value"),
        ("AuthService", sidecar(env=[{"name": "A"}, {"name": "A"}]), "sidecars.0.env.1.name"),
        ("AuthService", sidecar(volume_mounts=[{"mount_path": "/a", "name": "b", "readonly": True}]),
         "sidecars.0.volume_mounts.0.readonly"),
        ("AuthService", sidecar(securityContext={"runAsUser": "1"}), "sidecars.0.securityContext.runAsUser"),
        ("AuthService", sidecar(tty="true"), "sidecars.0.tty"),
        ("AuthService", {"volumes": [{"mount_path": "//tmp/", "secret_name": "a"}]}, "volumes.0.mount_path"),
        ("AuthService", {"probes": {"liveness": {"headers": {"A b": "x"}}}}, "probes.liveness.headers.A b"),
        *(("AuthService", {"ingress": {"host": "a.example.com", "path": path}}, "ingress.path")
          for path in ("//a", "/a/../b", "/a/.", "/a%2Fb", "/a b", "/ä")),
        ("AuthService", {"http_route": {"gateway_name": "g", "path": "/a//b"}}, "http_route.path"),
        ("AuthService", {"ingress": {"host": ".".join(["a" * 60] * 5)}}, "ingress.host"),
        ("MySqlDatabase", {"cluster_domain": ".".join(["a" * 60] * 2)}, "cluster_domain"),
        ("MySqlDatabase", {"labels": {f"{'a' * 254}/b": "x"}}, f"labels.{'a' * 254}/b"),
        ("MySqlCluster", {"platform": {"image_pull_secrets": ["a", "b", "a"]}}, "platform.image_pull_secrets.2"),
        *(("MySqlDatabase", {"backup": {"schedule": line}}, "backup.schedule")
          for line in ("0 3 31 2 *", "0 3 30 feb ?", "0 3 31 4,6,9,11 *", "0 3 31/2 2 *")),
        ("MySqlDatabase", {"backup": {"schedule": "@daily", "s3": {**S3, "prefix": "shop/./a"}}}, "backup.s3.prefix"),
        ("MySqlDatabase", {"backup": {"schedule": "@daily", "s3": {**S3, "bucket": "a..b"}}}, "backup.s3.bucket"),
        *(("MySqlDatabase", {"restore_from": {"s3": {**S3, "prefix": "a"}, "time": time}}, "restore_from.time")
          for time in ("2026-02-30T03:00:00Z", "2026-11-27T24:00:00Z", "٢٠٢٦-11-27T03:00:00Z", "2026-11-7T03:00:00Z")),
    ],
)  # fmt: skip
def test_what_kubernetes_would_refuse_is_refused_first(component, given, key):
    assert wrong(component, given) == [key]


@pytest.mark.parametrize(
    ("component", "given"),
    [
        ("MySqlDatabase", affinity({REQUIRED: {"node_selector_terms": [{"match_expressions": [
            {"key": "disk", "operator": "In", "values": ["ssd"]}]}]}})),
        ("MySqlCluster", affinity({REQUIRED: LATER({"nodeSelectorTerms": []})})),
        ("AuthService", sidecar(resources={"limits": {"cpu": 1, "memory": "64Mi"}}, env=[{"name": "A", "value": "1"}],
                                livenessProbe={"httpGet": {"port": "http", "path": "/"}},
                                lifecycle={"preStop": {"exec": {"command": ["true"]}}})),
        ("AuthService", {"ingress": {"host": "*.example.com", "path": "/a/b.c/..d"}}),
        *(("MySqlDatabase", {"backup": {"schedule": line}})
          for line in ("0 3 29 2 *", "0 3 31 2 mon", "0 3 31 1-12/2 *", "*/15 0-6/2 1,15 jan-mar ?", "0 3 30/1 * *")),
    ],
)  # fmt: skip
def test_what_kubernetes_takes_is_taken(component, given):
    assert wrong(component, given) == []
    deploy(lambda: COMPONENTS[component]("one", BASE[component] | given))


def test_a_server_of_buckets_is_the_same_however_its_address_is_written():
    def program() -> None:
        for name, endpoint in (("one", "https://s3.example.com"), ("two", "https://S3.example.com:443")):
            s3 = {**S3, "endpoint": endpoint, "prefix": "shop/orders"}
            COMPONENTS["MySqlDatabase"](name, {**BASE["MySqlDatabase"], "backup": {"schedule": "@daily", "s3": s3}})

    with pytest.raises(InputErrors, match="not the folder of MySqlDatabase one"):
        deploy(program)
