"""Two things that would meet in one: in a pod, in a volume claim, in a bucket."""

from typing import Any

import pulumi
import pytest

from components import InputErrors
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy


def keys(found: InputErrors) -> list[str]:
    return [error.key for error in found.inputs]


def refused(given: dict[str, Any], name: str = "one") -> list[str]:
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS["AuthService"](name, BASE["AuthService"] | given))
    return keys(caught.value)


def pod(given: dict[str, Any]) -> dict[str, Any]:
    made = deploy(lambda: COMPONENTS["AuthService"]("one", BASE["AuthService"] | given))
    return made.one("Deployment", "one-deployment").inputs["spec"]["template"]["spec"]


def container(**more: Any) -> dict[str, Any]:
    return {"name": "proxy", "image": "proxy:1.0", **more}


@pytest.mark.parametrize(
    "given",
    [
        {"sidecars": [container(), container()]},
        {"sidecars": [container()], "init_containers": [container()]},
        {"sidecars": [container(name="one-container")]},
        {"sidecars": [container(name="other-container")], "resource_name": "other"},
        {"sidecars": pulumi.Output.from_input([container(), container()])},
    ],
)
def test_two_containers_of_a_pod_are_not_called_alike(given):
    assert refused(given)[0] in ("sidecars.0.name", "sidecars.1.name", "init_containers.0.name")


@pytest.mark.parametrize("name", ["Proxy", "a_b", "a.b", "x" * 64, ""])
def test_a_containers_name_is_one_for_kubernetes(name):
    assert refused({"sidecars": [container(name=name)]}) == ["sidecars.0.name"]


def test_what_a_container_says_of_its_rights_wins_however_python_spells_it():
    rights = {"run_as_user": 7, "read_only_root_filesystem": False}
    sidecar = pod({"sidecars": [container(security_context=rights)]})["containers"][1]
    assert sidecar["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": False,
        "runAsUser": 7,
    }


def volume(path: str) -> dict[str, Any]:
    return {"mount_path": path, "claim_name": "data"}


@pytest.mark.parametrize(
    "given",
    [
        {"volumes": [volume("/a"), volume("/a/")]},
        {"volumes": [volume("/a"), volume("/b/../a")]},
        {"volumes": [volume("/tmp/")]},  # noqa: S108 - a path in a pod
        {"volumes": [volume("/bindings/orders")], "binding": "orders"},
        {"volumes": [volume("/etc/kubeauth/database")], "database_ca_secret_name": "authority"},
        {"volumes": [volume("/")]},
        {"volumes": [volume("/a:b")]},
    ],
)
def test_no_folder_hides_another_one(given):
    assert refused(given)[0].startswith("volumes")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"database_env": {"DB_TLS": "host"}, "database_ca_secret_name": "authority"}, "DB_TLS"),
        ({"database_env": {"SERVICE_BINDING_ROOT": "host"}, "binding": "orders"}, "SERVICE_BINDING_ROOT"),
        ({"database_env": {"DB_USERINFO": "host", "DATABASE_URL": "url"}, "database_userinfo_key": "u"}, "DB_USERINFO"),
    ],
)
def test_a_variable_of_the_database_is_not_set_twice(given, name):
    assert refused(given) == [f"database_env.{name}"]


def test_a_variable_of_the_database_may_still_hold_another_value():
    found = pod({"database_env": {"DB_HOST": "host"}})["containers"][0]["env"]
    env = {each["name"]: each["value"] for each in found if "value" in each}
    assert env["DB_HOST"] == "db"


@pytest.mark.parametrize("later", [False, True])
def test_metrics_are_not_at_the_services_own_port(later):
    assert refused({"metrics": {"port": 5010}, "port": pulumi.Output.from_input(5010) if later else 5010}) == [
        "metrics.port"
    ]


def test_an_ingress_has_no_address_for_its_host():
    """Kubernetes takes names only."""
    assert refused({"ingress": {"host": "10.0.0.1"}}) == ["ingress.host"]
    assert refused({"http_route": {"gateway_name": "public", "hostnames": ["10.0.0.1"]}}) == ["http_route.hostnames.0"]


BUCKET = {"bucket": "acme", "existing_secret": "s3"}


