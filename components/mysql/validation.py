"""What inputs are allowed that become MySQL's accounts, schemas and settings."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..inputs.errors import InputError
from ..inputs.known import is_known
from ..inputs.validation import check
from .accounts import BACKUP_USER

SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")

_SETTING = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def password(key: str, value: Any) -> list[InputError]:
    """A password, known now or checked when its Output resolves. Its value is never shown."""
    if not is_known(value):
        return []
    ok = isinstance(value, str) and 0 < len(value) <= 255 and not set(value) & set("\n\r\0")
    shown = "(empty)" if value == "" else "[secret]"
    rule = "1 to 255 characters, no line break, no NUL"
    return [] if ok else [InputError(key, shown, rule, "", secret=True)]


def different_passwords(key: str, value: Any, other_key: str, other: Any) -> list[InputError]:
    """Two accounts never share a password: who learns one must not have the other."""
    same = value is not None and value == other and value != ""
    return [InputError(key, "[secret]", f"not the same as {other_key}", "", secret=True)] if same else []


def username(key: str, value: Any) -> list[InputError]:
    """A MySQL account's name; system accounts are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", value) is not None
    ok = ok and value.lower() not in ("root", BACKUP_USER) and not value.startswith("mysql")
    rule = f"1 to 32 characters of A-Z a-z 0-9 _ -, not root, not mysql…, not {BACKUP_USER}"
    return check(ok, key, value, rule, "admin")


def database_name(key: str, value: Any) -> list[InputError]:
    """A schema's name; MySQL's own schemas are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", value) is not None
    ok = ok and value.lower() not in SYSTEM_SCHEMAS
    return check(ok, key, value, f"1 to 64 characters of A-Z a-z 0-9 _ -, not {', '.join(SYSTEM_SCHEMAS)}", "admin")


def sql_lines(key: str, value: Any) -> list[InputError]:
    """SQL that mysqld reads line by line. It may hold passwords, so it is never shown."""
    if not is_known(value):
        return []
    lines = value.splitlines() if isinstance(value, str) else ["no text"]
    ok = "\0" not in str(value) and all(not line.strip() or line.rstrip().endswith(";") for line in lines)
    rule = "one statement a line, each ends with ';'"
    return [] if ok else [InputError(key, "[secret]", rule, "GRANT PROCESS ON *.* TO 'admin'@'%';", secret=True)]


def settings(key: str, value: Mapping[str, Any], fixed: Iterable[str]) -> list[InputError]:
    """Settings of mysqld, as in my.cnf, but not those that the pod itself depends on."""
    errors: list[InputError] = []
    if not isinstance(value, Mapping):
        return check(False, key, value, "a map of names to values", "{max_connections: '200'}")
    for name, text in value.items():
        ok = _SETTING.fullmatch(name) is not None
        errors += check(ok, f"{key}.{name}", name, "a name as in my.cnf: a-z, 0-9, '-' and '_'", "max_connections")
        is_fixed = name.replace("_", "-").removeprefix("loose-") in set(fixed)
        errors += check(not is_fixed, f"{key}.{name}", name, "not a setting that the pod depends on", "remove it")
        ok = isinstance(text, str) and not set(text) & set("\n\r\0")
        errors += check(ok, f"{key}.{name}", text, "text in one line", "'200'")
    return errors


def secret_files(files: Mapping[str, str]) -> list[InputError]:
    """What a database's Secrets hold, once it is known."""
    app, root = files.get("password"), files.get("root-password")
    return [
        *(password("password", app) if app is not None else []),
        *(password("root_password", root) if root is not None else []),
        *different_passwords("root_password", root, "password", app),
        *(sql_lines("init_sql", files["init.sql"]) if "init.sql" in files else []),
    ]
