"""The server's settings: which names there are, which are the pod's own, and what mysqld's command line becomes."""

import re
from collections.abc import Mapping

from . import options

_MODIFIERS = ("skip", "disable", "enable", "maximum")

FIXED = (
    "admin-address", "admin-port", "admin-ssl-ca", "admin-ssl-capath", "admin-ssl-cert", "admin-ssl-cipher",
    "admin-ssl-crl", "admin-ssl-crlpath", "admin-ssl-key", "admin-tls-ciphersuites", "admin-tls-version", "and",
    "basedir", "bind-address", "caching-sha2-password-private-key-path", "caching-sha2-password-public-key-path",
    "character-sets-dir", "chroot", "console",
    "daemonize", "datadir", "defaults-extra-file", "defaults-file", "gdb", "grant-tables", "help", "init-file",
    "initialize", "initialize-insecure", "innodb-data-home-dir", "innodb-log-group-home-dir", "innodb-read-only",
    "innodb-temp-tablespaces-dir", "innodb-tmpdir", "innodb-undo-directory", "keyring-migration-destination",
    "keyring-migration-from-component", "keyring-migration-host", "keyring-migration-password",
    "keyring-migration-port", "keyring-migration-socket", "keyring-migration-source",
    "keyring-migration-to-component", "keyring-migration-user", "lc-messages-dir", "log-error",
    "mysqlx", "name-resolve", "networking", "no-defaults", "offline-mode", "pid-file", "plugin-dir", "port",
    "print-defaults", "read-only", "require-secure-transport", "secure-file-priv", "server-memory",
    "sha256-password-private-key-path", "sha256-password-public-key-path", "socket", "ssl-ca", "ssl-capath",
    "ssl-cert", "ssl-crl", "ssl-crlpath", "ssl-fips-mode", "ssl-key", "super-read-only",
    "tc-heuristic-recover", "tmpdir", "transaction-read-only", "upgrade", "user",
    "validate-config", "verbose", "version",
)  # fmt: skip
"""Settings, without modifiers, that the pod depends on, or that would open or stop it."""

REMOVED = {
    "default-authentication-plugin": "remove it: accounts of this package use caching_sha2_password",
    "expire-logs-days": "binlog_expire_logs_seconds",
    "innodb-log-file-size": "innodb_redo_log_capacity",
    "innodb-log-files-in-group": "innodb_redo_log_capacity",
    "log-syslog": "remove it: the log is the pod's",
    "log-warnings": "log_error_verbosity",
    "mysql-native-password": "remove it: accounts of this package use caching_sha2_password",
    "query-cache-limit": "remove it: there is no query cache any more",
    "query-cache-size": "remove it: there is no query cache any more",
    "query-cache-type": "remove it: there is no query cache any more",
    "tx-isolation": "transaction_isolation",
    "tx-read-only": "transaction_read_only",
}
"""Names that older series had, and what to write instead."""

BIRTH = {
    "innodb-data-file-path": "ibdata1:12M:autoextend",
    "innodb-page-size": "16384",
    "lower-case-table-names": "0",
}
"""Settings that count only when the data directory is made, with MySQL's defaults."""

_BINARY_LOG = {"log-bin": "binlog", "max-binlog-size": "64M", "binlog-expire-logs-seconds": "86400"}
# Without numbers for transactions a restore can log what it does to tables of every engine.
_SENT = {**_BINARY_LOG, "gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"}
SENT = {
    "log-bin": ("ON",),
    "binlog-format": ("ROW",),
    "binlog-do-db": (),
    "binlog-ignore-db": (),
    "binlog-encryption": ("OFF",),
}
"""Settings that a binary log which is sent to a bucket depends on, and what they may be."""


def normal(name: str) -> str:
    """Return a setting's name as mysqld compares it: with hyphens, without `loose-`."""
    return name.replace("_", "-").removeprefix("loose-")


