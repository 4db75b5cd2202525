from typing import Any, cast

import pulumi
import pytest

from components import AuthService, AuthServiceArgs, DatabaseConnection, InputErrors, MySqlDatabase

from .recorder import CHOSEN, MINE, Recorder, deploy

ENDPOINT = "mysqlauth-service.shop.svc.cluster.local:3306"
REQUIRED: AuthServiceArgs = {
    "namespace": "shop",
    "image": "authenticate:1.0.0",
    "database_endpoint": ENDPOINT,
    "database_secret_name": "mysqlauth-credentials",
}


def auth(**given: Any) -> Recorder:
    return deploy(lambda: AuthService("authenticate", cast(AuthServiceArgs, {**REQUIRED, **given})))


def deployment(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("Deployment", "authenticate-deployment").inputs["spec"]


def container(recorder: Recorder) -> dict[str, Any]:
    return deployment(recorder)["template"]["spec"]["containers"][0]


def test_children_names_and_parents():
    assert auth().tree() == [
        ("AuthService", "authenticate", ""),
        ("Deployment", "authenticate-deployment", "authenticate"),
        ("NetworkPolicy", "authenticate-traffic", "authenticate"),
        ("Service", "authenticate-service", "authenticate"),
        ("ServiceAccount", "authenticate-account", "authenticate"),
    ]


def test_outputs():
    assert auth().one("AuthService", "authenticate").outputs == {
        "deploymentName": "authenticate-deployment-live",
        "serviceName": "authenticate-service-live",
        "databaseHost": ENDPOINT,
        "nodePort": 0,
    }


def test_db_host_is_the_endpoint_and_passwords_are_references():
    def from_secret(key: str) -> dict[str, Any]:
        return {"secretKeyRef": {"name": "mysqlauth-credentials", "key": key}}

    assert container(auth(database_name="admin"))["env"] == [
        {"name": "DB_HOST", "value": ENDPOINT},
        {"name": "DB_USER", "valueFrom": from_secret("username")},
        {"name": "DB_PASS", "valueFrom": from_secret("password")},
        {"name": "DB_NAME", "value": "admin"},
    ]


CONNECTION: DatabaseConnection = {
    "endpoint": ENDPOINT,
    "secret_name": "mysqlauth-credentials",
    "namespace": "shop",
    "database_name": "admin",
}


def from_connection(database: Any, **given: Any) -> Recorder:
    args = {"image": "authenticate:1.0.0", "database": database, **given}
    return deploy(lambda: AuthService("authenticate", cast(AuthServiceArgs, args)))


@pytest.mark.parametrize("resolve", [lambda value: value, pulumi.Output.from_input], ids=["plain", "output"])
def test_a_connection_says_the_same_as_the_inputs_one_by_one(resolve):
    def registered(recorder: Recorder) -> dict[tuple[str, str], dict[str, Any]]:
        # Children without dependencies on each other are registered in any order.
        return {(entry.type, entry.name): vars(entry) for entry in recorder.all}

    assert registered(from_connection(resolve(CONNECTION))) == registered(auth(database_name="admin"))


def test_a_database_hands_its_connection_to_the_service():
    def program() -> None:
        database = MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw"})
        AuthService("authenticate", {"image": "authenticate:1.0.0", "database": database.connection})

    recorder = deploy(program)
    env = {entry["name"]: entry for entry in container(recorder)["env"]}
    assert env["DB_HOST"]["value"] == "mysqlauth-service-live.shop.svc.cluster.local:3306"
    assert env["DB_NAME"]["value"] == "admin"
    assert env["DB_PASS"]["valueFrom"]["secretKeyRef"]["name"] == f"mysqlauth-credentials{CHOSEN}-live"
    assert recorder.one("Deployment", "authenticate-deployment").inputs["metadata"]["namespace"] == "shop"


def test_the_policy_opens_the_port_of_the_databases_pods_not_of_its_service():
    def program() -> None:
        database = MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw", "port": 3307})
        AuthService("authenticate", {"image": "authenticate:1.0.0", "database": database.connection})

    recorder = deploy(program)
    [_, database] = recorder.one("NetworkPolicy", "authenticate-traffic").inputs["spec"]["egress"]
    assert database["ports"] == [{"port": 3306, "protocol": "TCP"}]
    assert container(recorder)["env"][0]["value"] == "mysqlauth-service-live.shop.svc.cluster.local:3307"


def test_a_connection_that_lacks_something_gates_what_depends_on_it():
    with pytest.raises(InputErrors) as caught:
        from_connection(pulumi.Output.from_input({"endpoint": ENDPOINT, "secret_name": "x", "database_name": "y"}))
    assert str(caught.value).splitlines() == [
        "AuthService authenticate: 1 input is not allowed. What depends on it was not created or changed.",
        "1. database.namespace = (missing)",
        "   rule: required",
        "   fix:  give database.namespace",
    ]


def test_a_database_is_named_once():
    given = cast(AuthServiceArgs, {**REQUIRED, "database": CONNECTION})
    assert [(error.key, error.rule) for error in AuthService.check("authenticate", given)] == [
        ("database_endpoint", "not together with database"),
        ("database_secret_name", "not together with database"),
    ]


def test_command_arguments_and_directory_are_the_stacks_or_the_images():
    given = container(
        auth(command=["/bin/sh", "-c"], args=["python run.py"], working_dir="/build/authenticate_service")
    )
    assert (given["command"], given["args"]) == (["/bin/sh", "-c"], ["python run.py"])
    assert given["workingDir"] == "/build/authenticate_service"
    assert not {"command", "args", "workingDir"} & set(container(auth(command=[], args=[], working_dir="")))


def test_the_name_is_asked_once_for_each_address_family():
    pod = deployment(auth())["template"]["spec"]
    assert pod["dnsConfig"] == {"options": [{"name": "ndots", "value": "2"}]}


def test_pods_have_no_token_and_an_account_of_their_own():
    recorder = auth()
    pod = deployment(recorder)["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "authenticate-account-live"
    assert recorder.one("ServiceAccount", "authenticate-account").inputs["automountServiceAccountToken"] is False


def test_a_missing_database_makes_pods_unready_but_restarts_none():
    probes = container(auth())
    assert probes["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 5010}
    assert probes["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": 5010}
    assert probes["startupProbe"]["httpGet"] == {"path": "/healthz", "port": 5010}


def test_a_start_is_seen_within_a_second_and_readiness_is_asked_seldom():
    probes = container(auth())
    seconds = [probes[kind]["periodSeconds"] for kind in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert seconds == [1, 5, 10]


def test_old_pods_serve_until_new_ones_are_ready():
    assert deployment(auth())["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }


def test_pods_reach_dns_and_the_namespace_of_their_database_only():
    policy = auth().one("NetworkPolicy", "authenticate-traffic").inputs["spec"]
    assert policy == {
        "podSelector": {"matchLabels": {"name": "authenticate-selector"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": 5010, "protocol": "TCP"}]}],
        "egress": [
            {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
            {
                "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}],
                "ports": [{"port": 3306, "protocol": "TCP"}],
            },
        ],
    }


def test_a_database_outside_the_cluster_is_reached_by_its_port():
    policy = auth(database_endpoint="db.example.com:3307").one("NetworkPolicy", "authenticate-traffic")
    assert policy.inputs["spec"]["egress"][1] == {"ports": [{"port": 3307, "protocol": "TCP"}]}


def test_several_pods_get_a_disruption_budget():
    recorder = auth(replicas=3)
    assert deployment(recorder)["replicas"] == 3
    assert recorder.one("PodDisruptionBudget", "authenticate-disruption-budget").inputs["spec"] == {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": {"name": "authenticate-selector"}},
    }


def test_the_port_is_one_input_for_container_service_and_policy():
    recorder = auth(port=8080)
    assert container(recorder)["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    assert recorder.one("Service", "authenticate-service").inputs["spec"] == {
        "type": "ClusterIP",
        "selector": {"name": "authenticate-selector"},
        "ports": [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}],
    }
    policy = recorder.one("NetworkPolicy", "authenticate-traffic").inputs["spec"]
    assert policy["ingress"] == [{"ports": [{"port": 8080, "protocol": "TCP"}]}]


def test_an_account_in_a_secret_of_another_form():
    env = container(
        auth(database_secret_name="operator", database_username_key="user", database_password_key="rootPassword")
    )["env"]
    assert [entry["valueFrom"]["secretKeyRef"] for entry in env[1:]] == [
        {"name": "operator", "key": "user"},
        {"name": "operator", "key": "rootPassword"},
    ]


def test_a_database_in_another_namespace_that_is_meant():
    recorder = auth(database_endpoint="db.data.svc.cluster.local:3306", database_namespace="data")
    policy = recorder.one("NetworkPolicy", "authenticate-traffic").inputs["spec"]
    assert policy["egress"][1]["to"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "data"}}}
    ]


def test_another_namespace_that_is_an_output_is_refused_when_it_resolves():
    with pytest.raises(InputErrors, match="give database_namespace: data"):
        auth(database_endpoint=pulumi.Output.from_input("db.data.svc.cluster.local:3306"))


def test_the_servers_certificate_is_verified_with_a_given_authority():
    recorder = auth(database_ca_secret_name="mysqlauth-tls")
    pod = deployment(recorder)["template"]["spec"]
    assert pod["volumes"][1] == {
        "name": "database-ca",
        "projected": {
            "defaultMode": 0o440,
            "sources": [{"secret": {"name": "mysqlauth-tls", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}],
        },
    }
    assert container(recorder)["volumeMounts"][1] == {
        "name": "database-ca",
        "mountPath": "/etc/kubeauth/database",
        "readOnly": True,
    }
    assert container(recorder)["env"][3:] == [
        {"name": "DB_TLS", "value": "verify-identity"},
        {"name": "DB_TLS_CA", "value": "/etc/kubeauth/database/ca.crt"},
    ]


def test_more_variables_plain_and_from_secrets():
    env = container(auth(env={"LOG_LEVEL": "debug"}, secret_env={"SMTP": {"secret_name": "smtp", "key": "pw"}}))["env"]
    assert env[3:] == [
        {"name": "LOG_LEVEL", "value": "debug"},
        {"name": "SMTP", "valueFrom": {"secretKeyRef": {"name": "smtp", "key": "pw"}}},
    ]


def test_probes_are_inputs():
    given = container(auth(probes={"liveness_path": "/live", "readiness_path": "/ready", "startup_seconds": 300.0}))
    assert given["livenessProbe"]["httpGet"]["path"] == given["startupProbe"]["httpGet"]["path"] == "/live"
    assert given["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert given["startupProbe"]["failureThreshold"] * given["startupProbe"]["periodSeconds"] == 300


def test_the_service_can_have_a_node_port_and_annotations():
    recorder = auth(service_type="NodePort", node_port=30080, service_annotations={"example.com/dns": "auth"})
    service = recorder.one("Service", "authenticate-service").inputs
    assert service["spec"]["type"] == "NodePort"
    assert service["spec"]["ports"][0]["nodePort"] == 30080
    assert service["metadata"]["annotations"] == {**MINE, "example.com/dns": "auth", "pulumi.com/skipAwait": "true"}
    assert recorder.one("AuthService", "authenticate").outputs["nodePort"] == 30080


def test_several_pods_spread_over_the_nodes():
    assert deployment(auth(replicas=2))["template"]["spec"]["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"name": "authenticate-selector"}},
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]
    assert "topologySpreadConstraints" not in deployment(auth())["template"]["spec"]


def test_annotations_reach_every_child_and_the_pods():
    recorder = auth(replicas=2, annotations={"example.com/owner": "payments"})
    for child in recorder.all[1:]:
        assert child.inputs["metadata"]["annotations"]["example.com/owner"] == "payments", child.name
    assert deployment(recorder)["template"]["metadata"]["annotations"] == {"example.com/owner": "payments"}


def test_labels_reach_every_child_and_the_pods():
    recorder = auth(replicas=2, labels={"team": "payments"})
    for child in recorder.all[1:]:
        assert child.inputs["metadata"]["labels"]["team"] == "payments", child.name
    assert deployment(recorder)["template"]["metadata"]["labels"]["team"] == "payments"


def test_placement_is_the_pods():
    pod = deployment(auth(placement={"node_selector": {"zone": "a"}}))["template"]["spec"]
    assert pod["nodeSelector"] == {"zone": "a"}


def test_the_cluster_domain_tells_which_endpoints_are_services():
    recorder = auth(
        database_endpoint="db.shop.svc.corp.internal:3306", cluster_domain="corp.internal", rollout_seconds=60
    )
    policy = recorder.one("NetworkPolicy", "authenticate-traffic").inputs["spec"]
    assert "to" in policy["egress"][1]
    assert recorder.one("Deployment", "authenticate-deployment").timeouts == "60s"


def test_resources_default_to_the_seeds():
    assert container(auth())["resources"] == {
        "requests": {"cpu": "250m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "512Mi"},
    }


def test_a_bad_endpoint_that_is_an_output_is_refused_when_it_resolves():
    with pytest.raises(InputErrors, match="database_endpoint = 'db'"):
        auth(database_endpoint=pulumi.Output.from_input("db"))


def test_all_errors_at_once():
    with pytest.raises(InputErrors) as caught:
        AuthService(
            "authenticate", cast(AuthServiceArgs, {"namespace": "shop", "image": "auth", "replicas": 0, "port": 80})
        )
    assert [error.key for error in caught.value.inputs] == [
        "image",
        "port",
        "replicas",
        "database_endpoint",
        "database_secret_name",
    ]


def test_a_variable_of_the_databases_prefix_that_nothing_sets_is_free():
    env = container(auth(env={"DB_POOL_SIZE": "5", "DB_TLS": "disabled", "DB_PORT": "3306"}))["env"]
    assert [entry["name"] for entry in env[3:]] == ["DB_POOL_SIZE", "DB_TLS", "DB_PORT"]


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"env": {"DB_HOST": "x"}}, "env.DB_HOST"),
        ({"database_name": "a", "env": {"DB_NAME": "x"}}, "env.DB_NAME"),
        ({"database_ca_secret_name": "ca", "env": {"DB_TLS": "x"}}, "env.DB_TLS"),
        ({"database_env": {"DB_PORT": "port"}, "env": {"DB_PORT": "1"}}, "env.DB_PORT"),
        ({"database_env": {"DATABASE_URL": "url"}, "env": {"DB_USERINFO": "x"}}, "env.DB_USERINFO"),
        ({"binding": "db", "env": {"SERVICE_BINDING_ROOT": "/x"}}, "env.SERVICE_BINDING_ROOT"),
        ({"env": {"A": "x"}, "secret_env": {"A": {"secret_name": "s", "key": "k"}}}, "secret_env.A"),
    ],
)
def test_no_variable_is_set_twice(given, refused):
    found = AuthService.check("authenticate", cast(AuthServiceArgs, {**REQUIRED, **given}))
    assert [error.key for error in found] == [refused]


def test_frameworks_read_the_database_under_their_own_names():
    names = {"DB_HOST": "host", "DB_PORT": "port", "DB_DATABASE": "database", "DATABASE_URL": "url"}
    env = container(auth(database_name="admin", database_env=names))["env"]
    values = {entry["name"]: entry.get("value") for entry in env}
    assert values == {
        "DB_HOST": "mysqlauth-service.shop.svc.cluster.local",
        "DB_USER": None,
        "DB_PASS": None,
        "DB_NAME": "admin",
        "DB_PORT": "3306",
        "DB_DATABASE": "admin",
        "DATABASE_URL": f"mysql://$(DB_USER):$(DB_PASS)@{ENDPOINT}/admin",
    }
    assert list(values).index("DATABASE_URL") > list(values).index("DB_PASS"), "the kubelet knows only what is before"


def test_a_url_takes_the_account_encoded_where_the_secret_has_it():
    recorder = auth(database_name="a/b", database_env={"DATABASE_URL": "url"}, database_userinfo_key="userinfo")
    env = container(recorder)["env"]
    secret = env[1]["valueFrom"]["secretKeyRef"]["name"]
    assert env[-2:] == [
        {"name": "DB_USERINFO", "valueFrom": {"secretKeyRef": {"key": "userinfo", "name": secret}}},
        {"name": "DATABASE_URL", "value": f"mysql://$(DB_USERINFO)@{ENDPOINT}/a%2Fb"},
    ]


def test_a_binding_is_a_folder_with_a_file_for_each_value():
    recorder = auth(database_name="admin", binding="orders-db", annotations={"example.com/team": "a"})
    assert container(recorder)["env"][-1] == {"name": "SERVICE_BINDING_ROOT", "value": "/bindings"}
    template = recorder.one("Deployment", "authenticate-deployment").inputs["spec"]["template"]
    [volume] = [each for each in template["spec"]["volumes"] if each["name"] == "binding"]
    assert {"name": "binding", "mountPath": "/bindings/orders-db", "readOnly": True} in container(recorder)[
        "volumeMounts"
    ]
    values, account = volume["projected"]["sources"]
    annotations = template["metadata"]["annotations"]
    files = {
        item["path"]: annotations[
            item["fieldRef"]["fieldPath"].removeprefix("metadata.annotations['").removesuffix("']")
        ]
        for item in values["downwardAPI"]["items"]
    }
    assert files == {
        "type": "mysql",
        "host": "mysqlauth-service.shop.svc.cluster.local",
        "port": "3306",
        "database": "admin",
    }
    assert account["secret"]["items"] == [
        {"key": "username", "path": "username"},
        {"key": "password", "path": "password"},
    ]
    assert annotations["example.com/team"] == "a"


def test_without_a_binding_there_is_none():
    template = auth().one("Deployment", "authenticate-deployment").inputs["spec"]["template"]
    assert "binding" not in repr(template).lower()


def test_more_that_the_pods_may_talk_to():
    egress = [{"cidr": "203.0.113.0/24", "ports": [587]}, {"namespace": "redis", "pod_labels": {"app": "redis"}}]
    found = auth(egress=egress).one("NetworkPolicy", "authenticate-traffic").inputs["spec"]["egress"][2:]
    assert found == [
        {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 587, "protocol": "TCP"}]},
        {
            "to": [
                {
                    "podSelector": {"matchLabels": {"app": "redis"}},
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "redis"}},
                }
            ]
        },
    ]


