import base64
from typing import Any, cast

import pulumi
import pytest

from components import (
    DatabasePrivileges,
    DatabaseSize,
    InputErrors,
    MySqlDatabase,
    MySqlDatabaseArgs,
    ServiceType,
    TrafficPolicy,
)
from components.mysql import accounts

from .recorder import CHOSEN, MINE, Recorder, Secret, deploy

REQUIRED: MySqlDatabaseArgs = {"namespace": "shop", "password": "app-pw", "root_password": "root-pw"}


def database(**given: Any) -> Recorder:
    return deploy(lambda: MySqlDatabase("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, **given})))


def deployment(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]


def server(recorder: Recorder) -> dict[str, Any]:
    return deployment(recorder)["template"]["spec"]["containers"][0]


def test_children_names_and_parents():
    assert database().tree() == [
        ("Deployment", "mysqlauth-deployment", "mysqlauth"),
        ("MySqlDatabase", "mysqlauth", ""),
        ("NetworkPolicy", "mysqlauth-clients", "mysqlauth"),
        ("PersistentVolumeClaim", "mysqlauth-data", "mysqlauth"),
        ("Secret", "mysqlauth-credentials", "mysqlauth"),
        ("Secret", "mysqlauth-server", "mysqlauth"),
        ("Service", "mysqlauth-service", "mysqlauth"),
    ]


def test_outputs_come_from_what_the_cluster_made():
    secret = f"mysqlauth-credentials{CHOSEN}-live"
    assert database(node_port=32001).one("MySqlDatabase", "mysqlauth").outputs == {
        "connection": {
            "endpoint": "mysqlauth-service-live.shop.svc.cluster.local:3306",
            "secretName": secret,
            "namespace": "shop",
            "databaseName": "admin",
            "podPort": 3306,
            "userinfoKey": "userinfo",
        },
        "host": "mysqlauth-service-live.shop.svc.cluster.local",
        "port": 3306,
        "endpoint": "mysqlauth-service-live.shop.svc.cluster.local:3306",
        "serviceName": "mysqlauth-service-live",
        "namespace": "shop",
        "databaseName": "admin",
        "credentialsSecretName": secret,
        "claimName": "mysqlauth-data-live",
        "deploymentName": "mysqlauth-deployment-live",
        "nodePort": 32001,
        "accountConnections": {},
    }


def test_the_service_is_the_seeds():
    service = database(node_port=32001).one("Service", "mysqlauth-service").inputs
    assert service["spec"] == {
        "type": "NodePort",
        "selector": {"name": "mysqlauth-selector"},
        "ports": [{"name": "mysql", "port": 3306, "targetPort": "mysql", "nodePort": 32001, "protocol": "TCP"}],
    }
    # Without it every `up` waits 10 s for endpoints.
    assert service["metadata"]["annotations"] == {**MINE, "pulumi.com/skipAwait": "true"}


def test_service_type_and_ports_are_inputs():
    spec = database(service_type=ServiceType.CLUSTER_IP, port=3307).one("Service", "mysqlauth-service").inputs["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["ports"] == [{"name": "mysql", "port": 3307, "targetPort": "mysql", "protocol": "TCP"}]


def test_two_servers_never_share_a_data_directory():
    spec = deployment(database())
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_extra_labels_reach_pods_but_never_the_selector():
    spec = deployment(database(labels={"team": "payments"}))
    assert spec["selector"] == {"matchLabels": {"name": "mysqlauth-selector"}}
    assert spec["template"]["metadata"]["labels"] == {
        "team": "payments",
        "name": "mysqlauth-selector",
        "app.kubernetes.io/name": "mysql",
        "app.kubernetes.io/instance": "mysqlauth",
        "app.kubernetes.io/component": "database",
        "app.kubernetes.io/part-of": "kubeauth",
        "app.kubernetes.io/managed-by": "pulumi",
    }


def test_the_pod_is_restricted():
    pod = deployment(database())["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def test_no_secret_value_is_in_the_pod():
    recorder = database()
    assert "env" not in server(recorder)
    text = repr([entry.inputs for entry in recorder.all if entry.type.rpartition(":")[2] != "Secret"])
    assert "app-pw" not in text
    assert "root-pw" not in text
    assert "Secret(" not in text, "a secret inside the Deployment would hide its diff"


def test_secrets_are_immutable_and_hold_what_they_should():
    recorder = database()
    credentials, files = (recorder.one("Secret", f"mysqlauth-{kind}").inputs for kind in ("credentials", "server"))
    assert credentials["immutable"] is files["immutable"] is True
    assert isinstance(credentials["data"], Secret)
    assert isinstance(files["data"], Secret)
    decoded = {key: base64.b64decode(value).decode() for key, value in credentials["data"].value.items()}
    assert decoded == {"username": "admin", "password": "app-pw", "userinfo": "admin:app-pw"}
    assert {key: base64.b64decode(value).decode() for key, value in files["data"].value.items()} == {
        "root-password": "root-pw"
    }


def mounted_secrets(recorder: Recorder) -> list[str]:
    sources = deployment(recorder)["template"]["spec"]["volumes"][1]["projected"]["sources"]
    return [source["secret"]["name"] for source in sources]


def test_a_secret_is_immutable_and_named_at_random_so_that_another_password_is_another_secret_and_pods_restart():
    recorder = database()
    for child, mounted in zip(("credentials", "server"), mounted_secrets(recorder), strict=True):
        secret = recorder.one("Secret", f"mysqlauth-{child}").inputs
        # Pulumi replaces an immutable Secret whose content changes, and gives the new one a name of its own.
        assert secret["immutable"] is True
        assert "name" not in secret["metadata"], "a name that follows from the content tests a guessed password"
        assert mounted == f"mysqlauth-{child}{CHOSEN}-live"


def test_nothing_that_others_may_read_follows_from_a_password():
    one, other = (
        {
            entry.name: entry.inputs["metadata"] if entry.type.endswith(":Secret") else entry.inputs
            for entry in database(**given).all
        }
        for given in ({}, {"password": "other", "root_password": "another"})
    )
    assert one == other


def test_without_a_root_password_there_is_nothing_to_keep_for_the_server():
    recorder = deploy(lambda: MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw"}))
    assert [entry.name for entry in recorder.all if entry.type.endswith(":Secret")] == ["mysqlauth-credentials"]


def test_an_existing_secret_is_mounted_and_handed_on_and_none_is_made():
    recorder = deploy(lambda: MySqlDatabase("mysqlauth", {"namespace": "shop", "existing_secret": "vault"}))
    assert not [entry for entry in recorder.all if entry.type.endswith(":Secret")]
    assert mounted_secrets(recorder) == ["vault"]
    outputs = recorder.one("MySqlDatabase", "mysqlauth").outputs
    assert outputs["credentialsSecretName"] == "vault"
    assert "userinfoKey" not in outputs["connection"], "nobody knows whether somebody else's Secret has it"


def test_more_sql_is_the_servers_secret():
    recorder = database(init_sql="GRANT PROCESS ON *.* TO 'admin'@'%';")
    files = recorder.one("Secret", "mysqlauth-server").inputs["data"].value
    assert base64.b64decode(files["init.sql"]).decode() == "GRANT PROCESS ON *.* TO 'admin'@'%';"


def test_an_existing_claim_is_used_and_none_is_made():
    recorder = database(existing_claim="old-data")
    assert not [entry for entry in recorder.all if entry.type.endswith(":PersistentVolumeClaim")]
    volume = deployment(recorder)["template"]["spec"]["volumes"][0]
    assert volume["persistentVolumeClaim"] == {"claimName": "old-data"}
    assert recorder.one("MySqlDatabase", "mysqlauth").outputs["claimName"] == "old-data"


def test_settings_win_over_the_sizes_figures():
    arguments = server(database(settings={"innodb_log_buffer_size": "16M", "performance_schema": "ON"}))["args"]
    assert {"--innodb-log-buffer-size=16M", "--performance-schema=ON"} <= set(arguments)
    assert not {"--innodb-log-buffer-size=8M", "--performance-schema=OFF"} & set(arguments)


def test_a_given_certificate_is_the_servers():
    recorder = database(tls_secret="mysqlauth-tls")
    pod = deployment(recorder)["template"]["spec"]
    assert pod["volumes"][-1]["projected"]["sources"] == [{"secret": {"name": "mysqlauth-tls"}}]
    assert {"name": "tls", "mountPath": "/etc/kubeauth/tls", "readOnly": True} in server(recorder)["volumeMounts"]
    assert "--ssl-cert=/etc/kubeauth/tls/tls.crt" in server(recorder)["args"]
    assert "--ssl-key=/etc/kubeauth/tls/tls.key" in server(recorder)["args"]


def test_tls_can_be_optional():
    recorder = database(require_tls=False)
    assert "--require-secure-transport=OFF" in server(recorder)["args"]
    assert "TLS=REQUIRE NONE" in deployment(recorder)["template"]["spec"]["initContainers"][0]["args"]


def test_service_annotations_and_traffic_policy():
    recorder = database(service_annotations={"example.com/dns": "db"}, external_traffic_policy=TrafficPolicy.LOCAL)
    service = recorder.one("Service", "mysqlauth-service").inputs
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    assert service["metadata"]["annotations"] == {**MINE, "example.com/dns": "db", "pulumi.com/skipAwait": "true"}


def test_annotations_reach_every_child_and_the_pod():
    recorder = database(annotations={"example.com/owner": "payments"})
    for child in recorder.all[1:]:
        assert child.inputs["metadata"]["annotations"]["example.com/owner"] == "payments", child.name
    assert deployment(recorder)["template"]["metadata"]["annotations"] == {"example.com/owner": "payments"}


def test_placement_is_the_pods():
    placement = {
        "node_selector": {"disk": "ssd"},
        "tolerations": [
            {"key": "db", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 60.0},
            {"key": "old", "value": "yes"},
        ],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
        "priority_class_name": "databases",
    }
    pod = deployment(database(placement=placement))["template"]["spec"]
    assert pod["nodeSelector"] == {"disk": "ssd"}
    assert pod["tolerations"] == [
        {"key": "db", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60},
        {"key": "old", "value": "yes"},
    ]
    assert pod["affinity"] == placement["affinity"]
    assert pod["priorityClassName"] == "databases"


def test_clients_replace_the_default():
    clients = [{"pod_labels": {"app": "reports"}}, {"pod_labels": {"app": "etl"}, "namespace": "data"}]
    policy = database(clients=clients).one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]
    assert policy["ingress"][0]["from"] == [
        {"podSelector": {"matchLabels": {"app": "reports"}}},
        {
            "podSelector": {"matchLabels": {"app": "etl"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}},
        },
    ]


def test_image_and_schema_are_inputs():
    recorder = database(image="mine/mysql:1", database_name="shop")
    pod = deployment(recorder)["template"]["spec"]
    assert {part["image"] for part in (*pod["initContainers"], *pod["containers"])} == {"mine/mysql:1"}
    assert "DATABASE=shop" in pod["initContainers"][0]["args"]
    assert recorder.one("MySqlDatabase", "mysqlauth").outputs["databaseName"] == "shop"


def test_unchanged_inputs_keep_every_name():
    first, second = database(), database()
    assert {entry.name: entry.inputs for entry in first.all} == {entry.name: entry.inputs for entry in second.all}


def test_mysqld_is_process_1_and_nothing_overrides_what_the_pod_needs():
    container = server(database(settings={"max_connections": "200"}))
    assert container["command"] == ["mysqld"]
    assert container["args"] == [
        "--no-defaults",
        "--performance-schema=OFF",
        "--innodb-buffer-pool-size=128M",
        "--innodb-buffer-pool-chunk-size=4M",
        "--innodb-buffer-pool-instances=1",
        "--innodb-log-buffer-size=8M",
        "--temptable-max-ram=32M",
        "--slow-query-log-file=/dev/stderr",
        "--general-log-file=/dev/stderr",
        "--skip-log-bin",
        "--max-connections=200",
        "--datadir=/var/lib/mysql/data",
        "--init-file=/run/mysqld/init.sql",
        "--port=3306",
        "--socket=/run/mysqld/mysqld.sock",
        "--pid-file=/run/mysqld/mysqld.pid",
        "--tmpdir=/var/lib/mysql/tmp",
        "--innodb-tmpdir=/var/lib/mysql/tmp",
        "--secure-file-priv=NULL",
        "--require-secure-transport=ON",
        "--skip-name-resolve",
        "--mysqlx=OFF",
    ]


def test_what_is_wrong_with_the_secrets_is_told_before_anything_is_made():
    (init,) = deployment(database())["template"]["spec"]["initContainers"]
    assert init["command"][:2] == ["/bin/sh", "-c"]
    assert 0 < init["command"][2].index("read_key password") < init["command"][2].index("mysqld --no-defaults")
    assert init["args"] == [
        "DATABASE=admin",
        f"PRIVILEGES={accounts.PRIVILEGES['owner']}",
        f"BACKUP_PRIVILEGES={accounts.BACKUP_PRIVILEGES}",
        "TLS=REQUIRE SSL",
        "BACKUP=no",
        "CERTIFICATE=no",
        "SECRETS=/etc/kubeauth/secrets",
        "RUN=/run/mysqld",
        "PORT=3306",
        "VOLUME=/var/lib/mysql",
        "BIRTH=",
        "BINARY_LOG=no",
        "--",
        "--performance-schema=OFF",
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-buffer-size=8M",
    ]


def test_the_three_probes_ask_different_things():
    container = server(database())
    ping = ["mysqladmin", "--no-defaults", "--socket=/run/mysqld/mysqld.sock", "ping"]
    assert container["livenessProbe"]["exec"]["command"] == ping
    # What startup and readiness ask is shown on a server: tests/sql/test_start.py.
    assert container["startupProbe"]["exec"]["command"][3:] == ["startup", "RUN=/run/mysqld"]
    assert container["readinessProbe"]["exec"]["command"][3:] == [
        "readiness",
        "RUN=/run/mysqld",
        "VOLUME=/var/lib/mysql",
        "FREE=16",
        "CERTIFICATE=no",
    ]
    assert container["livenessProbe"]["failureThreshold"] * container["livenessProbe"]["periodSeconds"] == 60


@pytest.mark.parametrize(("given", "seconds"), [({}, 3600), ({"startup_seconds": 86400}, 86400)])
def test_a_start_may_take_as_long_as_the_input_says(given, seconds):
    probe = server(database(**given))["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] == seconds


def test_a_clean_shutdown_has_time():
    for given, seconds in (({}, 120), ({"shutdown_seconds": 600}, 600)):
        assert deployment(database(**given))["template"]["spec"]["terminationGracePeriodSeconds"] == seconds


def test_a_renewed_certificate_is_looked_for_where_there_is_one():
    recorder = database(tls_secret="tls")
    assert server(recorder)["readinessProbe"]["exec"]["command"][-1] == "CERTIFICATE=/etc/kubeauth/tls"
    assert "CERTIFICATE=/etc/kubeauth/tls" in deployment(recorder)["template"]["spec"]["initContainers"][0]["args"]


def test_what_counts_when_a_database_is_made_is_handed_to_its_making():
    given = {"lower_case_table_names": "1", "innodb_page_size": "16k", "innodb_use_native_aio": "OFF"}
    (init,) = deployment(database(settings=given))["template"]["spec"]["initContainers"]
    assert "BIRTH=lower-case-table-names=1" in init["args"], "without what is MySQL's own default"
    assert init["args"][-1] == "--innodb-use-native-aio=OFF"


@pytest.mark.parametrize(
    ("given", "rule", "fix"),
    [
        ({"skip_require_secure_transport": "1"}, "the pod depends on", "remove it"),
        ({"disable-skip-networking": ""}, "the pod depends on", "remove it"),
        ({"enable_skip_grant_tables": "1"}, "the pod depends on", "remove it"),
        ({"loose_skip_name_resolve": ""}, "the pod depends on", "remove it"),
        *(({name: "x"}, "the pod depends on", "remove it") for name in (
            "log_error", "plugin_dir", "basedir", "chroot", "mysqlx", "offline_mode", "super_read_only", "read_only",
            "init_file", "tmpdir", "user", "upgrade")),
        ({"max_conections": "9"}, "a setting that MySQL 9.7 has", "did you mean max_connections?"),
        ({"default_authentication_plugin": "x"}, "a setting that MySQL 9.7 has", "remove it: accounts"),
        ({"expire_logs_days": "1"}, "a setting that MySQL 9.7 has", "binlog_expire_logs_seconds"),
        ({"query_cache_size": "1M"}, "a setting that MySQL 9.7 has", "remove it: there is no query cache"),
        ({"validate_password.policy": "LOW"}, "with a dot only after loose-", "loose-validate_password.policy"),
        ({"max-connections": "9", "max_connections": "8"}, "the same setting", "remove one"),
        ({"log_bin": "/logs/x"}, "ON or OFF", "ON"),
        ({"max_connections": 9}, "text in one line", "'200'"),
        ({"innodb_buffer_pool_size": "400M"}, "at most 384M", "less of it"),
        ({"temptable_max_ram": "1G"}, "at most 384M", "less of it"),
    ],
)  # fmt: skip
def test_a_setting_that_would_stop_or_open_the_server_is_refused(given, rule, fix):
    (error,) = MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, "settings": given}))
    assert error.key.startswith("settings.")
    assert rule in error.rule
    assert fix in error.example


@pytest.mark.parametrize(
    "given",
    [
        {"max_connections": "200"},
        {"skip-innodb-adaptive-hash-index": ""},
        {"loose-whatever": "1"},
        {"loose-validate_password.policy": "LOW"},
        {"innodb_buffer_pool_size": "256M"},
    ],
)
def test_a_setting_that_mysqld_has_is_taken(given):
    assert MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, "settings": given})) == []


