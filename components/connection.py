"""What a client needs to reach a database, in one value that MySqlDatabase gives and AuthService takes."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi

from .inputs import validation
from .inputs.errors import InputError
from .inputs.known import entry, is_known, is_output, lift
from .inputs.record import Given, Record, Rule
from .inputs.shown import shown
from .kubernetes import discovery
from .kubernetes.discovery import parse_endpoint


class DatabaseConnection(TypedDict):
    """How a client reaches a database: `MySqlDatabase.connection`, or the same of any other database."""

    endpoint: pulumi.Input[str]
    """`host:port`, handed to the pods as DB_HOST."""

    secret_name: pulumi.Input[str]
    """A Secret with the account, handed to the pods as DB_USER and DB_PASS."""

    namespace: pulumi.Input[str]
    """The namespace of that Secret, and so of its clients."""

    database_name: NotRequired[pulumi.Input[str]]
    """The schema, handed to the pods as DB_NAME. Default: none, then there is no DB_NAME."""

    username_key: NotRequired[pulumi.Input[str]]
    """The account's name in the Secret. Default: `username`."""

    password_key: NotRequired[pulumi.Input[str]]
    """The account's password in the Secret. Default: `password`."""

    userinfo_key: NotRequired[pulumi.Input[str]]
    """`account:password` in the Secret, URL-encoded, from which a URL is made. Default: none."""

    ca_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with `ca.crt` to verify the server; its path is DB_TLS_CA. Default: encrypted, not verified."""

    service_namespace: NotRequired[pulumi.Input[str]]
    """The namespace of the database's Service, when it is another one on purpose. Default: `namespace`."""

    pod_port: NotRequired[pulumi.Input[int]]
    """The port of the pods behind the endpoint, which NetworkPolicies see. Default: the endpoint's."""


CONNECTION = Record(
    DatabaseConnection,
    {
        "endpoint": Rule(lambda key, value: check_endpoint(key, value)),
        "secret_name": Rule(validation.resource_name("mysqlauth-credentials")),
        "namespace": Rule(validation.namespace),
        "database_name": Rule(validation.text),
        "username_key": Rule(validation.secret_key("username"), default="username"),
        "password_key": Rule(validation.secret_key("password"), default="password"),
        "userinfo_key": Rule(validation.secret_key("userinfo")),
        "ca_secret_name": Rule(validation.or_empty(validation.resource_name("mysqlauth-tls"))),
        "service_namespace": Rule(validation.namespace),
        "pod_port": Rule(validation.port(3306)),
    },
)
"""The rules of a DatabaseConnection."""

#: The client's inputs that say the same one by one; `namespace` wins over that of `database`.
SINGLE = {
    "endpoint": "database_endpoint",
    "secret_name": "database_secret_name",
    "namespace": "namespace",
    "database_name": "database_name",
    "username_key": "database_username_key",
    "password_key": "database_password_key",
    "userinfo_key": "database_userinfo_key",
    "ca_secret_name": "database_ca_secret_name",
    "service_namespace": "database_namespace",
    "pod_port": "database_pod_port",
}
_REQUIRED = ("namespace", "endpoint", "secret_name")
#: What may be said besides `database`: it tells what the database's owner may not know.
_BESIDES = ("namespace", "database_namespace", "database_ca_secret_name", "database_userinfo_key")


def check_endpoint(key: str, value: Any) -> list[InputError]:
    """The address of a database, `host:port`: no scheme, no account in it."""
    try:
        parse_endpoint(value)
    except (ValueError, AttributeError):
        what = "<host>:<port>, without scheme or account"
        return validation.check(False, key, value, what, "mysqlauth-service.production-cloud.svc.cluster.local:3306")
    return []


def check(args: Mapping[str, Any]) -> list[InputError]:
    """A client names its database once: in one value, or one by one.

    Args:
        args: The client's inputs, without None.
    """
    if "database" not in args:
        return [_missing(key) for key in _REQUIRED if SINGLE[key] not in args]
    singles = [single for single in SINGLE.values() if single not in _BESIDES]
    return validation.not_together(args, "database", singles)


def _missing(key: str) -> InputError:
    return InputError(SINGLE[key], "(missing)", "required without database", f"give database, or {SINGLE[key]}")


def of(given: Given) -> dict[str, Any]:
    """Return the connection that a client's inputs name, with the keys of `DatabaseConnection` that are given.

    Args:
        given: The client's inputs.
    """
    database = given["database"]
    if database is None:
        found: dict[str, Any] = CONNECTION.filled({})
    elif is_output(database):
        found = {key: entry(database, key) for key in SINGLE}
    else:
        found = database
    # One that is None in the end is not given.
    said = {key: lift(_first, given[single], found.get(key)) for key, single in SINGLE.items() if single in given}
    whole = {**found, **said}
    return {**whole, **{key: lift(partial(_there, given, key), whole.get(key)) for key in _REQUIRED}}


def _first(said: Any, otherwise: Any) -> Any:
    return otherwise if said is None else said


def _there(given: Given, key: str, value: Any) -> Any:
    return value or given.refuse([_missing(key)])


def known(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client's inputs say of its database now, with the keys of `DatabaseConnection`."""
    database = args.get("database", {})
    found = {**database} if isinstance(database, Mapping) else {}
    found |= {key: args[single] for key, single in SINGLE.items() if single in args}
    return {key: value for key, value in found.items() if is_known(value)}


def check_service_namespace(database: Mapping[str, Any], domain: str) -> list[InputError]:
    """A Service in another namespace is meant only when the inputs say so; checked when both are known."""
    if not isinstance(domain, str) or not {"endpoint", "namespace"} <= database.keys():
        return []
    found = discovery.parse_endpoint(database["endpoint"], domain).namespace
    expected = database.get("service_namespace") or database["namespace"]
    if found in (None, expected):
        return []
    rule = f"a Service of the namespace {expected}, or of database_namespace"
    return [InputError("database_endpoint", shown(database["endpoint"]), rule, f"give database_namespace: {found}")]
