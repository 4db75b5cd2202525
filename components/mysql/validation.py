"""What inputs are allowed that become MySQL's accounts, schemas and settings."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from ..inputs.errors import REMOVE, Advice, InputError
from ..inputs.known import is_known, is_output
from ..inputs.validation import check
from . import options, sizes
from . import settings as server_settings
from .accounts import OWN_USERS

SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")

# Variables of components have a dot, and mysqld knows them only when the component is there.
_SETTING = re.compile(r"[a-z][a-z0-9_-]{0,63}|loose[-_][a-z0-9_.-]{1,63}")


def password(key: str, value: Any) -> list[InputError]:
    """A password. Its value is never shown."""
    ok = isinstance(value, str) and 0 < len(value.encode()) <= 255 and not set(value) & set("\n\r\0")
    shown = "(empty)" if value == "" else "[secret]"
    rule = "1 to 255 characters (fewer beyond ASCII: 255 bytes), no line break, no NUL"
    return [] if ok else [InputError(key, shown, rule, "", secret=True)]


def different_passwords(key: str, value: Any, other_key: str, other: Any) -> list[InputError]:
    """Two accounts never share a password: who learns one must not have the other."""
    same = value is not None and value == other and value != ""
    return [InputError(key, "[secret]", f"not the same as {other_key}", "", secret=True)] if same else []


def username(key: str, value: Any) -> list[InputError]:
    """A MySQL account's name; system accounts are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", value) is not None
    ok = ok and value.lower() != "root" and not value.lower().startswith(("mysql", OWN_USERS))
    rule = f"1 to 32 characters of A-Z a-z 0-9 _ -, not root, not mysql…, not {OWN_USERS}…"
    return check(ok, key, value, rule, "admin")


def database_name(key: str, value: Any) -> list[InputError]:
    """A schema's name; MySQL's own schemas are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", value) is not None
    # What a restore makes ends so: components/mysql/scripts/job.sh.
    ok = ok and value.lower() not in SYSTEM_SCHEMAS and not re.search(r"__(restore|before_\d{8}t\d{6}z)$", value, re.I)
    rule = f"1 to 64 characters of A-Z a-z 0-9 _ -, not {', '.join(SYSTEM_SCHEMAS)}, not ending in __restore"
    return check(ok, key, value, rule, "admin")


def collation(key: str, value: Any) -> list[InputError]:
    """A collation's name; `known_collation` asks whether the server has it."""
    ok = isinstance(value, str) and re.fullmatch(r"[a-z0-9_]{1,64}", value) is not None
    return check(ok, key, value, "1 to 64 characters of a-z 0-9 _", "utf8mb4_bin")


def known_collation(key: str, value: str | None, image: Any) -> list[InputError]:
    """A collation that the server has, where its series is known, and one is given."""
    listed = value is not None and server_settings.series_of(image) == options.SERIES
    told = options.wrong("collation-server", value or "") if listed else None
    return check(False, key, value, *told) if told else []


def sql_lines(key: str, value: Any) -> list[InputError]:
    """SQL that mysqld reads line by line. It may hold passwords, so it is never shown."""
    lines = value.splitlines() if isinstance(value, str) else ["no text"]
    ok = "\0" not in str(value) and all(not line.strip() or line.rstrip().endswith(";") for line in lines)
    rule = "one statement a line, each ends with ';'"
    return [] if ok else [InputError(key, "[secret]", rule, "GRANT PROCESS ON *.* TO 'admin'@'%';", secret=True)]


def settings(key: str, value: Mapping[str, Any], memory_limit: Any = "", image: Any = "") -> list[InputError]:
    """Settings of mysqld, as in my.cnf: names and values that it has, none that the pod itself depends on."""
    errors: list[InputError] = []
    if not isinstance(value, Mapping):
        return check(False, key, value, "a map of names to values", "{max_connections: '200'}")
    seen: dict[str, str] = {}
    # Of other series nothing is known.
    listed = server_settings.series_of(image) == options.SERIES
    for name, text in value.items():
        path, twin = f"{key}.{name}", seen.setdefault(server_settings.base(name), name)
        errors += _name(path, name, listed=listed) or ([] if is_output(text) else _text(path, name, text, listed))
        errors += check(
            twin == name, path, name, f"not together with {twin}, which is the same setting", Advice("remove one")
        )
    if errors or not is_known(value):
        return errors
    return [*_memory(key, value, memory_limit), *(_collation(key, value) if listed else [])]


