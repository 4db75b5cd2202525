"""The servers' settings: what follows from their memory, what Vitess rules, and the file that mysqlctld takes in."""

import re
from collections.abc import Mapping
from typing import Any

from ..inputs.errors import REMOVE, InputError
from ..inputs.validation import check as checked
from ..mysql import settings as mysql_settings
from ..mysql import sizes, validation
from .parts import RUN

STARTER_MEBIBYTES = 48
"""What mysqlctld takes of the container's memory."""

_ON, _OFF = ("ON", "1", "TRUE"), ("OFF", "0", "FALSE")
RULED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((
        "binlog-do-db", "binlog-format", "binlog-ignore-db", "clone", "enforce-gtid-consistency", "gtid-mode",
        "init-replica", "innodb-flush-log-at-trx-commit", "innodb-force-recovery", "log-bin", "log-bin-index",
        "log-replica-updates", "plugin-load", "plugin-load-add", "relay-log", "relay-log-index", "relay-log-recovery",
        "replica-load-tmpdir", "replica-start", "server-id", "ssl-ca", "ssl-capath", "ssl-cert", "ssl-key",
        "sync-binlog",
    ), ()),
    "binlog-encryption": _OFF,
    "replica-exec-mode": ("STRICT",),
    "replica-preserve-commit-order": _ON,
    "replica-skip-errors": _OFF,
    # vttablet serves nothing without it.
    "autocommit": _ON,
    # Its accounts have one password for ever, and their grants are patterns.
    "default-password-lifetime": ("0",),
    "partial-revokes": _OFF,
    # How the filling of a server went is read from it.
    "performance-schema": _ON,
}  # fmt: skip
"""Settings, without modifiers and in newer words, that replication, failover and vttablet depend on, or that servers
know each other by, and what they may be all the same."""

RULED_FAMILIES = ("clone-ssl-", "group-replication-", "replicate-", "report-", "rpl-semi-sync-")
"""What the names of more such settings begin with."""

_MODES = ("ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "REAL_AS_FLOAT")
_STRICT = ("STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "TRADITIONAL")

_NOTHING_COUNTED = {
    "performance-schema": "ON",
    "performance-schema-instrument": "%=OFF",
    **{
        f"performance-schema-{name}": "0"
        for name in (
            "digests-size", "error-size", "events-statements-history-size", "events-statements-history-long-size",
            "events-stages-history-long-size", "events-transactions-history-long-size",
            "events-waits-history-long-size", "max-cond-classes", "max-digest-length", "max-file-classes",
            "max-memory-classes", "max-mutex-classes", "max-rwlock-classes", "max-socket-classes",
            "max-sql-text-length", "max-stage-classes", "max-statement-classes", "max-table-handles",
            "max-table-instances",
        )
    },
}  # fmt: skip
"""The performance schema with nothing in it, in 8 MiB where its default takes 240: how the filling of a server went
is read from it, and from nowhere else."""


def check(key: str, value: Any, memory_limit: str) -> list[InputError]:
    """Settings of a cluster's servers: those of any server, and none that Vitess rules."""
    if not isinstance(value, Mapping):
        return validation.settings(key, value, memory_limit)
    ruled = [error for name, text in value.items() for error in _ruled(f"{key}.{name}", name, text)]
    told = {error.key for error in ruled}
    rest = {name: text for name, text in value.items() if f"{key}.{name}" not in told}
    return [*ruled, *validation.settings(key, rest, memory_limit)]


def _ruled(key: str, name: str, text: Any) -> list[InputError]:
    """What is wrong with a setting, whatever else is, because Vitess rules it or reads the file first."""
    word = mysql_settings.base(name).replace("slave", "replica").replace("master", "source")
    allowed = () if word.startswith(RULED_FAMILIES) else RULED.get(word)
    # What a modifier does to a value is not worth a rule.
    modified = mysql_settings.base(name) != mysql_settings.normal(name)
    if allowed == () or (allowed and modified):
        rule = "not a setting that Vitess rules: replication and failover depend on it"
        return checked(False, key, name, rule, REMOVE)
    if not isinstance(text, str):
        return []
    if allowed:
        rule = f"{allowed[0]}: replication and failover depend on it"
        return checked(text.upper() in allowed, key, text, rule, REMOVE)
    if word == "sql-mode":
        modes = {mode.strip() for mode in text.upper().split(",")}
        ok = bool(modes & {*_STRICT}) and not modes & {*_MODES}
        rule = f"modes with {' or '.join(_STRICT[:2])}, and none of: {', '.join(_MODES)}; Vitess serves with no others"
        return checked(ok, key, text, rule, _STRICT[1])
    if word == "default-time-zone":
        ok = text.upper() == "SYSTEM" or text.startswith(("+", "-"))
        return checked(ok, key, text, "SYSTEM or an offset: a cluster's servers know no names of time zones", "+00:00")
    return checked("{{" not in text, key, text, "text without {{, which Vitess' template of my.cnf would read", REMOVE)


def lines(memory_limit: str, given: Mapping[str, str]) -> str:
    """Return what is added to Vitess' own my.cnf, with the caller's settings last.

    Args:
        memory_limit: The container's.
        given: The caller's settings.
    """
    left = f"{sizes.mebibytes_of(memory_limit) - STARTER_MEBIBYTES}Mi"
    tuned = sizes.settings(left)
    callers = {mysql_settings.normal(name): (name, _quoted(value)) for name, value in given.items()}
    counted = tuned["performance-schema"] == "ON" or "performance-schema" in callers
    own: dict[str, str | None] = {
        **tuned,
        **({} if counted else _NOTHING_COUNTED),
        # The log is the pod's; a file would grow on the volume without end.
        "skip-log-error": None,
        "slow-query-log": "OFF",
        # Debian's own is a folder that the image does not have.
        "secure-file-priv": "NULL",
        # A lost server is filled from another one, and asks for its certificate.
        "plugin-load-add": "mysql_clone.so",
        "loose-clone-ssl-ca": f"{RUN}/ca.crt",
        "ssl-ca": f"{RUN}/ca.crt",
        "ssl-cert": f"{RUN}/peer.crt",
        "ssl-key": f"{RUN}/peer.key",
    }
    rows = [name if value is None else f"{name}={value}" for name, value in own.items() if name not in callers]
    return "\n".join([*rows, *(f"{name}={value}" for name, value in callers.values()), ""])


def _quoted(value: str) -> str:
    """A value as it stands in a file of options, where some characters mean something else."""
    if not re.search(r"""[#"'\\]|^\s|\s$""", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
