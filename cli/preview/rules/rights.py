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
#: The variables by which images of databases know their schema and account.
_NAMES = re.compile(r"(MYSQL|MARIADB|POSTGRES|POSTGRESQL)_(DATABASE|DB|USER|USERNAME)$")


def cluster_wide(change: Change, _: Context) -> Found:
    """Somebody gets rights in the whole cluster, or every right on something."""
    if change.after is None or change.op == SAME:
        return
    if change.kind in ("ClusterRole", "Role"):
        old = set(_allowed(change.before))
        new = [given for given in _allowed(change.after) if not any(_covers(known, given) for known in old)]
        risky = new if change.kind == "ClusterRole" else [given for given in new if _ALL in given[1:]]
        for group, resource, verb in risky[:3]:
            where = " in the whole cluster" if change.kind == "ClusterRole" else ""
            name = f"{resource}{f'.{group}' if group else ''}"
            yield f"rules: {verb} {name}", f"whoever is bound to it may {verb} {name}{where}, and could not before"
    elif change.kind in ("ClusterRoleBinding", "RoleBinding"):
        role = str(lookup(change.after, "roleRef", "name"))
        if change.kind == "RoleBinding" and role != "cluster-admin":
            return
        same = change.before is not None and role == lookup(change.before, "roleRef", "name")
        known = set(_subjects(change.before)) if same else set()
        for subject in [it for it in _subjects(change.after) if it not in known]:
            where = "the whole cluster" if change.kind == "ClusterRoleBinding" else "the namespace"
            yield f"subjects: {subject}, roleRef: {role}", f"{subject} gets what {role} allows, in {where}"


def account(change: Change, _: Context) -> Found:
    """An account or a schema of a database gets another name, or goes."""
    if change.op in GONE and any(fnmatchcase(change.types[-1], pattern) for pattern in _ACCOUNTS):
        yield what(change), "whoever logs in with it is refused, or may no longer do what it allowed"
    if change.op not in (UPDATE, REPLACE):
        return
    if DATABASE in change.types and change.kind == "Secret" and any(map(_USERNAME.search, change.changed)):
        yield "username", "the old account stays in the database with its password; clients must know the new one"
    for name, before, after in inputs.pairs(change):
        if DATABASE in change.types:
            yield from _of_script(name, _words(before), _words(after))
        elif versions.is_server(change):
            old, new = inputs.variables(before), inputs.variables(after)
            for key in filter(_NAMES.search, old):
                was, now = old[key].get("value"), new.get(key, {}).get("value")
                if was and now and was != now:
                    yield f"{name}: env[{key}]: {was} → {now}", _renamed(was, now)


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
