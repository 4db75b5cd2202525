"""More schemas and accounts of a database, and what is allowed in them."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.known import is_known, is_output
from ..inputs.record import Given, Record, Rule
from ..inputs.validation import each, mapping
from . import validation as mysql_validation
from .accounts import DatabasePrivileges


class DatabaseSchema(TypedDict):
    """One more schema of a database. It stays when it is no longer named; backups hold it as long as it is."""

    name: pulumi.Input[str]
    """Its name, 1 to 64 of A-Z a-z 0-9 _ -; that of `database_name` to give it a collation."""

    collation: NotRequired[pulumi.Input[str]]
    """The collation of new tables, such as `utf8mb4_bin`. Default: the server's, utf8mb4_0900_ai_ci."""


class DatabaseAccount(TypedDict):
    """One more account of a database, with a Secret of its own."""

    schemas: pulumi.Input[list[pulumi.Input[str]]]
    """The schemas that it may use, of `database_name` and `schemas`; the first is that of its connection."""

    privileges: NotRequired[pulumi.Input[DatabasePrivileges]]
    """What it may do there. Default: owner, all but granting."""

    password: NotRequired[pulumi.Input[str]]
    """Its password, 1 to 255 bytes. Required without existing_secret."""

    previous_password: NotRequired[pulumi.Input[str]]
    """A password that logs in, too, while clients change to the new one. Default: none."""

    existing_secret: NotRequired[pulumi.Input[str]]
    """A Secret with `username`, which is the account's name, and `password`. Default: one is made."""


def _account(key: str, value: Mapping[str, Any]) -> list[InputError]:
    one = ("password" in value) != ("existing_secret" in value)
    old, new = value.get("previous_password"), value.get("password")
    return [
        *validation.check(bool(value["schemas"]), f"{key}.schemas", value["schemas"], "at least one", "[admin]"),
        *([] if one else [InputError(key, "(object)", "password or existing_secret", f"give {key}.password")]),
        *mysql_validation.different_passwords(f"{key}.previous_password", old, f"{key}.password", new),
    ]


SCHEMA = Record(
    DatabaseSchema,
    {"name": Rule(mysql_validation.database_name), "collation": Rule(mysql_validation.collation)},
)
"""The rules of a DatabaseSchema."""

ACCOUNT = Record(
    DatabaseAccount,
    {
        "schemas": Rule(each(mysql_validation.database_name, "[admin]")),
        "privileges": Rule(validation.one_of(DatabasePrivileges), default=DatabasePrivileges.OWNER.value),
        "password": Rule(mysql_validation.password, counted=True),
        "previous_password": Rule(mysql_validation.password, counted=True),
        "existing_secret": Rule(validation.resource_name("orders-account"), counted=True),
    },
    _account,
)
"""The rules of a DatabaseAccount."""


def check_schemas(key: str, value: Any, image: Any) -> list[InputError]:
    """Return the errors of schemas; one named twice would have two collations."""
    found = each(SCHEMA, "[{name: orders}]")(key, value)
    if found or not is_known(value):
        return found
    names = [schema["name"] for schema in value]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [
        *validation.check(not twice, key, ", ".join(twice), "each schema once", "another name"),
        *(
            error
            for number, schema in enumerate(value)
            for error in mysql_validation.known_collation(f"{key}.{number}.collation", schema.get("collation"), image)
        ),
    ]


def check_accounts(
    key: str, value: Any, database: str, schemas: Sequence[Mapping[str, Any]], username: str
) -> list[InputError]:
    """Return the errors of accounts: their names, and schemas that the database has."""
    later = [name for name, account in value.items() if is_output(account)] if isinstance(value, Mapping) else []
    if later:
        rule, fix = "known before deploying: it decides which resources there are", "give an Output for its password"
        return [InputError(f"{key}.{name}", "(output)", rule, fix) for name in later]
    found = mapping(ACCOUNT, mysql_validation.username)(key, value)
    if found:
        return found
    there = {database, *(schema["name"] for schema in schemas)}
    children: dict[str, str] = {}
    for name, account in value.items():
        free = name != username and children.setdefault(child(name), name) == name
        found += validation.check(free, f"{key}.{name}", name, "not like another account's name", "another name")
        named = [] if is_output(account) or is_output(account["schemas"]) else account["schemas"]
        for schema in named:
            rule = f"one of: {', '.join(sorted(there))}"
            found += validation.check(
                is_output(schema) or schema in there, f"{key}.{name}.schemas", schema, rule, database
            )
    return found


def child(name: str) -> str:
    """Return the name of an account's Secret as a child of the database."""
    return f"account-{name.lower().replace('_', '-').strip('-')}"


def given(database: Given) -> dict[str, Given]:
    """Return what each account of a database was given, by the account's name."""
    asked: Mapping[str, Mapping[str, Any]] = database.args.get("accounts", {})
    return {name: Given(ACCOUNT, account, database.owner, f"accounts.{name}.") for name, account in asked.items()}
