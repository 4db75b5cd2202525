"""What an environment gets: its names, and its settings from a base stack's file, without a secret of it. Pure."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import yaml

from .. import yaml_files
from ..console import Problem
from ..preview import offline
from ..stack.environment_rights import HOME

#: What a project says about its environments, beside Pulumi.yaml; that of the base counts.
FILE = "kubeauth-environment.yaml"
#: How the stack of an environment begins; `list` and `down` touch no other one.
PREFIX = "env-"
DEFAULT_TTL = "72h"
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
#: What the components take for a namespace; Kubernetes takes 63.
_LONGEST = 40
_OBJECT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SAID = {str: "a text", dict: "a map", list: "a list"}
_TTL = re.compile(r"([1-9][0-9]{0,3})([hd])")
#: The key with what a new database begins with: MySqlDatabase's `restore_from`.
RESTORE_KEY = "mysqlRestoreFrom"
#: Which cluster the base goes to is no setting of an environment.
_CLUSTER = ("kubernetes:kubeconfig", "kubernetes:context", "kubernetes:cluster", "kubernetes:namespace")
#: What an environment has otherwise than its base, of the keys that the project declares: small, removable, with
#: nothing that others on the cluster could have, and with no Secret that only the base's namespace holds.
OTHERWISE: dict[str, Any] = {
    "mysqlReplicas": 1,
    "mysqlShards": 1,
    "mysqlReshardTo": 0,
    "mysqlServiceType": "ClusterIP",
    "mysqlNodePort": 0,
    "mysqlNodePortCidrs": [],
    "mysqlStorageSize": "1Gi",
    "mysqlRetainData": False,
    "mysqlSize": "small",
    "mysqlResourcesMemoryLimit": "",
    "mysqlBackupSchedule": "",
    "mysqlBackupS3Bucket": "",
    "mysqlBackupS3ExistingSecret": "",
    "mysqlBackupPointInTime": False,
    "mysqlRestoreFrom": {},
    "mysqlTlsSecret": "",
    "authDatabaseCaSecret": "",
    "authReplicas": 1,
}
#: With data to restore: the database then has what loads it.
_LOADING = {"mysqlBackupSchedule": "0 3 * * *", "mysqlBackupKeep": 1, RESTORE_KEY: {}}


@dataclass(frozen=True)
class Word:
    """A project's own word on its environments."""

    base: str = ""
    """The stack whose settings they get (`from`)."""
    ttl: str = DEFAULT_TTL
    """How long they live after their last update."""
    namespace_key: str = "namespaceName"
    """The key of configuration that names the namespace (`namespaceKey`)."""
    values: dict[str, Any] = field(default_factory=dict)
    """Values by key, with {name} and {namespace} in texts (`set`)."""
    secrets: tuple[str, ...] = ()
    """Secrets of namespace HOME that each environment gets copies of (`secrets`)."""


@dataclass(frozen=True)
class Derived:
    """What a new environment's stack begins with."""

    namespace: str
    config: dict[str, Any]
    secrets: list[str]
    """The paths of the base's secrets: each gets a new value."""
    data: str = ""
    """What the database begins with, for people; empty for nothing."""


def stack_of(name: str) -> str:
    """The stack of an environment.

    Raises:
        Problem: That is no name.
    """
    if not _NAME.fullmatch(name):
        raise Problem(
            f"--name {name!r}\n  rule: up to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last",
            "kubeauth environment up --name pr-12",
        )
    return f"{PREFIX}{name}"


def namespace_of(base: str, name: str) -> str:
    """The namespace: the base's and the name, as components take it; a longer one is cut and keeps a hash of itself."""
    whole = f"{base}-{name}"
    if len(whole) <= _LONGEST:
        return whole
    end = f"-{hashlib.sha256(base.encode()).hexdigest()[:6]}-{name}"
    return base[: _LONGEST - len(end)].rstrip("-") + end


def lifetime(text: str) -> timedelta:
    """A time to live: `72h` or `3d`.

    Raises:
        Problem: It is none.
    """
    match = _TTL.fullmatch(text)
    if not match:
        raise Problem(f"--ttl {text!r}\n  rule: a number of hours or days, such as 72h or 3d", "--ttl 72h")
    return timedelta(**{{"h": "hours", "d": "days"}[match[2]]: int(match[1])})


