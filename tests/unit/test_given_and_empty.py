"""An input that is there in the program and empty in the end: an Output of None, an empty text, an empty list."""

from typing import Any

import pulumi
import pytest

from components import InputErrors
from tests.inputs import BASE, COMPONENTS

from .recorder import Recorder, deploy

NONE = pulumi.Output.from_input(None)
LATER = pulumi.Output.from_input


def made(component: str, given: dict[str, Any], without: tuple[str, ...] = ()) -> Recorder:
    args = {key: value for key, value in BASE[component].items() if key not in without} | given
    return deploy(lambda: COMPONENTS[component]("one", args))


def refused(component: str, given: dict[str, Any], without: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        made(component, given, without)
    return [error.key for error in caught.value.inputs]


@pytest.mark.parametrize("component", ["MySqlDatabase", "MySqlCluster"])
@pytest.mark.parametrize("key", ["password", "previous_password", "existing_secret", "tls_secret"])
def test_what_decides_by_being_given_what_is_made_may_not_be_none_in_the_end(component, key):
    """As `StackReference.get_output` is for an output that the other stack does not have."""
    without = ("password",) if key == "existing_secret" else ()
    assert refused(component, {key: NONE}, without) == [key]


@pytest.mark.parametrize("key", ["root_password", "init_sql", "existing_claim"])
def test_what_a_server_alone_has_may_not_be_none_in_the_end(key):
    assert refused("MySqlDatabase", {key: NONE}) == [key]


@pytest.mark.parametrize("key", ["password", "previous_password", "existing_secret"])
def test_what_an_account_is_made_of_may_not_be_none_in_the_end(key):
    password = {} if key == "existing_secret" else {"password": "reports-pw"}
    account = {"schemas": ["admin"], **password, key: NONE}
    assert refused("MySqlDatabase", {"accounts": {"reports": account}})[0].startswith("accounts.reports")


@pytest.mark.parametrize("key", ["database_endpoint", "database_secret_name", "namespace", "service_account_name"])
def test_what_a_service_cannot_do_without_may_not_be_none_in_the_end(key):
    assert refused("AuthService", {key: NONE}) == [key]


def test_a_database_that_is_none_in_the_end_is_missing():
    singles = ("database_endpoint", "database_secret_name", "namespace")
    assert refused("AuthService", {"database": NONE}, singles)[0] in singles


def test_what_a_service_says_besides_its_database_counts_only_where_it_is_something():
    database = {"endpoint": "db:3306", "secret_name": "db", "namespace": "shop", "username_key": "user"}
    without = ("database_endpoint", "database_secret_name", "namespace")
    plain = made("AuthService", {"database": database}, without)
    later = made("AuthService", {"database": database, "namespace": NONE, "database_ca_secret_name": NONE}, without)
    one = "one-deployment"
    assert later.one("Deployment", one).inputs == plain.one("Deployment", one).inputs


@pytest.mark.parametrize(
    ("account", "key"),
    [
        ({"schemas": LATER(7)}, "accounts.reports.schemas"),
        ({"schemas": [LATER(None)]}, "accounts.reports.schemas.0"),
        ({"schemas": LATER(["orders"])}, "accounts.reports.schemas"),
        ({"schemas": ["admin"], "privileges": LATER("all")}, "accounts.reports.privileges"),
    ],
)
def test_what_an_account_gets_later_is_checked_before_the_pod_is_made(account, key):
    assert key in refused("MySqlDatabase", {"accounts": {"reports": {"password": "reports-pw", **account}}})


def test_an_accounts_privileges_that_are_none_in_the_end_are_the_default():
    def pod(account: dict[str, Any]) -> dict[str, Any]:
        given = {"accounts": {"reports": {"schemas": ["admin"], "password": "reports-pw", **account}}}
        return made("MySqlDatabase", given).one("Deployment", "one-deployment").inputs

    assert pod({"privileges": NONE}) == pod({})


@pytest.mark.parametrize(
    ("component", "given", "key"),
    [
        ("MySqlDatabase", {"existing_claim": ""}, "existing_claim"),
        ("MySqlDatabase", {"tls_secret": ""}, "tls_secret"),
        ("MySqlDatabase", {"platform": {"image_pull_secrets": [""]}}, "platform.image_pull_secrets.0"),
        ("MySqlDatabase", {"backup": {"schedule": "@daily", "s3": {"bucket": "acme", "existing_secret": ""}}},
         "backup.s3.existing_secret"),
        ("AuthService", {"database_secret_name": ""}, "database_secret_name"),
        ("AuthService", {"service_account_name": LATER("")}, "service_account_name"),
        ("AuthService", {"env_from": [{"secret_name": ""}]}, "env_from.0.secret_name"),
        ("AuthService", {"secret_env": {"A": {"secret_name": "", "key": "a"}}}, "secret_env.A.secret_name"),
        ("AuthService", {"volumes": [{"mount_path": "", "claim_name": "a"}]}, "volumes.0.mount_path"),
        ("AuthService", {"volumes": [{"mount_path": "/a", "claim_name": ""}]}, "volumes.0.claim_name"),
        ("AuthService", {"http_route": {"gateway_name": ""}}, "http_route.gateway_name"),
        ("AuthService", {"ingress": {"host": "a.example.com", "path": ""}}, "ingress.path"),
        ("AuthService", {"probes": {"liveness_path": ""}}, "probes.liveness_path"),
    ],
)  # fmt: skip
def test_an_empty_text_is_refused_where_kubernetes_needs_one(component, given, key):
    assert refused(component, given)[0].split(".")[0] == key.split(".")[0]


@pytest.mark.parametrize("given", [{"existing_secret": ""}, {"existing_secret": LATER("")}])
def test_an_empty_name_is_no_secret(given):
    assert refused("MySqlDatabase", given, ("password",)) == ["existing_secret"]


@pytest.mark.parametrize(
    "given",
    [{"storage_class": ""}, {"placement": {"priority_class_name": ""}}, {"labels": {"team": ""}}],
)
def test_an_empty_text_stays_allowed_where_it_means_none(given):
    made("MySqlDatabase", given)


@pytest.mark.parametrize(
    "given",
    [{"working_dir": ""}, {"binding": ""}, {"database_ca_secret_name": ""},
     {"ingress": {"host": "a.example.com", "class_name": "", "tls_secret_name": ""}}],
)  # fmt: skip
def test_an_empty_text_of_a_service_stays_allowed_where_it_means_none(given):
    spec = [each.inputs["spec"] for each in made("AuthService", given).all if each.type.endswith(":Ingress")]
    assert [each.get("ingressClassName") for each in spec] == [None] * len(spec)


@pytest.mark.parametrize("empty", [[], LATER([])])
@pytest.mark.parametrize("component", ["AuthService", "MySqlDatabase", "MySqlCluster"])
def test_no_ports_of_name_servers_are_not_every_port_everywhere(component, empty):
    """A rule of a NetworkPolicy without ports and peers lets everything through."""
    assert refused(component, {"platform": {"dns_ports": empty}})[0].startswith("platform.dns_ports")


@pytest.mark.parametrize("empty", [[], LATER([])])
def test_no_ports_of_a_peer_are_not_every_port(empty):
    assert refused("AuthService", {"egress": [{"namespace": "mail", "ports": empty}]})[0] == "egress.0.ports"