def test_a_pod_serves_on_while_nodes_learn_that_it_goes():
    recorder = auth(drain_seconds=7, shutdown_seconds=30)
    assert container(recorder)["lifecycle"] == {"preStop": {"sleep": {"seconds": 7}}}
    assert deployment(recorder)["template"]["spec"]["terminationGracePeriodSeconds"] == 37
    assert "lifecycle" not in container(auth(drain_seconds=0))


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"kind": "tcp"}, {"tcpSocket": {"port": 5010}}),
        ({"kind": "tcp", "port": 9000}, {"tcpSocket": {"port": 9000}}),
        ({"kind": "exec", "command": ["/check"]}, {"exec": {"command": ["/check"]}}),
        ({"kind": "grpc"}, {"grpc": {"port": 5010}}),
        (
            {"path": "/up", "headers": {"Host": "auth.example.com"}},
            {
                "httpGet": {
                    "path": "/up",
                    "port": 5010,
                    "httpHeaders": [{"name": "Host", "value": "auth.example.com"}],
                }
            },
        ),
    ],
)
def test_health_is_asked_in_any_of_kubernetes_ways(probe, expected):
    found = container(auth(probes={"readiness": probe}))["readinessProbe"]
    assert {key: value for key, value in found.items() if key in {"tcpSocket", "exec", "grpc", "httpGet"}} == expected


