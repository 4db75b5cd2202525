"""What platforms assign reaches every pod, and what two components would both take is refused."""

from typing import Any, cast

import pulumi
import pytest
from pulumi_kubernetes import Provider

from components import AuthService, AuthServiceArgs, InputErrors, MySqlDatabase, MySqlDatabaseArgs

from .recorder import Recorder, deploy

DATABASE: MySqlDatabaseArgs = {
    "namespace": "shop",
    "password": "app-pw",
    "backup": {"schedule": "@daily"},
}
SERVICE: AuthServiceArgs = {
    "namespace": "shop",
    "image": "auth:1",
    "database_endpoint": "db:3306",
    "database_secret_name": "db",
}


def pods(platform: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The specification of each pod of a database with backups and a service."""

    def program() -> None:
        MySqlDatabase("db", cast(MySqlDatabaseArgs, {**DATABASE, "platform": platform}))
        AuthService("auth", cast(AuthServiceArgs, {**SERVICE, "platform": platform}))

    recorder = deploy(program)
    job = recorder.one("CronJob", "db-backup").inputs["spec"]["jobTemplate"]["spec"]["template"]
    deployments = [
        recorder.one("Deployment", f"{name}-deployment").inputs["spec"]["template"] for name in ("db", "auth")
    ]
    return {"backup": job["spec"], "db": deployments[0]["spec"], "auth": deployments[1]["spec"]}


def test_pull_secrets_are_one_input_for_every_pod():
    for name, pod in pods({"image_pull_secrets": ["registry"]}).items():
        assert pod["imagePullSecrets"] == [{"name": "registry"}], name


def test_the_platform_may_choose_whom_pods_run_as():
    for name, pod in pods({"run_as_user": 0, "fs_group": 0}).items():
        assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}, name
    for pod in pods({"run_as_user": 1000680000, "fs_group": 1000680001}).values():
        context = pod["securityContext"]
        assert [context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")] == [1000680000, 1000680000, 1000680001]


def test_where_kubelets_do_not_count_disk_nobody_asks_for_it():
    for name, pod in pods({"ephemeral_storage": False}).items():
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}, name


def test_name_servers_are_where_the_platform_has_them():
    def program() -> None:
        platform = {"dns_ports": [5353], "dns_namespaces": ["openshift-dns"]}
        MySqlDatabase("db", cast(MySqlDatabaseArgs, {**DATABASE, "platform": platform}))
        AuthService("auth", cast(AuthServiceArgs, {**SERVICE, "platform": platform}))

    recorder = deploy(program)
    for name in ("db-backup", "auth-traffic"):
        rule = recorder.one("NetworkPolicy", name).inputs["spec"]["egress"][0]
        assert rule == {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}],
            "ports": [{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}],
        }


def test_every_service_has_the_platforms_address_families():
    def program() -> None:
        MySqlDatabase("db", cast(MySqlDatabaseArgs, {**DATABASE, "platform": {"ip_family_policy": "PreferDualStack"}}))
        AuthService("auth", cast(AuthServiceArgs, {**SERVICE, "platform": {"ip_family_policy": "PreferDualStack"}}))

    recorder = deploy(program)
    for name in ("db-service", "auth-service"):
        assert recorder.one("Service", name).inputs["spec"]["ipFamilyPolicy"] == "PreferDualStack"


def test_a_cluster_with_another_range_of_node_ports():
    given = {**DATABASE, "node_port": 20306}
    assert [error.key for error in MySqlDatabase.check("db", cast(MySqlDatabaseArgs, given))] == ["node_port"]
    given["platform"] = {"node_port_range": "20000-40000"}
    assert MySqlDatabase.check("db", cast(MySqlDatabaseArgs, given)) == []


def test_a_load_balancer_lets_in_the_networks_that_are_given():
    given = {**DATABASE, "service_type": "LoadBalancer", "node_port_cidrs": ["203.0.113.0/24"]}
    recorder = deploy(lambda: MySqlDatabase("db", cast(MySqlDatabaseArgs, given)))
    spec = recorder.one("Service", "db-service").inputs["spec"]
    assert (spec["type"], spec["loadBalancerSourceRanges"]) == ("LoadBalancer", ["203.0.113.0/24"])
    peers = recorder.one("NetworkPolicy", "db-clients").inputs["spec"]["ingress"][0]["from"]
    assert {"ipBlock": {"cidr": "203.0.113.0/24"}} in peers


def refused(program: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputErrors) as caught:
        deploy(program)
    return [(error.key, error.rule) for error in caught.value.inputs]


@pytest.mark.parametrize("namespace", ["shop", pulumi.Output.from_input("shop")], ids=["plain", "output"])
def test_a_service_and_a_database_of_one_name_are_refused(namespace):
    def program() -> None:
        MySqlDatabase("orders", cast(MySqlDatabaseArgs, {**DATABASE, "namespace": namespace}))
        AuthService("orders", cast(AuthServiceArgs, {**SERVICE, "namespace": namespace}))

    [(key, rule)] = refused(program)
    assert key == "name"
    assert "orders does not use in the namespace shop" in rule


def test_a_name_that_is_anothers_selector_for_backups_is_refused():
    def program() -> None:
        MySqlDatabase("db", DATABASE)
        MySqlDatabase("db-backup", DATABASE)

    assert refused(program)[0][0] == "name"


def test_one_name_in_two_namespaces_of_one_program():
    def program() -> None:
        for namespace in ("shop", "bi"):
            given = {**DATABASE, "namespace": namespace, "resource_name": "db"}
            MySqlDatabase(f"db-{namespace}", cast(MySqlDatabaseArgs, given))

    recorder = deploy(program)
    names = [recorder.one("Service", f"db-{namespace}-service").inputs["metadata"] for namespace in ("shop", "bi")]
    assert [(each["namespace"], each["name"]) for each in names] == [("shop", "db-service"), ("bi", "db-service")]


def two_clusters(*, port: int) -> Recorder:
    def program() -> None:
        for region in ("eu", "us"):
            provider = Provider(region, context=region)
            given = {**DATABASE, "node_port": port}
            options = pulumi.ResourceOptions(provider=provider)
            MySqlDatabase(f"db-{region}", cast(MySqlDatabaseArgs, given), options)

    return deploy(program)


def test_node_ports_are_compared_in_one_cluster_only():
    recorder = two_clusters(port=32001)
    for region in ("eu", "us"):
        ports = recorder.one("Service", f"db-{region}-service").inputs["spec"]["ports"]
        assert ports[0]["nodePort"] == 32001


def test_a_check_takes_nothing():
    def program() -> None:
        given = cast(MySqlDatabaseArgs, {**DATABASE, "node_port": 32001})
        assert MySqlDatabase.check("planned", given) == []
        MySqlDatabase("real", given)

    deploy(program)
