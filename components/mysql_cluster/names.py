"""What the schema and the account of a cluster may be called: what any server's may, and nothing of Vitess' own."""

from typing import Any

from ..inputs.errors import InputError
from ..inputs.validation import check
from ..mysql import validation


def username(key: str, value: Any) -> list[InputError]:
    """The application's account."""
    own = isinstance(value, str) and value.lower().startswith("vt_")
    rule = "not vt_…, which are Vitess' own accounts"
    return validation.username(key, value) or check(not own, key, value, rule, "admin")


def database_name(key: str, value: Any) -> list[InputError]:
    """The schema, which is Vitess' keyspace."""
    own = isinstance(value, str) and value.lower() == "_vt"
    rule = "not _vt, where Vitess keeps what it knows of the schema"
    return validation.database_name(key, value) or check(not own, key, value, rule, "admin")
