"""A stack's configuration in this checkout: what git tracks, plus passwords of its own that git never sees."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import yaml

from tools import paths


def project_file() -> Path:
    """The project's declaration, with every configuration key."""
    return paths.CHECKOUT / "Pulumi.yaml"


def passphrase_file() -> Path:
    """The passphrase that protects this checkout's secrets."""
    return paths.LOCAL / "passphrase"


def tracked(stack: str) -> Path:
    """The stack's configuration file in git."""
    return paths.CHECKOUT / f"Pulumi.{stack}.yaml"


def local(stack: str) -> Path:
    """The stack's configuration file with passwords, outside git."""
    return paths.LOCAL / f"Pulumi.{stack}.yaml"


def _base(stack: str) -> Path:
    """The tracked file's values at the last merge."""
    return paths.LOCAL / f"base.{stack}.yaml"


def read(path: Path) -> dict[str, Any]:
    """A YAML file's content; nothing when it is missing or empty."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def has_own_secrets(stack: str) -> bool:
    """Whether the team keeps this stack's secrets in git, encrypted; then nothing is made up for it."""
    return bool({"encryptionsalt", "secretsprovider", "encryptedkey"} & set(read(tracked(stack))))


def ensure_passphrase() -> Path:
    """Make the passphrase, once; it is never shown."""
    if not passphrase_file().exists():
        write_private(passphrase_file(), secrets.token_urlsafe(32) + "\n")
    return passphrase_file()


def merge(stack: str) -> None:
    """Bring what changed in the tracked file since the last merge into the local one.

    The local file keeps what `pulumi config set` put there, passwords above all; where both changed, git wins.
    """
    base_file = _base(stack)
    base, ours, theirs = read(base_file).get("config", {}), read(local(stack)), read(tracked(stack)).get("config", {})
    merged: dict[str, Any] = dict(ours.get("config") or {})
    for key in base.keys() | theirs.keys():
        if key not in theirs:
            merged.pop(key, None)
        elif key not in base or base[key] != theirs[key]:
            merged[key] = theirs[key]
    if merged != (ours.get("config") or {}) or not local(stack).exists():
        write_private(local(stack), yaml.safe_dump({**ours, "config": merged}, sort_keys=False))
    if base != theirs:
        write_private(base_file, yaml.safe_dump({"config": theirs}, sort_keys=False))


def forget(stack: str) -> None:
    """Remove a stack's local configuration, and with the last one the passphrase that nothing needs any more."""
    local(stack).unlink(missing_ok=True)
    _base(stack).unlink(missing_ok=True)
    (paths.LOCAL / f"{stack}.lock").unlink(missing_ok=True)
    if not list(paths.LOCAL.glob("Pulumi.*.yaml")):
        shutil.rmtree(paths.LOCAL, ignore_errors=True)


def missing(stack: str, path: Path) -> dict[str, dict[str, Any]]:
    """The declared keys that have no default and no value, with their declarations."""
    project = read(project_file())
    given = read(path).get("config") or {}
    return {
        key: declaration
        for key, declaration in project["config"].items()
        if "default" not in declaration and f"{project['name']}:{key}" not in given
    }


def value(path: Path, key: str) -> Any:
    """What the program reads for a key: the stack's value, else the declared default, else None."""
    project = read(project_file())
    given = read(path).get("config") or {}
    return given.get(f"{project['name']}:{key}", project["config"][key].get("default"))
