"""Rules about who may do what: cluster-wide rights, wildcards, accounts of databases."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from .. import versions
from ..model import DATABASE, REPLACE, SAME, SECRET, UPDATE, Change, lookup, mappings
from . import inputs
from .base import GONE, Context, Found, shown, what

_ALL = "*"
#: Roles of Kubernetes' own that may nearly everything in a namespace, its Secrets included.
_WIDE = ("cluster-admin", "admin", "edit")
_EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts")
_ANOTHERS = ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "serviceaccounts/token")
_ENFORCE = "pod-security.kubernetes.io/enforce"
_SECURITY = ("privileged", "baseline", "restricted")
#: What refuses objects of others.
_GUARDS = (
    "kubernetes:admissionregistration.k8s.io/*:Validating*",
    "kubernetes:kyverno.io/*:*Policy",
    "kubernetes:policies.kyverno.io/*:*Policy",
    "kubernetes:constraints.gatekeeper.sh/*:*",
    "kubernetes:templates.gatekeeper.sh/*:*",
)
_ACCOUNTS = (
    "mysql:index/user:User",
    "mysql:index/grant:Grant",
    "postgresql:index/role:Role",
    "postgresql:index/grant:Grant",
    "gcp:sql/user:User",
    "kubernetes:k8s.mariadb.com/*:User",
    "kubernetes:k8s.mariadb.com/*:Grant",
)
_USERNAME = re.compile(r'(^|[."])username("\])?$')
#: What lets everybody in.
_DOORS = re.compile(r"ALLOW_EMPTY(_ROOT)?_PASSWORD$|^POSTGRES_HOST_AUTH_METHOD$")
_DOOR = re.compile(r"--(loose-|enable-)?skip[-_]grant[-_]tables(=(?!0|off|false).*)?", re.IGNORECASE)
#: The variables by which images of databases know their schema and account.
_NAMES = re.compile(r"(MYSQL|MARIADB|POSTGRES|POSTGRESQL)_(DATABASE|DB|USER|USERNAME)$")


def allowed(change: Change, context: Context) -> Found:
    """Somebody gets rights in the whole cluster, or every right on something; or what refuses them is gone."""
    yield from _guards(change, context)
    if change.after is None or change.op == SAME:
        return
    if change.kind in ("ClusterRole", "Role"):
        old = set(_allowed(change.before))
        new = [given for given in _allowed(change.after) if not any(_covers(known, given) for known in old)]
        risky = new if change.kind == "ClusterRole" else [given for given in new if _is_more_than_it_says(*given)]
        for group, resource, verb in risky[:3]:
            where = " in the whole cluster" if change.kind == "ClusterRole" else ""
            name = f"{resource}{f'.{group}' if group else ''}"
            yield f"rules: {verb} {name}", f"whoever is bound to it may {verb} {name}{where}, and could not before"
    elif change.kind in ("ClusterRoleBinding", "RoleBinding"):
        role = str(lookup(change.after, "roleRef", "name"))
        same = change.before is not None and role == lookup(change.before, "roleRef", "name")
        known = set(_subjects(change.before)) if same else set()
        for subject in [it for it in _subjects(change.after) if it not in known]:
            if change.kind == "RoleBinding" and role not in _WIDE and subject.partition(" ")[2] not in _EVERYBODY:
                continue
            where = "the whole cluster" if change.kind == "ClusterRoleBinding" else "the namespace"
            yield f"subjects: {subject}, roleRef: {role}", f"{subject} gets what {role} allows, in {where}"


def _guards(change: Change, context: Context) -> Found:
    """What refuses risky objects on the cluster lets more pass: a Namespace's Pod Security, a policy of admission."""
    if change.kind == "Namespace" and change.op == UPDATE:
        old, new = (
            str(lookup(side, "metadata", "labels", _ENFORCE) or "privileged") for side in (change.before, change.after)
        )
        if old in _SECURITY and new in _SECURITY and _SECURITY.index(new) < _SECURITY.index(old):
            yield f"label {_ENFORCE}: {old} → {new}", "its pods may have rights on their node that were refused before"
    elif context.is_lost(change) and any(fnmatchcase(change.types[-1], kind) for kind in _GUARDS):
        yield what(change), "objects that it refused are taken from now on"