def _name(path: str, name: str, *, listed: bool) -> list[InputError]:
    if {server_settings.base(name), server_settings.normal(name)} & {*server_settings.FIXED}:
        return check(False, path, name, "not a setting that the pod depends on", REMOVE)
    if not _SETTING.fullmatch(name):
        rule = "a name as in my.cnf: a-z, 0-9, '-' and '_'; with a dot only after loose-"
        return check(False, path, name, rule, Advice(f"write {'loose-' + name if '.' in name else 'max_connections'}"))
    return _known(path, name) if listed and not name.startswith("loose") else []


def _text(path: str, name: str, text: Any, listed: bool) -> list[InputError]:
    base = server_settings.base(name)
    if not isinstance(text, str) or set(text) & set("\n\r\0"):
        return check(False, path, text, "text in one line", "'200'")
    if base in server_settings.BIRTH and re.search(r"[\s*?\[/]", text):
        return check(False, path, text, "a value without blanks and paths", REMOVE)
    if base == "log-bin":
        return check(text.upper() in ("ON", "OFF"), path, text, "ON or OFF", "ON")
    told = server_settings.wrong(name, text) if listed else None
    return check(False, path, text, *told) if told else []


def sent_log(key: str, value: Any) -> list[InputError]:
    """Settings that leave a binary log which is sent to a bucket whole and readable."""
    errors: list[InputError] = []
    for name, text in value.items() if isinstance(value, Mapping) else ():
        allowed = server_settings.SENT.get(server_settings.base(name))
        if allowed is None or is_output(text):
            continue
        rule = f"{' or '.join(allowed) or 'not given'} with backup.point_in_time"
        errors += check(str(text).upper() in allowed, f"{key}.{name}", text, rule, REMOVE)
    return errors


def _known(path: str, name: str) -> list[InputError]:
    """A name that this server has; mysqld ends at an unknown one."""
    if server_settings.is_known(name):
        return []
    normal = server_settings.base(name)
    near = difflib.get_close_matches(normal, sorted(options.known()), n=1, cutoff=0.6)
    guess = f"did you mean {near[0].replace('-', '_')}?" if near else "remove it, or write loose-" + name
    rule = f"a setting that MySQL {options.SERIES} has"
    return check(False, path, name, rule, Advice(server_settings.REMOVED.get(normal, guess)))


def _memory(key: str, value: Mapping[str, str], memory_limit: Any) -> list[InputError]:
    """Caches and buffers that leave a quarter of the memory limit to the rest of the server."""
    limit = sizes.mebibytes_of(memory_limit) if isinstance(memory_limit, str) else 0
    given = {server_settings.normal(name): (name, text) for name, text in value.items()}
    asked = [given[name] for name in server_settings.MEMORY if name in given]
    if not limit or not asked:
        return []
    defaults = sizes.settings(memory_limit)
    amounts = {name: given[name][1] if name in given else defaults.get(name, "0") for name in server_settings.MEMORY}
    total = sum(options.bytes_of(text) or 0 for text in amounts.values()) // 2**20
    name, text = max(asked, key=lambda pair: options.bytes_of(pair[1]) or 0)
    rule = f"caches and buffers, {total}M together, at most {limit * 3 // 4}M: three quarters of the memory limit"
    return check(total <= limit * 3 // 4, f"{key}.{name}", text, rule, "less of it, or a larger memory_limit")


def _collation(key: str, value: Mapping[str, str]) -> list[InputError]:
    """A collation of the server's character set; mysqld ends at another one."""
    given = {server_settings.normal(name): (name, text) for name, text in value.items()}
    name, collation = given.get("collation-server", ("", ""))
    charset = given.get("character-set-server", ("", "utf8mb4"))[1].lower()
    ok = not name or collation.lower().split("_")[0] == charset
    fix = Advice(f"give character_set_server, too: {collation.split('_')[0]}")
    return check(ok, f"{key}.{name}", collation, f"a collation of the character set {charset}", fix)
