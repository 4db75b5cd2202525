"""A stack's configuration in this checkout: what git tracks, plus passwords of its own that git never sees."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from .. import locks, paths, yaml_files
from ..console import Problem

#: The users that `make deployer` makes: one for the stack's commands, one for previews and drift, which change nothing.
USERS = ("deployer", "reader")
#: The keys that only one database server reads, and only several.
_OF_ONE, _OF_SEVERAL = ("mysqlImage",), ("mysqlClusterImage", "mysqlEtcdImage")


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
    """A YAML file's content; nothing when it is missing or empty. See `yaml_files.read`."""
    return yaml_files.read(path)


def project_name() -> str:
    """The project's name, with which all of its keys begin."""
    return str(yaml_files.project(project_file())["name"])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all, and on the disk before it has its name."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own, and only the owner's: mkstemp sees to both.
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def has_own_secrets(stack: str) -> bool:
    """Whether the team keeps this stack's secrets in git, encrypted; then nothing is made up for it."""
    return bool({"encryptionsalt", "secretsprovider", "encryptedkey"} & set(read(tracked(stack))))


def ensure_passphrase() -> Path:
    """Make the passphrase, once; it is never shown."""
    if not passphrase_file().exists():
        write_private(passphrase_file(), secrets.token_urlsafe(32) + "\n")
    return passphrase_file()


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock under which this checkout's passphrase, configurations and state are made ready."""
    with locks.locked(paths.LOCAL / ".prepare.lock"):
        yield


def effective(stack: str) -> dict[str, Any]:
    """The stack's values in this checkout: git's, and what `pulumi config set` put over them here.

    The local file keeps what was set there, passwords above all; where both changed since the last merge, git wins.
    """
    theirs = read(tracked(stack)).get("config") or {}
    if has_own_secrets(stack):
        return theirs
    base = read(_base(stack)).get("config") or {}
    merged: dict[str, Any] = dict(read(local(stack)).get("config") or {})
    for key in base.keys() | theirs.keys():
        if key not in theirs:
            merged.pop(key, None)
        elif key not in base or base[key] != theirs[key]:
            merged[key] = theirs[key]
    return merged


def merge(stack: str) -> None:
    """Bring what changed in the tracked file since the last merge into the local one."""
    ours, merged = read(local(stack)), effective(stack)
    theirs = read(tracked(stack)).get("config") or {}
    if merged != (ours.get("config") or {}) or not local(stack).exists():
        write_private(local(stack), yaml.safe_dump({**ours, "config": merged}, sort_keys=False))
    if (read(_base(stack)).get("config") or {}) != theirs:
        write_private(_base(stack), yaml.safe_dump({"config": theirs}, sort_keys=False))


def forget(stack: str) -> None:
    """Remove what this checkout keeps of a stack, and with the last one what nothing needs any more.

    Another stack's files stay, and as long as a state of another one is here, so do state and passphrase.
    """
    own = [local(stack), _base(stack), place_file(stack), kubeconfig_file(stack), paths.LOCAL / f"{stack}.lock"]
    own += [paths.LOCAL / f"policy.{stack}.json", *(user_file(paths.CHECKOUT, stack, user) for user in USERS)]
    for path in own:
        path.unlink(missing_ok=True)
    states = paths.LOCAL / "state"
    if list(paths.LOCAL.glob("Pulumi.*.yaml")) or list(states.glob(".pulumi/stacks/*/*.json")):
        return
    shutil.rmtree(states, ignore_errors=True)
    for path in (passphrase_file(), paths.LOCAL / "Pulumi.yaml", paths.LOCAL / ".prepare.lock"):
        path.unlink(missing_ok=True)
    for folder in (kubeconfig_file(stack).parent, paths.LOCAL):
        # What somebody else put there keeps it.
        with suppress(OSError):
            folder.rmdir()


def place_file(stack: str) -> Path:
    """Where this checkout remembers the cluster that a stack was deployed to."""
    return paths.LOCAL / f"place.{stack}.json"


def kubeconfig_file(stack: str) -> Path:
    """The kubeconfig with the one context that a stack goes to."""
    return paths.LOCAL / "clusters" / stack


def user_file(checkout: Path, stack: str, user: str = USERS[0], other: str = "") -> Path:
    """The kubeconfig of one of USERS.

    Args:
        checkout: The checkout's folder.
        stack: The stack's name.
        user: One of USERS. Default: the deployer.
        other: Another project's namespace that it is for. Default: the stack's own.
    """
    return checkout / paths.LOCAL.name / f"{user}-{f'in-{other}' if other else stack}.kubeconfig"


def missing(stack: str, path: Path) -> dict[str, dict[str, Any]]:
    """The declared keys that have no default and no value, with their declarations."""
    project = yaml_files.project(project_file())
    given = read(path).get("config") or {}
    return {
        key: declaration
        for key, declaration in (project.get("config") or {}).items()
        # Whatever is not a map, or has a `value`, is a value itself, as `pulumi:tags` that `pulumi new` writes.
        if isinstance(declaration, dict)
        and not declaration.keys() & {"default", "value"}
        and (key if ":" in key else f"{project['name']}:{key}") not in given
    }


def declares(*names: str) -> bool:
    """Whether Pulumi.yaml declares these keys, as kubeauth's own program does."""
    return set(names) <= keys()


def keys() -> set[str]:
    """The keys of configuration that Pulumi.yaml declares."""
    return set(read(project_file()).get("config") or {})


def images(stack: str) -> list[str]:
    """The images that a stack uses: of one server, or of several, and those of what else was switched on."""
    project, given = yaml_files.project(project_file()), effective(stack)
    unused = _OF_ONE if str(_said(project, given, "mysqlReplicas") or 1) != "1" else _OF_SEVERAL
    used = [key for key in sorted(project.get("config") or {}) if key.endswith("Image") and key not in unused]
    return [str(image) for image in (_said(project, given, key) for key in used) if image]


def value(path: Path, key: str) -> Any:
    """What the program reads for a key: the stack's value, else the declared default, else None."""
    if key not in keys():
        raise Problem(f"Pulumi.yaml declares no configuration key {key}", "see Pulumi.yaml of kubeauth for the keys")
    return _said(yaml_files.project(project_file()), read(path).get("config") or {}, key)


def _said(project: dict[str, Any], given: dict[str, Any], key: str) -> Any:
    declared = (project.get("config") or {}).get(key)
    default = declared.get("default") if isinstance(declared, dict) else declared
    return given.get(f"{project['name']}:{key}", default)