def test_of_another_series_not_every_name_is_known():
    given = {**REQUIRED, "image": "mysql:8.4", "settings": {"mysql_native_password": "ON"}}
    assert MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, given)) == []


def test_what_an_application_may_do_is_one_of_two_words():
    (init,) = deployment(database(privileges=DatabasePrivileges.DATA))["template"]["spec"]["initContainers"]
    assert "PRIVILEGES=DELETE, INSERT, SELECT, UPDATE" in init["args"]
    (error,) = MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, "privileges": "all"}))
    assert error.rule == "one of: owner, data"


def test_the_memory_limit_is_an_input_and_sizes_the_cache():
    container = server(database(resources={"memory_limit": "1Gi"}))
    assert container["resources"] == {
        "requests": {"cpu": "250m", "memory": "1Gi", "ephemeral-storage": "64Mi"},
        "limits": {"cpu": "500m", "memory": "1Gi", "ephemeral-storage": "512Mi"},
    }
    assert {
        "--innodb-buffer-pool-size=256M",
        "--innodb-log-buffer-size=16M",
        "--temptable-max-ram=64M",
    } <= set(container["args"])


@pytest.mark.parametrize(
    ("size", "requests", "limits", "cache", "log", "tables"),
    [
        (
            DatabaseSize.SMALL,
            {"cpu": "100m", "memory": "320Mi"},
            {"cpu": "500m", "memory": "320Mi"},
            "80M",
            "5M",
            "20M",
        ),
        ("medium", {"cpu": "250m", "memory": "384Mi"}, {"cpu": "500m", "memory": "512Mi"}, "128M", "8M", "32M"),
        ("large", {"cpu": "1", "memory": "2Gi"}, {"cpu": "2", "memory": "2Gi"}, "1024M", "32M", "128M"),
    ],
)
def test_a_size_is_requests_limits_and_what_the_server_makes_of_them(size, requests, limits, cache, log, tables):
    container = server(database(size=size))
    disk = {"requests": {"ephemeral-storage": "64Mi"}, "limits": {"ephemeral-storage": "512Mi"}}
    assert container["resources"] == {
        "requests": {**requests, **disk["requests"]},
        "limits": {**limits, **disk["limits"]},
    }
    assert {
        f"--innodb-buffer-pool-size={cache}",
        f"--innodb-log-buffer-size={log}",
        f"--temptable-max-ram={tables}",
    } <= set(container["args"])