def several(*made: tuple[str, str, dict[str, Any]]) -> list[str]:
    def program() -> None:
        for component, name, given in made:
            COMPONENTS[component](name, BASE[component] | given)

    try:
        deploy(program)
    except InputErrors as found:
        return keys(found)
    return []


def both(component: str, first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    return several((component, "one", first), (component, "two", second))


def backup(**more: Any) -> dict[str, Any]:
    return {"backup": {"schedule": "@daily", "s3": {**BUCKET, **more}}}


@pytest.mark.parametrize("later", [False, True])
def test_two_databases_do_not_open_the_same_volume(later):
    given = {"existing_claim": pulumi.Output.from_input("data") if later else "data"}
    assert both("MySqlDatabase", given, given) == ["existing_claim"]
    assert both("MySqlDatabase", given, {**given, "namespace": "bi"}) == []
    assert both("MySqlDatabase", given, {"existing_claim": "other"}) == []


def test_two_databases_do_not_share_a_folder_of_a_bucket():
    assert both("MySqlDatabase", backup(prefix="a"), backup(prefix="a")) == ["backup.s3.prefix"]
    assert both("MySqlDatabase", backup(prefix="a"), backup(prefix="b")) == []
    assert both("MySqlDatabase", backup(), backup()) == []
    assert both("MySqlDatabase", backup(prefix="shop/two"), backup()) == ["backup.s3.prefix"]
    assert both("MySqlDatabase", backup(prefix="a"), backup(prefix="a", endpoint="https://s3.example.com")) == []


@pytest.mark.parametrize(
    "label", ["pod-security.kubernetes.io/enforce", "kubernetes.io/metadata.name", "app.kubernetes.io/name"]
)
def test_a_label_that_would_not_count_is_refused(label):
    """It would lose against the component's own, or against Kubernetes'."""
    for component in COMPONENTS:
        with pytest.raises(InputErrors) as caught:
            deploy(lambda component=component: COMPONENTS[component](
                "one", BASE[component] | {"labels": {label: "baseline"}}))  # fmt: skip
        assert keys(caught.value) == [f"labels.{label}"]


@pytest.mark.parametrize("component", ["AuthService", "MySqlDatabase", "MySqlCluster"])
def test_an_annotation_that_would_lose_against_that_of_metrics_is_refused(component):
    def found(metrics: dict[str, Any]) -> list[str]:
        annotations = {"prometheus.io/port": "15000", "prometheus.io/scheme": "https"}
        args = BASE[component] | {"annotations": annotations, **metrics}
        return [error.key for error in COMPONENTS[component].check("one", args)]

    assert found({"metrics": {}}) == ["annotations.prometheus.io/port"]
    assert found({"metrics": {"monitor": True}}) == []
    assert found({}) == []


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("owner", "given", "claim"),
    [
        ("MySqlDatabase", {}, "a-data"),
        ("MySqlDatabase", {"backup": {"schedule": "@daily"}}, "a-backups"),
        ("MySqlDatabase", {"resource_name": "c"}, "c-data"),
        ("MySqlCluster", {}, "data-a-tablet-0"),
        ("MySqlCluster", {}, "data-a-etcd-2"),
        ("MySqlCluster", {"backup": {"schedule": "@daily"}}, "a-backups"),
        # One that more servers would get.
        ("MySqlCluster", {}, "data-a-tablet-8"),
    ],
)
def test_no_server_opens_a_claim_that_is_made_for_another_one(owner, given, claim, later):
    first = (owner, "a", {**given, "namespace": pulumi.Output.from_input("shop") if later else "shop"})
    second = ("MySqlDatabase", "b", {"existing_claim": claim})
    assert several(first, second)[0] in ("existing_claim", "name")
    assert several(second, first)[0] in ("existing_claim", "name")
    assert several(first, ("MySqlDatabase", "b", {"existing_claim": claim, "namespace": "bi"})) == []


def test_one_namespace_is_made_once():
    """Whoever is removed first would take it along."""
    assert several(("AppNamespace", "shop", {}), ("AppNamespace", "team", {"resource_name": "shop"})) == ["name"]
    assert several(("AppNamespace", "shop", {}), ("AppNamespace", "team", {})) == []
