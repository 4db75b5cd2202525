"""Metrics of a database and of a service: who makes them, who may read them, how a Prometheus finds them."""

import base64
from typing import Any, cast

import pytest

from components import AuthService, AuthServiceArgs, InputErrors, MySqlDatabase, MySqlDatabaseArgs

from .recorder import CHOSEN, LIVE, MINE, Recorder, Secret, deploy

PROMETHEUS = {
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    "namespaceSelector": {},
}
FOUND = {"prometheus.io/scrape": "true", "prometheus.io/path": "/metrics"}
SECRET = f"mysqlauth-exporter{CHOSEN}{LIVE}"


def database(**given: Any) -> Recorder:
    args = {"namespace": "shop", "password": "app-pw", "metrics": {}, **given}
    return deploy(lambda: MySqlDatabase("mysqlauth", cast(MySqlDatabaseArgs, args)))


def service(**given: Any) -> Recorder:
    args = {"image": "auth:1", "namespace": "shop", "database_endpoint": "db:3306", "database_secret_name": "db"}
    return deploy(lambda: AuthService("authenticate", cast(AuthServiceArgs, {**args, "metrics": {}, **given})))


def exporter(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("Deployment", "mysqlauth-metrics").inputs["spec"]["template"]


def test_without_the_input_there_is_nothing_of_it():
    without = database(metrics=None)
    assert not [entry for entry in without.all if "metrics" in entry.name or "exporter" in entry.name]
    init = without.one("Deployment", "mysqlauth-deployment").inputs["spec"]["template"]["spec"]["initContainers"][0]
    assert "METRICS=yes" not in init["args"]
    added = set(database().tree()) - set(without.tree())
    assert added == {
        ("Deployment", "mysqlauth-metrics", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-metrics", "mysqlauth"),
        ("Secret", "mysqlauth-exporter", "mysqlauth"),
    }


def test_the_exporter_is_a_pod_of_its_own_that_no_service_finds():
    recorder = database()
    made = recorder.one("Deployment", "mysqlauth-metrics").inputs
    # `make status` says by it which input to change.
    assert made["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics"
    template = made["spec"]["template"]
    assert template["metadata"]["labels"]["name"] == "mysqlauth-metrics-selector"
    assert template["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics"
    container = template["spec"]["containers"][0]
    assert container["args"] == [
        "--config.my-cnf=/etc/kubeauth/exporter/my.cnf",
        "--mysqld.address=mysqlauth-service-live.shop.svc.cluster.local:3306",
        "--web.listen-address=:9104",
        "--tls.insecure-skip-verify",
        "--collect.global_status",
        "--collect.global_variables",
        "--no-collect.info_schema.innodb_cmp",
        "--no-collect.info_schema.innodb_cmpmem",
        "--no-collect.info_schema.query_response_time",
        "--no-collect.slave_status",
    ]
    assert container["ports"] == [{"name": "metrics", "containerPort": 9104, "protocol": "TCP"}]
    # Ready is that it answers: the metrics say whether the server does.
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/", "port": "metrics"}


def test_the_exporters_pod_is_restricted():
    spec = exporter(database())["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["containers"][0]["resources"]["limits"]["memory"] == "64Mi"


def test_the_password_is_random_secret_and_reaches_server_and_exporter_only_as_files():
    recorder = database()
    data = recorder.one("Secret", "mysqlauth-exporter").inputs["data"]
    assert isinstance(data, Secret)
    files = {key: base64.b64decode(text).decode() for key, text in data.value.items()}
    password = files["metrics-password"]
    assert len(password) == 64
    assert files["my.cnf"] == f"[client]\nuser=kubeauth_metrics\npassword={password}\n"
    (volume,) = exporter(recorder)["spec"]["volumes"]
    mine = {"name": SECRET, "items": [{"key": "my.cnf", "path": "my.cnf"}]}
    assert volume["projected"]["sources"] == [{"secret": mine}], "not the server's other files"
    server = recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]["template"]["spec"]
    assert {"secret": {"name": SECRET}} in server["volumes"][1]["projected"]["sources"]
    assert "METRICS=yes" in server["initContainers"][0]["args"]
    assert password not in repr([entry.inputs for entry in recorder.all if not entry.type.endswith(":Secret")])
    again = database().one("Secret", "mysqlauth-exporter").inputs["data"]
    assert again.value != data.value


def test_only_scrapers_reach_the_exporter_and_it_reaches_only_the_server():
    recorder = database()
    spec = recorder.one("NetworkPolicy", "mysqlauth-metrics").inputs["spec"]
    assert spec["podSelector"] == {"matchLabels": {"name": "mysqlauth-metrics-selector"}}
    assert spec["ingress"] == [{"from": [PROMETHEUS], "ports": [{"port": 9104, "protocol": "TCP"}]}]
    dns, server = spec["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert server == {
        "to": [{"podSelector": {"matchLabels": {"name": "mysqlauth-selector"}}}],
        "ports": [{"port": 3306, "protocol": "TCP"}],
    }


def test_the_server_lets_the_exporter_in_where_its_clients_are_named():
    spec = database(clients=[{"pod_labels": {"app": "a"}}]).one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]
    assert {"podSelector": {"matchLabels": {"name": "mysqlauth-metrics-selector"}}} in spec["ingress"][0]["from"]


def test_a_prometheus_finds_the_pods_by_annotations_or_by_a_monitor_and_not_by_both():
    assert exporter(database())["metadata"]["annotations"] == {**FOUND, "prometheus.io/port": "9104"}
    recorder = database(metrics={"monitor": True, "monitor_labels": {"release": "kube-prometheus-stack"}})
    assert exporter(recorder)["metadata"].get("annotations", {}) == {}
    monitor = recorder.one("PodMonitor", "mysqlauth-monitor").inputs
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert monitor["metadata"]["annotations"] == {**MINE, "pulumi.com/skipAwait": "true"}
    assert monitor["spec"] == {
        "selector": {"matchLabels": {"name": "mysqlauth-metrics-selector"}},
        "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics"}],
    }


def test_scrapers_are_whoever_the_input_names():
    named = [{"pod_labels": {"app": "vm"}, "namespace": "ops"}]
    spec = database(metrics={"scrapers": named}).one("NetworkPolicy", "mysqlauth-metrics").inputs["spec"]
    assert spec["ingress"][0]["from"] == [
        {
            "podSelector": {"matchLabels": {"app": "vm"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ops"}},
        }
    ]


def test_another_database_may_not_have_the_exporters_name():
    def both() -> None:
        MySqlDatabase("a", cast(MySqlDatabaseArgs, {"namespace": "shop", "password": "x", "metrics": {}}))
        MySqlDatabase("a-metrics", cast(MySqlDatabaseArgs, {"namespace": "shop", "password": "y"}))

    with pytest.raises(InputErrors, match="a name that MySqlDatabase a does not use"):
        deploy(both)


def test_a_services_metrics_have_a_port_of_their_own_that_only_scrapers_use():
    recorder = service(metrics={"port": 9100, "path": "/stats"})
    pod = recorder.one("Deployment", "authenticate-deployment").inputs["spec"]["template"]
    assert pod["spec"]["containers"][0]["ports"][1] == {"name": "metrics", "containerPort": 9100, "protocol": "TCP"}
    assert pod["metadata"]["annotations"] == {**FOUND, "prometheus.io/port": "9100", "prometheus.io/path": "/stats"}
    ports = recorder.one("Service", "authenticate-service").inputs["spec"]["ports"]
    assert [port["name"] for port in ports] == ["http", "metrics"]
    policy = recorder.one("NetworkPolicy", "authenticate-traffic").inputs["spec"]
    assert policy["ingress"] == [
        {"ports": [{"port": 5010, "protocol": "TCP"}]},
        {"from": [PROMETHEUS], "ports": [{"port": 9100, "protocol": "TCP"}]},
    ]


def test_a_service_without_metrics_has_neither_port_nor_annotation():
    recorder = service(metrics=None)
    pod = recorder.one("Deployment", "authenticate-deployment").inputs["spec"]["template"]
    assert [port["name"] for port in pod["spec"]["containers"][0]["ports"]] == ["http"]
    assert pod["metadata"].get("annotations", {}) == {}


def test_a_service_has_a_monitor_where_it_is_asked_for():
    spec = service(metrics={"monitor": True, "path": "/stats"}).one("PodMonitor", "authenticate-monitor").inputs["spec"]
    assert spec["podMetricsEndpoints"] == [{"port": "metrics", "path": "/stats"}]
    assert spec["selector"] == {"matchLabels": {"name": "authenticate-selector"}}


@pytest.mark.parametrize(
    ("component", "given", "message"),
    [
        (database, {"metrics": {"scrapers": []}}, r"metrics.scrapers = \[\]\n *rule: at least one"),
        (database, {"metrics": {"port": 80}}, "metrics.port = 80"),
        (database, {"metrics": {"image": "exporter"}}, "metrics.image"),
        (database, {"metrics": True}, r"metrics = True\n *rule: an object with image"),
        (service, {"metrics": {"port": 5010}}, "metrics.port = 5010\n *rule: another port than `port`"),
    ],
)
def test_what_is_not_allowed_is_named(component, given, message):
    with pytest.raises(InputErrors, match=message):
        component(**given)
