"""What a service is told of its database and of the rest: DB_HOST first, as in the seed."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from ..kubernetes.discovery import parse_endpoint
from . import binding

CA_FOLDER = "/etc/kubeauth/database"
"""Where `ca.crt` is in the pods."""


class DatabaseValue(Enum):
    """One thing about the database that a variable may hold."""

    ENDPOINT = "endpoint"
    """`host:port`."""

    HOST = "host"
    """The host alone."""

    PORT = "port"
    """The port alone."""

    USERNAME = "username"
    """The account, from the Secret."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    """The account's password, from the Secret."""

    DATABASE = "database"
    """The schema."""

    URL = "url"
    """`mysql://account:password@host:port/schema`, URL-encoded where the connection has `userinfo_key`."""


class SecretKey(TypedDict):
    """One value of a Secret."""

    secret_name: pulumi.Input[str]
    """The Secret's name, in the namespace of the pods."""

    key: pulumi.Input[str]
    """The value's key in the Secret."""


class EnvFrom(TypedDict):
    """All values of a Secret or ConfigMap, as variables."""

    secret_name: NotRequired[pulumi.Input[str]]
    """The Secret's name. Default: a ConfigMap."""

    config_map_name: NotRequired[pulumi.Input[str]]
    """The ConfigMap's name. Default: a Secret."""

    prefix: NotRequired[pulumi.Input[str]]
    """What is put before each key. Default: nothing."""


SECRET_KEY = Record(
    SecretKey,
    {"secret_name": Rule(validation.resource_name("smtp")), "key": Rule(validation.secret_key("password"))},
)
"""The rules of a SecretKey."""


def _one_source(key: str, value: Mapping[str, Any]) -> list[InputError]:
    one = ("secret_name" in value) != ("config_map_name" in value)
    return validation.check(one, key, value, "secret_name or config_map_name", "{secret_name: smtp}")


ENV_FROM = Record(
    EnvFrom,
    {
        "secret_name": Rule(validation.resource_name("smtp")),
        "config_map_name": Rule(validation.resource_name("settings")),
        "prefix": Rule(validation.or_empty(validation.variable)),
    },
    _one_source,
)
"""The rules of an EnvFrom: a Secret or a ConfigMap, not both."""


def check_collisions(args: Mapping[str, Any]) -> list[InputError]:
    """No variable is set twice: only one of the values would count.

    Args:
        args: The service's inputs, without None.
    """
    renamed = args.get("database_env", {})
    renamed = renamed if isinstance(renamed, Mapping) else {}
    own = own_names(args)
    taken = dict.fromkeys([*own, *renamed], "the component")
    found: list[InputError] = []
    # What a variable of the database holds may be chosen, but not that of the component's other ones.
    for name in sorted(renamed.keys() & set(own) - {"DB_HOST", "DB_USER", "DB_PASS", "DB_NAME"}):
        found.append(InputError(f"database_env.{name}", name, "not a variable that the component sets", "another name"))
    for source in ("env", "secret_env"):
        names = args.get(source, {})
        for name in names if isinstance(names, Mapping) else ():
            rule = f"not a variable that {taken.get(name)} sets"
            found += [InputError(f"{source}.{name}", name, rule, "another name")] if name in taken else []
            taken.setdefault(name, source)
    return found


def own_names(args: Mapping[str, Any]) -> list[str]:
    """The variables that the component sets itself for these inputs."""
    renamed = args.get("database_env", {})
    return [
        "DB_HOST", "DB_USER", "DB_PASS",
        *(["DB_NAME"] if "database_name" in args or "database" in args else []),
        *(["DB_TLS", "DB_TLS_CA"] if has_ca(args) else []),
        *(["DB_USERINFO"] if isinstance(renamed, Mapping) and "url" in renamed.values() else []),
        *(["SERVICE_BINDING_ROOT"] if "binding" in args else []),
    ]  # fmt: skip


def has_ca(args: Mapping[str, Any]) -> bool:
    """Whether a service's inputs name an authority that the server is verified with, as far as that is known."""
    database = args.get("database", {})
    return "database_ca_secret_name" in args or (isinstance(database, Mapping) and "ca_secret_name" in database)


def variables(
    database: Mapping[str, Any],
    database_env: Mapping[str, str],
    env: Mapping[str, str],
    secret_env: Mapping[str, Mapping[str, str]],
    bound: str | None = None,
) -> list[core.EnvVarArgs]:
    """Return the container's variables.

    Args:
        database: With the keys of `DatabaseConnection`.
        database_env: More names for the database's values, or other values for the component's names.
        env: The caller's.
        secret_env: The caller's, from Secrets.
        bound: The name of the folder with the database's values. Default: none.
    """
    named = {"DB_HOST": "endpoint", "DB_USER": "username", "DB_PASS": "password"}
    if database.get("database_name"):
        named["DB_NAME"] = "database"
    if "url" in database_env.values() and database.get("userinfo_key"):
        # Before the URL, because the kubelet puts in only what it has seen.
        named["DB_USERINFO"] = "userinfo"
    own = [_variable(name, value, database) for name, value in {**named, **database_env}.items()]
    if database.get("ca_secret_name"):
        own.append(core.EnvVarArgs(name="DB_TLS", value="verify-identity"))
        own.append(core.EnvVarArgs(name="DB_TLS_CA", value=f"{CA_FOLDER}/ca.crt"))
    if bound:
        own.append(core.EnvVarArgs(name="SERVICE_BINDING_ROOT", value=binding.ROOT))
    return [
        *own,
        *(core.EnvVarArgs(name=name, value=value) for name, value in env.items()),
        *(
            core.EnvVarArgs(name=name, value_from=_from_secret(source["secret_name"], source["key"]))
            for name, source in secret_env.items()
        ),
    ]


def _variable(name: str, value: str, database: Mapping[str, Any]) -> core.EnvVarArgs:
    if value in ("username", "password", "userinfo"):
        key = database[f"{value}_key"]
        return core.EnvVarArgs(name=name, value_from=_from_secret(database["secret_name"], key))
    address, schema = parse_endpoint(database["endpoint"]), database.get("database_name") or ""
    userinfo = "$(DB_USERINFO)" if database.get("userinfo_key") else "$(DB_USER):$(DB_PASS)"
    values = {
        "endpoint": database["endpoint"],
        "host": address.host,
        "port": str(address.port),
        "database": schema,
        # The kubelet puts them in, as they are.
        "url": f"mysql://{userinfo}@{database['endpoint']}/{quote(schema, safe='')}",
    }
    return core.EnvVarArgs(name=name, value=values[value])


def sources(given: Sequence[Mapping[str, str]]) -> list[core.EnvFromSourceArgs] | None:
    """Return what all variables are taken from, or None."""
    return [
        core.EnvFromSourceArgs(
            prefix=source.get("prefix"),
            secret_ref=core.SecretEnvSourceArgs(name=source["secret_name"]) if "secret_name" in source else None,
            config_map_ref=core.ConfigMapEnvSourceArgs(name=source["config_map_name"])
            if "config_map_name" in source
            else None,
        )
        for source in given
    ] or None


def _from_secret(secret: pulumi.Input[str], key: str) -> core.EnvVarSourceArgs:
    return core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=secret, key=key))