def test_without_a_size_a_database_is_medium():
    assert deployment(database()) == deployment(database(size=DatabaseSize.MEDIUM))


def test_given_resources_win_over_the_size():
    resources = server(database(size="large", resources={"memory_limit": "1Gi"}))["resources"]
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("1", "1Gi")
    assert (resources["limits"]["cpu"], resources["limits"]["memory"]) == ("2", "1Gi")
    with pytest.raises(InputErrors, match=r"resources\.memory_request"):
        database(size="small", resources={"memory_request": "512Mi"})


def test_a_size_that_there_is_not_is_refused_with_those_that_there_are():
    (error,) = MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, "size": "huge"}))
    assert (error.key, error.value, error.rule) == ("size", "'huge'", "one of: small, medium, large")


@pytest.mark.parametrize(
    ("given", "protect"), [({}, True), ({"retain_data": True}, True), ({"retain_data": False}, False)]
)
def test_the_claim_is_protected_unless_the_stack_is_throw_away(given, protect):
    claim = database(**given).one("PersistentVolumeClaim", "mysqlauth-data")
    assert claim.protect is protect


def test_storage_is_an_input():
    claim = database(storage_size="5Gi", storage_class="fast").one("PersistentVolumeClaim", "mysqlauth-data")
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "5Gi"}},
        "storageClassName": "fast",
    }


