"""One case per rule: what is refused, under which key; and what is allowed stays allowed."""

from typing import Any, cast

import pytest

from components import AuthService, AuthServiceArgs, InputError, InputErrors, MySqlDatabase, MySqlDatabaseArgs
from components.inputs import errors, quantities, validation
from components.kubernetes import services
from components.mysql import validation as mysql_validation
from tests.bad_inputs import AUTH, MYSQL, Case, cases

from .recorder import deploy


def keys(errors: list[InputError]) -> list[str]:
    return [error.key for error in errors]


def shown(case: Case) -> str:
    return f"{case.component}-{case.key}-{case.value!r}"[:60]


@pytest.mark.parametrize("case", list(cases()), ids=shown)
def test_a_bad_input_is_refused_under_its_own_key(case):
    # A list or map names the entry: clients.0.pod_labels.
    found = [key if key == case.key else key[: len(case.key)] for key in keys(case.errors())]
    assert set(found) == {case.key}


@pytest.mark.parametrize(
    "image",
    [
        "mysql:9.7",
        "localhost/mysql:9.7",
        "registry.example.com:5000/team/auth:v1",
        f"mysql@sha256:{'a' * 64}",
        f"registry.example.com/a/b__c:1@sha256:{'f' * 64}",
    ],
)
def test_good_images(image):
    assert validation.image("")("image", image) == []


@pytest.mark.parametrize(("service_type", "refused"), [("NodePort", False), ("ClusterIP", True)])
def test_a_node_port_needs_a_service_of_that_type(service_type, refused):
    given = cast(MySqlDatabaseArgs, {**MYSQL, "service_type": service_type, "node_port": 32001})
    assert keys(MySqlDatabase.check("mysqlauth", given)) == (["node_port"] if refused else [])


def test_a_node_port_belongs_to_one_service_of_a_program():
    def program() -> None:
        for name in ("orders", "users"):
            MySqlDatabase(name, cast(MySqlDatabaseArgs, {**MYSQL, "node_port": 32001}))

    with pytest.raises(InputErrors) as caught:
        deploy(program)
    assert [(error.key, error.value, error.rule) for error in caught.value.inputs] == [
        ("node_port", "32001", "not the node port of MySqlDatabase orders")
    ]
    # Another program, or the same one a second time, starts anew.
    assert keys(MySqlDatabase.check("orders", cast(MySqlDatabaseArgs, {**MYSQL, "node_port": 32001}))) == []
    recorder = deploy(lambda: MySqlDatabase("users", cast(MySqlDatabaseArgs, {**MYSQL, "node_port": 32001})))
    assert recorder.one("Service", "users-service")


def test_the_nearest_right_key_is_named():
    (error,) = errors.unknown_keys(["mysqlPasword"], ["mysqlPassword", "authImage"])
    assert (error.key, error.example) == ("mysqlPasword", "did you mean mysqlPassword?")


def test_a_stacks_errors_come_together_with_the_commands_that_put_them_right():
    found = {
        "": errors.unknown_keys(["mysqlPort"], ["mysqlNodePort"]),
        "namespace": validation.name("name", "Prod", "production-cloud"),
        "mysql": [
            *services.check_node_port("node_port", 29999, "NodePort", {"node_port_range": "30000-32767"}),
            *quantities.byte_quantity("304Mi", "512Mi")("resources.memory_limit", "256MB"),
            *mysql_validation.password("password", ""),
        ],
    }
    with pytest.raises(InputErrors) as caught:
        errors.require_config(found, "stack dev")
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
        "   rule: a number with Ki, Mi, Gi or Ti, at least 304Mi",
        "   fix:  pulumi config set mysqlResourcesMemoryLimit 512Mi",
        "5. mysqlPassword = (empty)",
        "   rule: 1 to 255 characters (fewer beyond ASCII: 255 bytes), no line break, no NUL",
        "   fix:  pulumi config set --secret mysqlPassword",
    ]


DECLARED = (
    "mysqlSettings",
    "mysqlNodePortCidrs",
    "mysqlBackupSchedule",
    "mysqlBackupKeep",
    "mysqlNodePort",
    "mysqlUsername",
)


@pytest.mark.parametrize(
    ("error", "key", "fix"),
    [
        (("settings.max_conections", errors.Advice("did you mean max_connections?")), "mysqlSettings.max_conections",
         "did you mean max_connections?"),
        (("settings.skip_grant", errors.REMOVE), "mysqlSettings.skip_grant",
         "pulumi config rm --path 'mysqlSettings.skip_grant'"),
        (("node_port_cidrs.1", "10.0.0.0/8"), "mysqlNodePortCidrs[1]",
         "pulumi config set --path 'mysqlNodePortCidrs[1]' 10.0.0.0/8"),
        (("backup.keep", "7"), "mysqlBackupKeep", "pulumi config set mysqlBackupKeep 7"),
        (("backup", errors.Advice("dump a replica")), "mysqlBackup…", "dump a replica"),
        (("node_port", errors.REMOVE), "mysqlNodePort", "pulumi config rm mysqlNodePort"),
        (("username", errors.Advice("give username"), "(missing)"), "mysqlUsername",
         "pulumi config set mysqlUsername <value>"),
    ],
)  # fmt: skip
def test_what_puts_an_input_right_is_a_command_only_where_it_can_be_one(error, key, fix):
    """Inputs inside of a map or a list have a path in their key, and a sentence is not a value."""
    name, example, *value = error
    given = errors.InputError(name, value[0] if value else "1", "a rule", example)
    with pytest.raises(InputErrors) as caught:
        errors.require_config({"mysql": [given]}, "stack dev", DECLARED)
    first, _, last = str(caught.value).splitlines()[1:]
    assert (first.split(" = ")[0], last) == (f"1. {key}", f"   fix:  {fix}")


def test_a_limit_alone_is_the_request_too_as_in_kubernetes():
    given = cast(MySqlDatabaseArgs, {**MYSQL, "resources": {"memory_limit": "320Mi", "cpu_limit": "100m"}})
    assert MySqlDatabase.check("mysqlauth", given) == []


def test_good_inputs_raise_nothing():
    errors.require_config({"mysql": MySqlDatabase.check("mysqlauth", cast(Any, MYSQL))}, "stack dev")


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, ["password"]),
        ({"existing_secret": "mine"}, []),
        ({"existing_secret": "mine", "password": "pw", "username": "me"}, ["username", "password"]),
        ({"password": "pw"}, []),
        ({"password": "pw", "existing_claim": "data", "storage_size": "2Gi"}, ["storage_size"]),
        (
            {"password": "pw", "service_type": "ClusterIP", "external_traffic_policy": "Local"},
            ["external_traffic_policy"],
        ),
    ],
)
def test_inputs_that_stand_for_each_other(given, refused):
    assert keys(MySqlDatabase.check("mysqlauth", cast(MySqlDatabaseArgs, {"namespace": "shop", **given}))) == refused


def test_another_namespace_of_the_database_has_to_be_meant():
    given = {**AUTH, "database_endpoint": "db.data.svc.cluster.local:3306"}
    (error,) = AuthService.check("authenticate", cast(AuthServiceArgs, given))
    assert (error.key, error.example) == ("database_endpoint", "give database_namespace: data")
    assert AuthService.check("authenticate", cast(AuthServiceArgs, {**given, "database_namespace": "data"})) == []


def test_sql_that_may_hold_passwords_is_never_shown():
    (error,) = mysql_validation.sql_lines("init_sql", "CREATE USER x IDENTIFIED BY 'canary'")
    assert "canary" not in repr(error)
