"""The shell script of a database's backup pod: its text is in scripts/, what it works with is said here.

Its arguments are `backup`, `list`, `drop_old`, `restore` with a name and optionally `force`, `restore_second` with a
schema, a time and optionally `force`, `import_` with a file.
"""

from collections.abc import Sequence

from . import accounts, scripts, sizes

_FILES = ("dump", "job", "drill", "backup", "restore", "recover", "import", "replay")
MARKER = "kubeauth_restore"
"""A table that a restore makes beside the living schema; it is in no backup."""

#: How long a restore waits for tables that others use, and others for it, in seconds.
_PATIENCE = 20


def script(
    schemas: Sequence[str],
    *,
    secrets: str,
    folder: str,
    scratch: str,
    port: int,
    keep: int,
    verify: bool = True,
    logged: bool = False,
    more: str = "",
) -> str:
    """Return the script.

    Args:
        schemas: What is backed up, the application's own first; checked by `validation.database_name`.
        secrets: The folder with the key `backup-password`.
        folder: Where the backups are.
        scratch: Where its files with passwords are, in memory.
        port: The server's port at the host that the variable DATABASE_HOST names.
        keep: How many backups are kept.
        verify: Whether each backup is restored into a server of its own. Default: true.
        logged: Whether each backup says where in the server's binary log it was made. Default: false.
        more: Functions that take the place of those in job.sh. Default: none.
    """
    values = {
        "source": secrets,
        "folder": folder,
        "scratch": scratch,
        "schemas": scripts.words(schemas),
        "marker": MARKER,
        "user": accounts.BACKUP_USER,
        "port": port,
        "keep": keep,
        "verify": "yes" if verify else "no",
        "logged": "yes" if logged else "no",
        "patience": _PATIENCE,
        "small": scripts.words(f"--{setting}" for setting in sizes.INITIALIZE),
    }
    return scripts.program(values, *_FILES, more=more)