@pytest.mark.parametrize("clients", [[], pulumi.Output.from_input([])])
def test_no_clients_are_nobody_and_not_everybody(clients):
    """In Kubernetes a rule without sources is about all of them."""
    policy = database(clients=clients).one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]
    assert not policy["ingress"]
    assert "Ingress" in policy["policyTypes"]


def test_only_clients_of_this_system_and_named_networks_reach_the_server():
    policy = database(node_port_cidrs=["10.0.0.0/8"]).one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]
    assert policy == {
        "podSelector": {"matchLabels": {"name": "mysqlauth-selector"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "kubeauth"}}},
                    {"ipBlock": {"cidr": "10.0.0.0/8"}},
                ],
                "ports": [{"port": 3306, "protocol": "TCP"}],
            }
        ],
    }


def test_up_waits_as_long_as_it_is_told():
    assert database().one("Deployment", "mysqlauth-deployment").timeouts == "300s"
    assert database(rollout_seconds=60).one("Deployment", "mysqlauth-deployment").timeouts == "60s"


def test_a_cluster_with_another_domain():
    outputs = database(cluster_domain="corp.internal").one("MySqlDatabase", "mysqlauth").outputs
    assert outputs["host"] == "mysqlauth-service-live.shop.svc.corp.internal"


def test_whole_numbers_of_other_languages_arrive_as_floats():
    spec = database(node_port=32001.0, port=3306.0).one("Service", "mysqlauth-service").inputs["spec"]
    assert spec["ports"][0]["nodePort"] == 32001