def test_health_need_not_be_asked():
    found = container(auth(probes={"liveness": {"kind": "none"}, "readiness": {"kind": "none"}}))
    assert not {"livenessProbe", "readinessProbe", "startupProbe"} & found.keys()


def test_volumes_of_the_container():
    volumes = [
        {"mount_path": "/etc/app", "secret_name": "app"},
        {"mount_path": "/var/cache", "scratch_size": "128Mi"},
        {"mount_path": "/data", "claim_name": "files"},
    ]
    recorder = auth(volumes=volumes)
    assert deployment(recorder)["template"]["spec"]["volumes"][1:] == [
        {"name": "volume-0", "secret": {"secretName": "app", "defaultMode": 0o440}},
        {"name": "volume-1", "emptyDir": {"sizeLimit": "128Mi"}},
        {"name": "volume-2", "persistentVolumeClaim": {"claimName": "files"}},
    ]
    assert container(recorder)["volumeMounts"][1:] == [
        {"name": "volume-0", "mountPath": "/etc/app", "readOnly": True},
        {"name": "volume-1", "mountPath": "/var/cache"},
        {"name": "volume-2", "mountPath": "/data"},
    ]


def test_containers_beside_the_services_are_restricted_too():
    recorder = auth(
        sidecars=[{"name": "proxy", "image": "proxy:1", "securityContext": {"readOnlyRootFilesystem": False}}]
    )
    [_, sidecar] = deployment(recorder)["template"]["spec"]["containers"]
    assert sidecar["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": False,
    }


