"""Values in objects with Kubernetes' own keys that the API server would refuse half-way."""

from typing import Any

import pytest

from components import AuthService
from tests.inputs import BASE


def wrong(**given: Any) -> list[str]:
    return [error.key for error in AuthService.check("one", BASE["AuthService"] | given)]  # pyright: ignore[reportArgumentType]


def of_sidecar(**container: Any) -> list[str]:
    found = wrong(sidecars=[{"name": "proxy", "image": "proxy:1", **container}])
    return [key.removeprefix("sidecars.0.") for key in found]


GET = {"httpGet": {"port": 80}}


@pytest.mark.parametrize(
    ("container", "key"),
    [
        ({"imagePullPolicy": "always"}, "imagePullPolicy"),
        ({"image_pull_policy": "Allways"}, "image_pull_policy"),
        ({"ports": [{"containerPort": 0}]}, "ports.0.containerPort"),
        ({"ports": [{"containerPort": 80, "protocol": "tcp"}]}, "ports.0.protocol"),
        ({"ports": [{"containerPort": 80, "name": "a-name-of-16-long"}]}, "ports.0.name"),
        ({"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}, "ports.1.name"),
        ({"resources": {"limits": {"memory": "1GB"}}}, "resources.limits.memory"),
        ({"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1500m"}}}, "resources.requests.cpu"),
        ({"livenessProbe": {}}, "livenessProbe"),
        ({"livenessProbe": {**GET, "exec": {"command": ["a"]}}}, "livenessProbe"),
        ({"livenessProbe": {**GET, "successThreshold": 2}}, "livenessProbe.successThreshold"),
        ({"readinessProbe": {**GET, "periodSeconds": 0}}, "readinessProbe.periodSeconds"),
        ({"readinessProbe": {"httpGet": {"port": 80, "scheme": "https"}}}, "readinessProbe.httpGet.scheme"),
        ({"readinessProbe": {"tcpSocket": {"port": 70000}}}, "readinessProbe.tcpSocket.port"),
        ({"lifecycle": {"preStop": {}}}, "lifecycle.preStop"),
        ({"env": [{"name": "A=B", "value": "1"}]}, "env.0.name"),
        ({"env": [{"name": "A", "valueFrom": {}}]}, "env.0.valueFrom"),
        ({"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}]}, "env.0.value"),
        ({"envFrom": [{}]}, "envFrom.0"),
        ({"volumeMounts": [{"name": "tmp", "mountPath": "/a:b"}]}, "volumeMounts.0.mountPath"),
        ({"volumeMounts": [{"name": "tmp", "mountPath": "/a", "subPath": "../b"}]}, "volumeMounts.0.subPath"),
        ({"volumeMounts": [{"name": "data", "mountPath": "/a"}]}, "volumeMounts.0.name"),
        ({"volume_mounts": [{"name": "volume-0", "mount_path": "/a"}]}, "volume_mounts.0.name"),
        ({"volumeDevices": [{"name": "tmp", "devicePath": "/a"}]}, "volumeDevices.0.name"),
    ],
)  # fmt: skip
def test_a_container_that_kubernetes_would_refuse_is_refused_first(container, key):
    assert of_sidecar(**container) == [key]


@pytest.mark.parametrize(
    "container",
    [
        {"imagePullPolicy": "Always", "terminationMessagePolicy": "File"},
        {"ports": [{"containerPort": 80}, {"containerPort": 81}, {"containerPort": 82, "name": "web-2"}]},
        {"resources": {"limits": {"cpu": 1, "memory": "1.5Gi"}, "requests": {"cpu": "250m", "memory": "1G"}}},
        {"resources": {"limits": {"memory": "1e9", "nvidia.com/gpu": "1"}}},
        {"livenessProbe": {"httpGet": {"port": "web"}}, "readinessProbe": {**GET, "successThreshold": 2}},
        {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}},
        {
            "env": [
                {"name": "a.b-c", "value": ""},
                {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            ]
        },
        {"volumeMounts": [{"name": "tmp", "mountPath": "/a", "subPath": "b..c"}]},
    ],
)
def test_a_container_that_kubernetes_takes_is_taken(container):
    assert of_sidecar(**container) == []


def test_a_sidecar_mounts_the_volumes_of_its_pod():
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("volume-0", "database-ca", "binding")]
    given: dict[str, Any] = {"sidecars": [{"name": "proxy", "image": "proxy:1", "volumeMounts": mounts}]}
    there = {"volumes": [{"mount_path": "/a", "secret_name": "a"}], "binding": "db", "database_ca_secret_name": "ca"}
    assert wrong(**given, **there) == []
    assert wrong(**given) == [f"sidecars.0.volumeMounts.{number}.name" for number in range(3)]


def node(operator: Any, *values: str) -> Any:
    match = {"key": "disk", "operator": operator, **({"values": [*values]} if values else {})}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [match]}]}}}  # fmt: skip


@pytest.mark.parametrize(
    ("affinity", "end"),
    [
        (node("in", "ssd"), "operator"),
        (node("In"), "values"),
        (node("Exists", "ssd"), "values"),
        (node("Gt", "many"), "values"),
        (node("In", "ssd"), ""),
        (node("Exists"), ""),
        (node("Gt", "4"), ""),
        ({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 0, "podAffinityTerm": {"topologyKey": "a"}}]}}, "weight"),
        ({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": ""}]}}, "topologyKey"),
    ],
)  # fmt: skip
def test_an_affinity_that_kubernetes_would_refuse_is_refused_first(affinity, end):
    assert [key.rpartition(".")[2] for key in wrong(placement={"affinity": affinity})] == ([end] if end else [])


@pytest.mark.parametrize(("path", "ok"), [("/proc/x", False), ("/sys", False), ("/dev/", False), ("/dev/shm", True)])  # noqa: S108
def test_a_folder_of_the_runtimes_own_is_not_mounted_over(path, ok):
    assert wrong(volumes=[{"mount_path": path, "scratch_size": "1Mi"}]) == ([] if ok else ["volumes.0.mount_path"])