def test_a_password_that_is_an_output_is_checked_when_it_resolves():
    with pytest.raises(InputErrors, match=r"password = \(empty\)"):
        database(password=pulumi.Output.secret(""))


def test_all_errors_at_once_and_nothing_registered():
    with pytest.raises(InputErrors) as caught:
        MySqlDatabase(
            "mysqlauth",
            cast(
                MySqlDatabaseArgs,
                {
                    "namespace": "shop",
                    "password": "same",
                    "root_password": "same",
                    "node_port": 29999,
                    "username": "root",
                    "imag": "x",
                },
            ),
        )
    assert [(error.key, error.value) for error in caught.value.inputs] == [
        ("imag", "(unknown key)"),
        ("root_password", "[secret]"),
        ("username", "'root'"),
        ("node_port", "29999"),
    ]
    assert "same'" not in str(caught.value)


MORE: dict[str, Any] = {
    "schemas": [{"name": "orders", "collation": "utf8mb4_bin"}],
    "accounts": {
        "my_orders": {"schemas": ["orders"], "password": pulumi.Output.secret("o:pw")},
        "reports": {"schemas": ["admin", "orders"], "privileges": "data", "existing_secret": "vault"},
    },
}


def test_each_account_has_a_secret_and_a_connection_of_its_own():
    recorder = database(**MORE)
    secret = recorder.one("Secret", "mysqlauth-account-my-orders").inputs["data"].value
    assert {key: base64.b64decode(text).decode() for key, text in secret.items()} == {
        "username": "my_orders",
        "password": "o:pw",
        "userinfo": "my_orders:o%3Apw",
    }
    outputs = recorder.one("MySqlDatabase", "mysqlauth").outputs
    own, theirs = (outputs["accountConnections"][name] for name in ("my_orders", "reports"))
    assert own == {
        **outputs["connection"],
        "secretName": f"mysqlauth-account-my-orders{CHOSEN}-live",
        "databaseName": "orders",
    }
    assert (theirs["secretName"], theirs["databaseName"], "userinfoKey" in theirs) == ("vault", "admin", False)
    spec = deployment(recorder)["template"]["spec"]
    assert spec["volumes"][1]["projected"]["sources"][2:] == [
        {
            "secret": {
                "name": name,
                "items": [{"key": key, "path": f"accounts/{account}/{key}"} for key in ("username", "password")],
            }
        }
        for account, name in (("my_orders", own["secretName"]), ("reports", "vault"))
    ]
    assert not isinstance(spec["initContainers"], Secret), "a secret inside the Deployment would hide its diff"


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"accounts": {"a": {"schemas": ["elsewhere"], "password": "x"}}}, "accounts.a.schemas"),
        ({"accounts": {"a": {"schemas": [], "password": "x"}}}, "accounts.a.schemas"),
        ({"accounts": {"a": {"schemas": ["admin"]}}}, "accounts.a"),
        ({"accounts": {"a": {"schemas": ["admin"], "password": "x", "existing_secret": "y"}}}, "accounts.a"),
        ({"accounts": {"admin": {"schemas": ["admin"], "password": "x"}}}, "accounts.admin"),
        ({"accounts": {"root": {"schemas": ["admin"], "password": "x"}}}, "accounts.root"),
        ({"accounts": {n: {"schemas": ["admin"], "password": "x"} for n in ("a_b", "a-b")}}, "accounts.a-b"),
        ({"accounts": {"a": {"schemas": ["admin"], "password": "x", "previous_password": "x"}}},
         "accounts.a.previous_password"),
        ({"schemas": [{"name": "a"}, {"name": "a"}]}, "schemas"),
        ({"schemas": [{"name": "a", "collation": "utf8; DROP"}]}, "schemas.0.collation"),
        ({"previous_password": "app-pw"}, "previous_password"),
    ],
)  # fmt: skip
def test_accounts_and_schemas_that_would_not_work_are_refused(given, key):
    found = MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, **given}))
    assert [error.key for error in found] == [key]
    assert "'x'" not in str(found[0]), "a password is not shown"