def _is_more_than_it_says(group: str, resource: str, verb: str) -> bool:
    """Whether a right in one namespace gives others: every one, the content of Secrets, a shell, another identity."""
    del group
    risky = _ALL in (resource, verb) or verb in ("escalate", "bind", "impersonate")
    return risky or resource in _ANOTHERS or (resource == "secrets" and verb in ("get", "list", "watch"))


def account(change: Change, _: Context) -> Found:
    """An account or a schema of a database gets another name, or goes."""
    if change.op in GONE and any(fnmatchcase(change.types[-1], pattern) for pattern in _ACCOUNTS):
        yield what(change), "whoever logs in with it is refused, or may no longer do what it allowed"
    if change.op not in (UPDATE, REPLACE):
        return
    if DATABASE in change.types and change.kind == "Secret" and any(map(_USERNAME.search, change.changed)):
        yield "username", "the old account stays in the database with its password; clients must know the new one"
    for name, before, after in inputs.pairs(change):
        for open_door in sorted(_open_doors(after) - _open_doors(before)):
            yield f"{name}: {open_door}", "whoever reaches the server needs no password any more"
        if DATABASE in change.types:
            yield from _of_script(name, _words(before), _words(after))
        elif versions.is_server(change):
            old, new = inputs.variables(before), inputs.variables(after)
            for key in filter(_NAMES.search, old):
                was, now = old[key].get("value"), new.get(key, {}).get("value")
                if was and now and was != now:
                    yield f"{name}: env[{key}]: {was} → {now}", _renamed(was, now)


def _open_doors(container: dict[str, Any]) -> set[str]:
    """What lets everybody in, among a server's arguments and variables."""
    found = {f"env[{key}]: {it.get('value')}" for key, it in inputs.variables(container).items()
             if _DOORS.search(key) and (inputs.is_on(it.get("value")) or it.get("value") == "trust")}  # fmt: skip
    return found | {it for it in inputs.arguments(container) if _DOOR.fullmatch(it)}


def _of_script(name: str, before: dict[str, str], after: dict[str, str]) -> Found:
    """What the script that makes accounts is told differently."""
    old, new = before.get("DATABASE"), after.get("DATABASE")
    if old and new and old != new:
        yield f"{name}: DATABASE: {old} → {new}", _renamed(old, new)
    for key, mark in (("SCHEMAS", "="), ("ACCOUNTS", ":")):
        gone = {it.partition(mark)[0] for it in before.get(key, "").split()}
        gone -= {it.partition(mark)[0] for it in after.get(key, "").split()}
        if key in before and gone:
            kind = "schemas" if key == "SCHEMAS" else "accounts"
            yield f"{name}: {kind}: without {', '.join(sorted(gone))}", f"clients that use these {kind} fail"


def _renamed(old: str, new: str) -> str:
    return f"clients that use {old} fail or find no tables: they stay under {old}, and {new} starts empty"


def _words(container: dict[str, Any]) -> dict[str, str]:
    """The KEY=value arguments of a container; none of them where a value is a secret."""
    found = (re.fullmatch(r"([A-Z_]+)=(.*)", it, re.DOTALL) for it in inputs.arguments(container))
    return {match[1]: match[2] for match in found if match and SECRET not in match[2]}


def _allowed(role: dict[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    """What a role allows: group, resource and verb."""
    for rule in mappings(lookup(role, "rules")):
        groups, kinds, names, urls, verbs = (
            [str(it) for it in found] if isinstance(found := rule.get(key), list) else [str(found)] if found else []
            for key in ("apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs")
        )
        named = [f"{kind}={name}" for kind in kinds for name in names]
        yield from product(groups or [""], [*(named or kinds), *urls], verbs)


def _covers(known: tuple[str, ...], given: tuple[str, ...]) -> bool:
    """Whether a right includes another; one for a kind includes that for an object of it, `secrets=tls`."""
    return all(old in (_ALL, new, new.partition("=")[0]) for old, new in zip(known, given, strict=True))


def _subjects(binding: dict[str, Any] | None) -> list[str]:
    return [f"{it.get('kind')} {shown(it.get('name'))}" for it in mappings(lookup(binding, "subjects"))]
