"""One case per rule: what is refused, under which key; and what is allowed stays allowed."""

from typing import Any, cast

import pytest

from components import AuthService, AuthServiceArgs, InputErrors, MySqlDatabase, MySqlDatabaseArgs, validation
from components.validation import InputError

MYSQL = {"namespace": "shop", "password": "app-pw", "root_password": "root-pw"}
AUTH = {"namespace": "shop", "image": "auth:1", "database_endpoint": "db:3306", "database_secret_name": "db"}


def keys(errors: list[InputError]) -> list[str]:
    return [error.key for error in errors]


@pytest.mark.parametrize(
    "name", ["", "a" * 41, "Auth", "my_sql", "-db", "db-", "9db", "bäd", "a.b", 7], ids=lambda name: repr(name)[:12]
)
def test_names_are_dns_labels_that_services_accept(name):
    assert keys(MySqlDatabase.check(name, cast(MySqlDatabaseArgs, MYSQL))) == ["name"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("namespace", "Shop"),
        ("namespace", None),
        ("password", ""),
        ("password", "a\nb"),
        ("password", "a\0b"),
        ("password", "x" * 256),
        ("password", None),
        ("root_password", ""),
        ("root_password", "app-pw"),
        ("username", "root"),
        ("username", "mysql.sys"),
        ("username", "a" * 33),
        ("username", "a'b"),
        ("username", ""),
        ("database_name", "mysql"),
        ("database_name", "SYS"),
        ("database_name", "a`b"),
        ("database_name", "a" * 65),
        ("image", ""),
        ("image", "mysql"),
        ("image", "My/sql:1"),
        ("image", "my sql:1"),
        ("image", "mysql@sha256:abc"),
        ("service_type", "LoadBalancer"),
        ("node_port", 29999),
        ("node_port", 32768),
        ("node_port", "abc"),
        ("node_port", True),
        ("port", 0),
        ("port", 65536),
        ("port", -1),
        ("port", 3306.5),
        ("storage_size", "0"),
        ("storage_size", "1,5Gi"),
        ("storage_size", "100Mi"),
        ("storage_size", "10GB"),
        ("cluster_domain", "cluster.local."),
        ("cluster_domain", "Cluster.local"),
        ("rollout_seconds", 5),
        ("node_port_cidrs", ["10.0.0.0/33"]),
        ("pasword", "x"),
    ],
    ids=lambda value: repr(value)[:16],
)
def test_bad_inputs_of_a_database(key, value):
    found = keys(MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {**MYSQL, key: value})))
    assert [name.removesuffix(".0") for name in found] == [key]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("memory_limit", "256MB"),
        ("memory_limit", "1,5Gi"),
        ("memory_limit", ""),
        ("memory_limit", "256m"),
        ("memory_limit", "512"),
        ("memory_limit", "256Mi"),
        ("memory_request", "1Gi"),
        ("cpu_limit", "500"),
        ("cpu_limit", "0"),
        ("cpu_limit", "0.5m"),
        ("cpu_request", "1"),
        ("cpu_requests", "1"),
    ],
)
def test_bad_resources(key, value):
    given = cast(MySqlDatabaseArgs, {**MYSQL, "resources": {key: value}})
    assert keys(MySqlDatabase.check("mysqlauth", given)) == [f"resources.{key}"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", "auth"),
        ("database_endpoint", "db"),
        ("database_endpoint", "db:99999"),
        ("replicas", 0),
        ("replicas", -1),
        ("replicas", "two"),
        ("port", 80),
        ("working_dir", "build"),
        ("databse_name", "x"),
    ],
)
def test_bad_inputs_of_a_service(key, value):
    assert keys(AuthService.check("authenticate", cast(AuthServiceArgs, {**AUTH, key: value}))) == [key]


@pytest.mark.parametrize(
    "image",
    [
        "mysql:9.7",
        "localhost/mysql:9.7.4",
        "registry.example.com:5000/team/auth:v1",
        f"mysql@sha256:{'0' * 64}",
        f"registry.example.com/a/b__c:1@sha256:{'f' * 64}",
    ],
)
def test_good_images(image):
    assert validation.image("image", image, "") == []


@pytest.mark.parametrize(("service_type", "refused"), [("NodePort", False), ("ClusterIP", True)])
def test_a_node_port_needs_a_service_of_that_type(service_type, refused):
    given = cast(MySqlDatabaseArgs, {**MYSQL, "service_type": service_type, "node_port": 32001})
    assert keys(MySqlDatabase.check("mysqlauth", given)) == (["node_port"] if refused else [])


def test_the_nearest_right_key_is_named():
    (error,) = validation.unknown_keys(["mysqlPasword"], ["mysqlPassword", "authImage"])
    assert (error.key, error.example) == ("mysqlPasword", "did you mean mysqlPassword?")


def test_a_stacks_errors_come_together_with_the_commands_that_put_them_right():
    errors = {
        "": validation.unknown_keys(["mysqlPort"], ["mysqlNodePort"]),
        "namespace": validation.name("name", "Prod", "production-cloud"),
        "mysql": [
            *validation.node_port("node_port", 29999, "NodePort"),
            *validation.byte_quantity("resources.memory_limit", "256MB", "320Mi", "512Mi"),
            *validation.password("password", ""),
        ],
    }
    with pytest.raises(InputErrors) as caught:
        validation.require_config(errors, "stack dev")
    assert str(caught.value).splitlines() == [
        "stack dev: 5 inputs are not allowed. Nothing was created or changed.",
        "1. mysqlPort = (unknown key)",
        "   rule: one of: mysqlNodePort",
        "   fix:  did you mean mysqlNodePort?",
        "2. namespaceName = 'Prod'",
        "   rule: 1 to 40 characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'",
        "   fix:  pulumi config set namespaceName production-cloud",
        "3. mysqlNodePort = 29999",
        "   rule: a node port, or 0 for one that the cluster chooses, 30000 to 32767",
        "   fix:  pulumi config set mysqlNodePort 32001",
        "4. mysqlResourcesMemoryLimit = '256MB'",
        "   rule: a number with Ki, Mi, Gi or Ti, at least 320Mi",
        "   fix:  pulumi config set mysqlResourcesMemoryLimit 512Mi",
        "5. mysqlPassword = (empty)",
        "   rule: 1 to 255 characters, no line break, no NUL",
        "   fix:  pulumi config set --secret mysqlPassword",
    ]


def test_a_limit_alone_is_the_request_too_as_in_kubernetes():
    given = cast(MySqlDatabaseArgs, {**MYSQL, "resources": {"memory_limit": "320Mi", "cpu_limit": "100m"}})
    assert MySqlDatabase.check("mysqlauth", given) == []


def test_good_inputs_raise_nothing():
    validation.require_config({"mysql": MySqlDatabase.check("mysqlauth", cast(Any, MYSQL))}, "stack dev")
