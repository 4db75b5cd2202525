"""Rules about what protects data on its way and where it lies: nobody switches it off in passing."""

import re
from typing import Any

from ..model import DATABASE, DELETE, REPLACE, UPDATE, Change, lookup, mappings
from . import inputs, moves
from .base import Context, Found, shown

#: How much a client or a server asks of a connection; what is not named here is not judged.
_MODES = {
    **dict.fromkeys(("verify-identity", "verify-full"), 3),
    **dict.fromkeys(("verify-ca", "mutual", "istio-mutual", "strict"), 2),
    **dict.fromkeys(("simple", "require", "required", "true", "on", "1", "yes"), 1),
    **dict.fromkeys(
        ("prefer", "preferred", "permissive", "allow", "disable", "disabled", "false", "off", "0", "no", "none"), 0
    ),
}
_MODE = re.compile(r"(^|_)(TLS|SSL)(_?MODE)?$", re.IGNORECASE)
_SERVER = re.compile(r"--(?:loose-)?require[-_]secure[-_]transport(?:=(.*))?")
_CLEAR = re.compile(r"--(skip-ssl|ssl=(0|OFF|FALSE)|ssl-mode=(DISABLED|PREFERRED)|tls=false)", re.IGNORECASE)
#: Paths of switches that encrypt, and of those that do not ask who answers.
_ENCRYPTS = re.compile(
    r"(tls|ssl)(\.enabled|Enabled|Enforcement)?$|requireSsl$|(ssl|https)-redirect$|storageEncrypted$|"
    r"(transit|atRest)EncryptionEnabled$|require_?secure_?transport$",
    re.IGNORECASE,
)
_BELIEVES = re.compile(r"insecureSkip(Tls)?Verify$|allowUnsafeConfigurations$|allowPlaintext\w*$", re.IGNORECASE)
#: Paths of what a mesh or a proxy asks of the other side.
_ASKS = re.compile(r"(mtls|tls|ssl)\.mode$", re.IGNORECASE)
_CLEARTEXT = "passwords and rows can be read, and changed, by whoever sees the network"

_KEEPS = re.compile(r"deletionProtection(Enabled)?$|deleteProtection$", re.IGNORECASE)
_RETAINS = re.compile(r"(reclaimPolicy|ReclaimPolicy|whenDeleted|whenScaled|deletionPolicy|resource-policy)$")
_BACKUPS = ("ScheduledBackup", "BackupPolicy", "Schedule", "BackupStorageLocation")
_COPIES = ("VolumeSnapshot", "VolumeSnapshotContent", "Backup")


def tls(change: Change, _: Context) -> Found:
    """TLS is switched off, or asks less of the other side."""
    if change.op not in (UPDATE, REPLACE):
        return
    for name, before, after in inputs.pairs(change):
        if _requires(before) and not _requires(after):
            yield f"{name}: require-secure-transport: ON → OFF", f"the server answers without TLS: {_CLEARTEXT}"
        if clear := [
            it for it in inputs.arguments(after) if _CLEAR.fullmatch(it) and it not in inputs.arguments(before)
        ]:
            yield f"{name}: {', '.join(clear)}", f"the connection is not encrypted: {_CLEARTEXT}"
        old, new = inputs.variables(before), inputs.variables(after)
        for key in filter(_MODE.search, old):
            was, now = old[key].get("value"), new.get(key, {}).get("value")
            if _lower(was, "none" if key not in new else now):
                yield f"{name}: env[{key}]: {shown(was)} → {shown(now)}", f"the client asks less: {_CLEARTEXT}"
    for host in sorted(_secured(change.before) & _routed(change.after) - _secured(change.after)):
        yield f"spec.tls: without {host}", f"{host} is served without TLS: {_CLEARTEXT}"
    if not inputs.pod(change.after):
        for path, old, new in inputs.changed(change):
            off = _ENCRYPTS.search(path) and inputs.is_on(old) and not inputs.is_on(new)
            off = off or (_ASKS.search(path) and _lower(old, "none" if new is None else new))
            if off or (_BELIEVES.search(path) and inputs.is_on(new)):
                yield f"{path}: {shown(old)} → {shown(new)}", _CLEARTEXT


