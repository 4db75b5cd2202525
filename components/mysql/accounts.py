"""MySQL's accounts: the script that turns a Secret's files into the SQL that mysqld runs at every start.

The SQL is written in the pod, so a Secret that somebody else made serves as well as this package's own, and no password
passes through a template of the program's.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from urllib.parse import quote

from . import scripts


class DatabasePrivileges(Enum):
    """What the application's account may do in its schema; nothing outside of it, and no GRANT OPTION."""

    OWNER = "owner"
    """The default: data, tables, views, triggers, routines, temporary tables and locks, as migrations need them."""

    DATA = "data"
    """Rows only: SELECT, INSERT, UPDATE, DELETE."""


PRIVILEGES = {
    "owner": "ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE VIEW, DELETE, DROP, "
    "EXECUTE, INDEX, INSERT, LOCK TABLES, REFERENCES, SELECT, SHOW VIEW, TRIGGER, UPDATE",
    "data": "DELETE, INSERT, SELECT, UPDATE",
}
"""MySQL's privileges by the word for them."""

BACKUP_USER = "kubeauth_backup"
LOG_PRIVILEGES = "FLUSH_TABLES, REPLICATION CLIENT"
"""What the same account needs to say where in the binary log a backup is."""

BACKUP_PRIVILEGES = "SHOW_ROUTINE, SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER, SYSTEM_USER, SYSTEM_VARIABLES_ADMIN"
"""For all schemas, because MySQL grants them so only: docs/adr/0009-one-account-for-backups-and-restores.md."""

METRICS_USER = "kubeauth_metrics"

OWN_USERS = "kubeauth_"
"""How the names of this package's own accounts begin."""

USERNAME, PASSWORD, USERINFO = "username", "password", "userinfo"
ROOT_PASSWORD, PREVIOUS_PASSWORD, INIT_SQL = "root-password", "previous-password", "init.sql"
BACKUP_PASSWORD = "backup-password"  # noqa: S105 - a name
METRICS_PASSWORD, METRICS_OPTIONS = "metrics-password", "my.cnf"
"""Keys of the Secrets."""

FUNCTIONS = scripts.text("functions")
"""What this package's scripts have in common: reading a Secret's files, and writing options of MySQL's clients."""

SCRIPT = scripts.text("functions", "accounts")
"""The script that writes `init.sql` for `mysqld --init-file`, and options for its clients; see `values`.

Each statement may run any number of times, so that a changed password is: change the input, `pulumi up`. The accounts
are made new from what is written there: a privilege that somebody added by hand is gone after a restart, and so is an
account that no input names any more. Accounts that others made stay.
"""


def values(
    database: str,
    *,
    secrets: str,
    run: str,
    port: int,
    privileges: str = "owner",
    require_tls: bool = True,
    backup: bool = False,
    logged: bool = False,
    metrics: bool = False,
    certificate: str = "",
    schemas: Sequence[Mapping[str, str]] = (),
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """Return the script's arguments, up to `--`.

    Args:
        database: The one schema of the application; checked by `validation.database_name`.
        secrets: The folder with the keys `username` and `password`; `root-password`, without which root is locked;
            `previous-password`, which logs in, too; `init.sql`, more statements, one a line; and below `accounts`, a
            folder for each of `more`.
        run: The folder to write to.
        port: The server's port.
        privileges: A key of `PRIVILEGES`. Default: owner.
        require_tls: Whether the account may log in over TLS only. Default: true.
        backup: Whether there is an account for backups. Default: false.
        logged: Whether the binary log is sent to a bucket. Default: false.
        metrics: Whether there is an account for metrics. Default: false.
        certificate: The folder with a certificate that may be renewed. Default: none.
        schemas: More schemas, with the keys of `DatabaseSchema`. Default: none.
        more: More accounts by their names, with `schemas` and `privileges`. Default: none.
    """
    given = {
        "DATABASE": database,
        "PRIVILEGES": PRIVILEGES[privileges],
        "BACKUP_PRIVILEGES": ", ".join([BACKUP_PRIVILEGES, *([LOG_PRIVILEGES] if logged else [])]),
        "TLS": "REQUIRE SSL" if require_tls else "REQUIRE NONE",
        "BACKUP": "yes" if backup else "no",
        "CERTIFICATE": certificate or "no",
        **({"SENT": "yes"} if logged else {}),
        "SECRETS": secrets,
        "RUN": run,
        "PORT": port,
    }
    if metrics:
        given["METRICS"] = "yes"
    if schemas:
        given["SCHEMAS"] = " ".join(f"{schema['name']}={schema.get('collation', '')}" for schema in schemas)
    if more:
        rows = {
            name: (account.get("privileges", "owner"), ",".join(account["schemas"])) for name, account in more.items()
        }
        given["ACCOUNTS"] = " ".join(":".join([name, *row]) for name, row in sorted(rows.items()))
        given |= {word.upper(): PRIVILEGES[word] for word in sorted({word for word, _ in rows.values()})}
    return [f"{key}={value}" for key, value in given.items()] + ["--"]


def userinfo(username: str, password: str) -> str:
    """Return an account as a URL has it before its `@`, with every character encoded that means something there."""
    return f"{quote(username, safe='')}:{quote(password, safe='')}"