def test_an_autoscaler_decides_how_many_pods_there_are():
    recorder = auth(autoscaling={"max_replicas": 5})
    assert "replicas" not in deployment(recorder)
    spec = recorder.one("HorizontalPodAutoscaler", "authenticate-autoscaler").inputs["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 5)
    assert spec["scaleTargetRef"]["name"] == "authenticate-deployment-live"
    recorder.one("PodDisruptionBudget", "authenticate-disruption-budget")


def test_an_ingress_or_a_route_stands_in_front():
    recorder = auth(
        ingress={"host": "auth.example.com", "tls_secret_name": "tls"}, http_route={"gateway_name": "public"}
    )
    spec = recorder.one("Ingress", "authenticate-ingress").inputs["spec"]
    assert spec["tls"] == [{"hosts": ["auth.example.com"], "secretName": "tls"}]
    [path] = spec["rules"][0]["http"]["paths"]
    assert path["backend"]["service"] == {"name": "authenticate-service-live", "port": {"name": "http"}}
    route = recorder.one("HTTPRoute", "authenticate-route").inputs["spec"]
    assert route["parentRefs"] == [{"name": "public"}]
    assert route["rules"][0]["backendRefs"] == [{"name": "authenticate-service-live", "port": 5010}]


def test_an_account_of_ones_own_and_one_with_a_clouds_role():
    recorder = auth(service_account_name="mine")
    assert deployment(recorder)["template"]["spec"]["serviceAccountName"] == "mine"
    assert not [entry for entry in recorder.all if entry.type.endswith(":ServiceAccount")]
    account = auth(service_account_annotations={"eks.amazonaws.com/role-arn": "arn"}).one(
        "ServiceAccount", "authenticate-account"
    )
    assert account.inputs["metadata"]["annotations"] == {**MINE, "eks.amazonaws.com/role-arn": "arn"}