def protection(change: Change, context: Context) -> Found:
    """What keeps data from being deleted, or brings it back, is switched off."""
    if context.goes_with_its_component(change) or context.goes_with_its_namespace(change):
        return
    if moves.is_served_elsewhere(change, context):
        return
    if change.op == DELETE:
        if change.kind == "PodDisruptionBudget" and not _of_one_pod(change, context):
            yield "deleted", "a drained node may stop all its pods at once"
        if change.kind in _BACKUPS or _backs_up(change):
            yield "deleted", "no backup is made any more"
        if change.kind in _COPIES and not change.retained:
            yield "deleted", "a copy of the data goes with it"
        return
    for name in sorted(inputs.containers(change.before).keys() - inputs.containers(change.after).keys()):
        if _backs_up(change):
            yield f"containers: without {name}", "a part of the backup is left out, such as its copy in a bucket"
        elif DATABASE in change.types and name.startswith("binary-log"):
            yield f"containers: without {name}", "what was written since the last backup cannot be restored any more"
    for option in () if change.is_component else change.dropped:
        yield f"{option}: true → false", "the next change may delete it: nothing holds it any more"
    for path, old, new in inputs.changed(change):
        if consequence := _unprotected(change, path, old, new):
            yield f"{path}: {shown(old)} → {shown(new)}", consequence


def _of_one_pod(budget: Change, context: Context) -> bool:
    """Whether a budget's workload has one pod from now on: then a budget would only hold up whoever drains a node."""
    selector = lookup(budget.before, "spec", "selector", "matchLabels")
    for change in context.changes:
        labels = lookup(change.after, "spec", "template", "metadata", "labels")
        if isinstance(selector, dict) and isinstance(labels, dict) and selector and selector.items() <= labels.items():
            return lookup(change.after, "spec", "replicas") in (None, 0, 1)
    return False


def _unprotected(change: Change, path: str, old: object, new: object) -> str:
    key = path.rpartition(".")[2]
    if _KEEPS.search(path) and inputs.is_on(old) and not inputs.is_on(new):
        return "the provider deletes it without a question"
    if _RETAINS.search(path) and str(old).lower() in ("retain", "keep", "snapshot") and new != old:
        return "its data is deleted with it, and was kept so far"
    if key == "skipFinalSnapshot" and inputs.is_on(new):
        return "nothing of its data is left when it is deleted"
    if key.lower().startswith("backupretention") and str(old) not in ("0", "None") and str(new) in ("0", "None"):
        return "no backup is made any more"
    if key == "suspend" and inputs.is_on(new) and (change.kind in _BACKUPS or _backs_up(change)):
        return "no backup is made any more"
    if "finalizers[" in path and "delete" in str(new).lower():
        return "its operator deletes the volumes with it, and kept them so far"
    return ""


def _backs_up(change: Change) -> bool:
    return change.kind == "CronJob" and (DATABASE in change.types or "backup" in change.name.lower())


def _requires(container: dict[str, Any]) -> bool:
    found = [match[1] for match in map(_SERVER.fullmatch, inputs.arguments(container)) if match]
    return bool(found) and (found[-1] is None or inputs.is_on(found[-1]))


def _lower(old: object, new: object) -> bool:
    was, now = (_MODES.get(str(value).lower().replace("_", "-")) for value in (old, new))
    return was is not None and now is not None and now < was


def _secured(side: dict[str, Any] | None) -> set[str]:
    """The hosts that an Ingress serves over TLS."""
    found = (it.get("hosts") for it in mappings(lookup(side, "spec", "tls")))
    return {str(host) for hosts in found if isinstance(hosts, list) for host in hosts}


def _routed(side: dict[str, Any] | None) -> set[str]:
    return {str(it.get("host")) for it in mappings(lookup(side, "spec", "rules"))}
