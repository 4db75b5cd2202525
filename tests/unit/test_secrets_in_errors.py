"""What a message about a wrong input never shows: a login in an address, what is in an object, a secret Output."""

import contextvars
from typing import Any

import pulumi
import pytest

from components import InputErrors
from components.inputs import errors, shown
from components.inputs.errors import InputError
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy

PASSWORD = "hunter2-hunter2"
URL = f"mysql://admin:{PASSWORD}@db:3306/shop"
secret = pulumi.Output.secret


def message(component: str, given: dict[str, Any]) -> str:
    instead = {"password"} if "existing_secret" in given else set()
    args = {key: value for key, value in BASE[component].items() if key not in instead} | given
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", args))
    return str(caught.value)


@pytest.mark.parametrize(
    ("component", "given"),
    [
        ("AuthService", {"database_endpoint": URL}),
        ("AuthService", {"database_endpoint": f"admin:{PASSWORD}@db:3306"}),
        ("AuthService", {"database_endpoint": f"jdbc:mysql://db:3306/shop?user=admin&password={PASSWORD}"}),
        ("AuthService", {"image": f"ci:{PASSWORD}@registry.example.com/auth:1"}),
        ("MySqlDatabase", {"backup": {"schedule": "@daily", "s3": f"s3://key:{PASSWORD}@acme"}}),
        ("MySqlDatabase", {"backup": {"schedule": "@daily", "s3": {
            "bucket": "acme", "existing_secret": "s3", "endpoint": f"https://key:{PASSWORD}@s3.example.com"}}}),
    ],
)  # fmt: skip
def test_a_login_in_an_address_is_not_shown(component, given):
    assert PASSWORD not in message(component, given)


@pytest.mark.parametrize(
    ("component", "given"),
    [
        ("MySqlDatabase", {"accounts": [{"name": "reports", "password": PASSWORD}]}),
        ("MySqlDatabase", {"accounts": {"reports": PASSWORD}}),
        ("MySqlDatabase", {"existing_secret": {"password": PASSWORD}}),
        ("MySqlDatabase", {"schemas": {"password": PASSWORD}}),
        ("AuthService", {"database": URL}),
        ("AuthService", {"secret_env": {"SMTP": PASSWORD}}),
        ("AuthService", {"env": [{"name": "SMTP", "value": PASSWORD}]}),
        ("AuthService", {"env": {"SMTP": {"value": PASSWORD}}}),
        ("AuthService", {"sidecars": {"name": "proxy", "env": [{"value": PASSWORD}]}}),
    ],
)
def test_of_an_object_no_value_is_shown(component, given):
    assert PASSWORD not in message(component, given)


@pytest.mark.parametrize(
    ("component", "given"),
    [
        ("MySqlDatabase", {"username": secret(f"{PASSWORD}!")}),
        ("MySqlDatabase", {"settings": {"max_connections": secret(f"{PASSWORD}\n")}}),
        ("AuthService", {"database_endpoint": secret(PASSWORD)}),
        ("AuthService", {"command": secret(f"run --password {PASSWORD}")}),
        ("AuthService", {"env": secret({"A": [PASSWORD]})}),
    ],
)
def test_a_secret_output_is_not_shown_when_it_resolves_to_something_that_is_not_allowed(component, given):
    found = message(component, given)
    assert PASSWORD not in found
    assert "rule:" in found


def test_what_is_no_secret_is_still_shown():
    found = message("AuthService", {"port": 80, "image": "auth", "egress": [{"cidr": "10.0.0.1"}]})
    assert all(shown in found for shown in ("port = 80", "image = 'auth'", "egress.0.cidr = '10.0.0.1'"))
    digest = f"My/sql:1@sha256:{'a' * 64}"
    assert shown.shown(digest) == repr(digest)


def test_a_key_that_the_stack_calls_secret_is_not_shown():
    def require() -> None:
        pulumi.runtime.set_all_config({"kubeauth:mysqlUsername": PASSWORD}, ["kubeauth:mysqlUsername"])
        errors.require_config(wrong, "stack dev")

    deploy(lambda: None)
    wrong = {"mysql": [InputError("username", repr(PASSWORD), "a name", "admin"), InputError("port", "7", "more", "8")]}
    # Pulumi keeps the configuration of a program in its context.
    with pytest.raises(InputErrors) as caught:
        contextvars.copy_context().run(require)
    assert [(error.key, error.value, error.example) for error in caught.value.inputs] == [
        ("mysqlUsername", "[secret]", "pulumi config set --secret mysqlUsername admin"),
        ("mysqlPort", "7", "pulumi config set mysqlPort 8"),
    ]
