"""The servers' settings: what follows from their memory, what Vitess rules, and the file that mysqlctld takes in."""

from collections.abc import Mapping
from typing import Any

from ..inputs.errors import REMOVE, InputError
from ..inputs.validation import check as checked
from ..mysql import settings as mysql_settings
from ..mysql import sizes, validation
from .parts import RUN

STARTER_MEBIBYTES = 48
"""What mysqlctld takes of the container's memory."""

RULED = (
    "binlog-format", "enforce-gtid-consistency", "gtid-mode", "init-replica", "innodb-force-recovery", "log-bin",
    "log-replica-updates", "plugin-load", "plugin-load-add", "relay-log", "relay-log-recovery", "replica-start",
    "report-host", "report-port", "rpl-semi-sync-replica-enabled", "rpl-semi-sync-source-enabled",
    "rpl-semi-sync-source-timeout", "rpl-semi-sync-source-wait-no-replica", "server-id", "sync-binlog",
    "innodb-flush-log-at-trx-commit", "clone-ssl-ca", "ssl-ca", "ssl-cert", "ssl-key",
)  # fmt: skip
"""Settings, without modifiers, that replication and failover depend on, or that servers know each other by."""

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
    found = validation.settings(key, value, memory_limit)
    if isinstance(value, Mapping):
        for name in value:
            ruled = mysql_settings.base(name) in RULED
            rule = "not a setting that Vitess rules: replication and failover depend on it"
            found += checked(not ruled, f"{key}.{name}", name, rule, REMOVE)
    return found


def lines(memory_limit: str, given: Mapping[str, str]) -> str:
    """Return what is added to Vitess' own my.cnf, with the caller's settings last.

    Args:
        memory_limit: The container's.
        given: The caller's settings.
    """
    left = f"{sizes.mebibytes_of(memory_limit) - STARTER_MEBIBYTES}Mi"
    tuned = sizes.settings(left)
    callers = {mysql_settings.normal(name): (name, value) for name, value in given.items()}
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
