"""A rule about a database's server that stays: it finds its files, and it runs once."""

import re
from typing import Any

from .. import versions
from ..model import UNKNOWN, Change, lookup, mappings
from . import inputs
from .base import GONE, Context, Found, shown

_FOLDER = re.compile(r"(^PGDATA|DATA_?DIR|DATA_?PATH)$", re.IGNORECASE)
_OPTION = re.compile(r"--datadir=(.*)")


def elsewhere(change: Change, context: Context) -> Found:
    """A server gets another volume or folder for its data, no pod, or a second one on the same files."""
    if change.kind not in ("Deployment", "StatefulSet") or change.before is None or change.after is None:
        return
    gone = {f"persistentVolumeClaim {lookup(it.before, 'metadata', 'name')}" for it in context.changes
            if it.kind == "PersistentVolumeClaim" and it.op in GONE}  # fmt: skip
    told: set[str] = set()
    old_volumes, new_volumes = versions.kept_volumes(change.before), versions.kept_volumes(change.after)
    for name, before, after in inputs.pairs(change):
        new = {mount.get("mountPath"): _place(mount, new_volumes) for mount in mappings(after.get("volumeMounts"))}
        for mount in mappings(before.get("volumeMounts")):
            was, path = _place(mount, old_volumes), mount.get("mountPath")
            # Of a claim that goes its own finding tells.
            now = new.get(path) or "nothing that stays"
            if was not in ("", now) and UNKNOWN not in was + now and old_volumes[mount.get("name")] not in gone:
                told.add(f"{path}: {was} → {now}")
        for key, folder in _folders(before).items():
            if folder != (now := _folders(after).get(key)) and UNKNOWN not in (folder, now):
                told.add(f"{name}: {key}: {shown(folder)} → {shown(now)}")
    for prop in sorted(told):
        yield prop, "it looks for its data where it was not so far: it ends, or begins with an empty database"
    yield from _number(change, shared=bool(old_volumes) and change.kind == "Deployment")


def _place(mount: dict[str, Any], volumes: dict[Any, str]) -> str:
    """Where a mount's files are; empty where they end with the pod, or nobody writes to them."""
    place = volumes.get(mount.get("name"), "")
    if not place or mount.get("readOnly") is True:
        return ""
    return f"{place} {mount.get('subPath')}" if mount.get("subPath") else place


def _folders(container: dict[str, Any]) -> dict[str, Any]:
    """What tells a server where its data is: variables and an option."""
    known = {f"env[{key}]": it.get("value") for key, it in inputs.variables(container).items() if _FOLDER.search(key)}
    options = [match[1] for match in map(_OPTION.fullmatch, inputs.arguments(container)) if match]
    return {**known, **({"--datadir": options[-1]} if options else {})}


def _number(change: Change, *, shared: bool) -> Found:
    old, new = change.value("spec", "replicas")
    old, new = (1 if number is None else number for number in (old, new))
    if not isinstance(old, int) or not isinstance(new, int):
        return
    if new == 0 < old:
        yield f"spec.replicas: {old} → 0", "no server runs: clients have no database"
    elif shared and old <= 1 < new:
        yield f"spec.replicas: {old} → {new}", "several servers open the same files: all but one end, or damage them"
    was, now = change.value("spec", "strategy", "type")
    if shared and was == "Recreate" != now:
        yield f"spec.strategy.type: {was} → {shown(now)}", "the new server starts while the old one has the files open"