def read(text: str, name: str) -> Word:
    """A project's word in its file's text.

    Raises:
        Problem: Each mistake, with what to write.
    """
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise Problem(f"{name} is no YAML: {' '.join(str(error).split())}", "correct the line it names") from None
    kinds = {"from": str, "ttl": str, "namespaceKey": str, "set": dict, "secrets": list}
    wrong = [f"{content!r}: must have keys"] if not isinstance(content, dict) else []
    for key, value in content.items() if not wrong else ():
        if key not in kinds:
            wrong.append(f"{key}: not a key; use {', '.join(kinds)}")
        elif not isinstance(value, kinds[key]):
            wrong.append(f"{key}: {value!r}: must be {_SAID[kinds[key]]}")
        elif key == "secrets" and (bad := [one for one in value if not _is_object_name(one)]):
            wrong.append(f"secrets: {bad[0]!r}: must be the name of a Secret in namespace {HOME}")
    if wrong:
        raise Problem(f"{name} is wrong:\n  " + "\n  ".join(wrong), "see docs/guides/environments.md")
    return Word(
        content.get("from", ""),
        content.get("ttl", DEFAULT_TTL),
        content.get("namespaceKey", "namespaceName"),
        content.get("set", {}),
        tuple(content.get("secrets", ())),
    )


def derive(name: str, word: Word, base_file: str, project: dict[str, Any], *, loads: bool = False) -> Derived:
    """Derive what the stack gets.

    Args:
        name: The environment's name.
        word: The project's word, with the base stack that is meant.
        base_file: The text of the base stack's file.
        project: The content of Pulumi.yaml.
        loads: Whether data will be restored into it.

    Raises:
        Problem: The base has values that cannot be read, or the namespace cannot be chosen.
    """
    content = yaml_files.parse(base_file, f"Pulumi.{word.base}.yaml")
    if content.get("environment"):
        raise Problem(
            f"Pulumi.{word.base}.yaml takes values from Pulumi ESC, which are not read here",
            f"write a stack's file without `environment:`, and name it: from: <stack> in {FILE}",
        )
    own, declared = project["name"], project.get("config") or {}
    values, secrets = offline.without_secrets(content.get("config") or {})
    if word.namespace_key not in declared:
        raise Problem(
            f"Pulumi.yaml declares no key {word.namespace_key}: an environment could not get a namespace of its own",
            f"let the program read its namespace's name from a key, and name that in {FILE}: namespaceKey: <key>",
        )
    key = f"{own}:{word.namespace_key}"
    declaration = declared[word.namespace_key]
    default = declaration.get("default") if isinstance(declaration, dict) else declaration
    namespace = namespace_of(str(values.get(key) or default or own), name)
    otherwise = {one: value for one, value in OTHERWISE.items() if one in declared}
    otherwise |= {one: _filled(value, name, namespace) for one, value in word.values.items()}
    # A dump is loaded into an empty database.
    otherwise |= {one: value for one, value in _LOADING.items() if loads and one in declared}
    kept = {one: value for one, value in values.items() if one not in _CLUSTER}
    kept |= {one if ":" in one else f"{own}:{one}": value for one, value in otherwise.items()}
    # The namespace comes last: nothing in `set` takes its place.
    config = {**kept, key: namespace}
    renewed = [path for path in secrets if path not in config and path not in _CLUSTER]
    return Derived(namespace, config, renewed, _restored(config.get(f"{own}:{RESTORE_KEY}")))


def _restored(given: Any) -> str:
    """Where a database's first content comes from, in words."""
    # A program in YAML takes it as an entry: its language has no conditions.
    given = given.get("restoreFrom", given) if isinstance(given, dict) else None
    bucket = given.get("s3") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(bucket, dict):
        return ""
    time = f", {given['time']}" if given.get("time") else ""
    return f"restored from {bucket.get('bucket')}/{bucket.get('prefix')}{time}"


def _is_object_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_OBJECT.fullmatch(value))


def _filled(value: Any, name: str, namespace: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, name, namespace) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, name, namespace) for entry in value]
    return value.replace("{namespace}", namespace).replace("{name}", name) if isinstance(value, str) else value