def base(name: str) -> str:
    """Return a setting's name without the modifiers that mysqld takes before any name."""
    name = normal(name)
    while (parts := name.partition("-"))[0] in _MODIFIERS and parts[2]:
        name = parts[2]
    return name


def _parts(name: str) -> tuple[str, str]:
    """A setting's modifier, or nothing, and the option that it changes."""
    name = normal(name)
    modifier, _, option = name.partition("-")
    return (modifier, option) if name not in options.known() and modifier in _MODIFIERS else ("", name)


def is_known(name: str) -> bool:
    """Whether mysqld of the known series takes a name, as it is or after one modifier."""
    return _parts(name)[1] in options.known()


def wrong(name: str, value: str) -> tuple[str, str] | None:
    """Return what a setting of the known series may be and the nearest right value; see `options.wrong`."""
    modifier, option = _parts(name)
    if modifier in ("", "maximum"):
        return options.wrong(option, value)
    if options.kind_of(option) not in ("", "switch", "one"):
        return f"not with {modifier}-, which is for switches", f"{option.replace('-', '_')} without {modifier}"
    # Whatever it is, the server takes it for a yes.
    ok = value.lower() in ("", "0", *options.ON)
    return None if ok else ("1, or 0 for the opposite", "0" if value.lower() in options.OFF else "1")


def series_of(image: object) -> str:
    """Return the series that an image's tag names, as `8.4`; the known one where it names none."""
    found = re.search(r":(\d+\.\d+)(?:\.\d+)?(?:[-@]|$)", image) if isinstance(image, str) else None
    return found[1] if found else options.SERIES


def binary_log(given: Mapping[str, str]) -> bool:
    """Whether the caller's settings turn the binary log on."""
    known = {normal(key): value.lower() for key, value in given.items()}
    return "log-bin" in known and known["log-bin"] not in options.OFF


def rescue(given: Mapping[str, str]) -> bool:
    """Whether InnoDB is told to start whatever is broken, which it does at any level only when nobody writes."""
    level = {normal(key): value for key, value in given.items()}.get("innodb-force-recovery", "")
    return level.isdigit() and int(level) > 0


def tuned(given: Mapping[str, str], defaults: Mapping[str, str], *, sent: bool = False) -> list[str]:
    """Return mysqld's arguments of settings: the defaults, and the caller's, which win.

    Args:
        given: The caller's, checked by `validation.settings`.
        defaults: What follows from the memory limit.
        sent: Whether the binary log goes to a bucket. Default: false.
    """
    callers = {normal(key): (key.replace("_", "-"), value) for key, value in given.items()}
    # Nobody reads binary logs here, and they would fill the volume; whoever turns them on gets them bounded.
    logs: dict[str, str | None] = {"skip-log-bin": None}
    if sent or binary_log(given):
        logs = {**(_SENT if sent else _BINARY_LOG)}
    own = {**defaults, "slow-query-log-file": "/dev/stderr", "general-log-file": "/dev/stderr", **logs}
    words = {key: f"--{key}" if value is None else f"--{key}={value}" for key, value in own.items()}
    own_logs = {"log-bin", *(SENT if sent else ())}
    words |= {key: f"--{spelt}={value}" for key, (spelt, value) in callers.items() if key not in own_logs}
    return list(words.values())


def birth(given: Mapping[str, str]) -> str:
    """Return what counts when the data directory is made, where it is not MySQL's default, as `name=value …`."""
    wanted = {normal(key): _number(value) for key, value in given.items() if normal(key) in BIRTH}
    return " ".join(f"{key}={value}" for key, value in sorted(wanted.items()) if value != BIRTH[key])


def _number(value: str) -> str:
    kibibytes = re.fullmatch(r"(\d+)[kK]", value)
    return str(int(kibibytes[1]) * 1024) if kibibytes else value


MEMORY = ("innodb-buffer-pool-size", "innodb-log-buffer-size", "key-buffer-size", "temptable-max-ram")
"""Settings whose sum has to leave room for the rest of the server."""
