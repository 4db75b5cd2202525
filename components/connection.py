"""What a client needs to reach a database, in one value that MySqlDatabase gives and AuthService takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from .inputs import errors, validation
from .inputs.errors import InputError, required


class DatabaseConnection(TypedDict):
    """How a client reaches a database: `MySqlDatabase.connection`, or the same of any other database."""

    endpoint: pulumi.Input[str]
    """`host:port`, handed to the pods as DB_HOST."""

    secret_name: pulumi.Input[str]
    """A Secret with the account, handed to the pods as DB_USER and DB_PASS."""

    namespace: pulumi.Input[str]
    """The namespace of that Secret, and so of its clients."""

    database_name: pulumi.Input[str]
    """The schema, handed to the pods as DB_NAME."""


#: The client's inputs that say the same one by one; `namespace` wins over that of `database`.
SINGLE = {
    "endpoint": "database_endpoint",
    "secret_name": "database_secret_name",
    "namespace": "namespace",
    "database_name": "database_name",
}


@dataclass(frozen=True)
class Database:
    """A database as a client was told of it."""

    namespace: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    secret_name: pulumi.Input[str]
    name: pulumi.Input[str] | None


def of(args: Mapping[str, Any], owner: str) -> Database:
    """Return the database that a client's inputs name.

    Args:
        args: The client's inputs, checked.
        owner: Whose they are, for example `AuthService authenticate`.
    """
    given = {**args}
    if "database" in args and not validation.is_known(args["database"]):

        def checked(found: Any) -> Mapping[str, Any]:
            errors.require_resolved(_check_value(found), owner)
            return found

        whole = pulumi.Output.from_input(args["database"]).apply(checked)
        given["database"] = {key: whole.apply(lambda found, key=key: found[key]) for key in SINGLE}
    merged = spread(given)
    return Database(
        namespace=merged["namespace"],
        endpoint=merged["database_endpoint"],
        secret_name=merged["database_secret_name"],
        name=merged.get("database_name"),
    )


def spread(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's inputs, with those of `database` one by one where they are known."""
    given = args.get("database")
    known = given if isinstance(given, Mapping) else {}
    return {**{single: known[key] for key, single in SINGLE.items() if key in known}, **args}


def check(args: Mapping[str, Any]) -> list[InputError]:
    """A client names its database once: in one value, or one by one."""
    if args.get("database") is None:
        return [
            InputError(key, "(missing)", "required without database", f"give database, or {key}")
            for key in ("namespace", "database_endpoint", "database_secret_name")
            if args.get(key) is None
        ]
    singles = [single for single in SINGLE.values() if single != "namespace"]
    found = _check_value(args["database"]) if validation.is_known(args["database"]) else []
    return [*validation.not_together(args, "database", singles), *found]


def _check_value(value: Any) -> list[InputError]:
    if not isinstance(value, Mapping):
        return [InputError("database", repr(value), f"an object with {', '.join(SINGLE)}", "MySqlDatabase.connection")]
    return required(value, DatabaseConnection, "database.")
