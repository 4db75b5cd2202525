"""What changed on the cluster without Pulumi: what it last saw, compared with what is there, field by field.

The engine reads every object (`refresh --preview-only`, which writes nothing), but calls it changed only where a field
that the program sets differs. So both versions are compared here, whole. In the stack's own namespaces it also looks
for objects that are not the stack's.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..console import Problem
from ..stack import Stack, config, rights
from . import engine, gate_file
from .difference import entries
from .model import CREATE, DELETE, SAME, UPDATE, Change, Preview, events, lookup, masked

#: What the cluster itself writes all the time.
_VOLATILE = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "selfLink")
_CONTROLLERS = (
    "deployment.kubernetes.io/*", "pv.kubernetes.io/*", "volume.kubernetes.io/*", "volume.beta.kubernetes.io/*",
    # `kubectl rollout restart`: other pods, and the same as before.
    "kubectl.kubernetes.io/restartedAt",
)  # fmt: skip
#: Maps to which others may add keys.
_FREE = ("labels", "annotations")
_FREE_PATH = re.compile(r"(^|\.)metadata\.(labels|annotations)\b")
_AUTOMATIC = ("kubernetes.io/metadata.name",)
#: What a namespace should not hold besides the stack's objects.
_KINDS = (
    "deployments,statefulsets,daemonsets,cronjobs,jobs,pods,services,ingresses,networkpolicies,persistentvolumeclaims,"
    "secrets,configmaps,serviceaccounts,roles,rolebindings"
)
#: The variable lets Pulumi take back a field that carries another tool's signature: `kubectl scale` leaves one that the
#: provider does not take over by itself. Only here: elsewhere a conflict is what keeps two stacks apart.
REMEDY = "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh"
#: What Kubernetes puts into every namespace.
_ALWAYS = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
_LIST = '{range .items[*]}{.kind}{"\\t"}{.metadata.name}{"\\t"}{.metadata.ownerReferences[*].kind}{"\\n"}{end}'


def find(stack: Stack) -> tuple[Preview, list[str]]:
    """Find what changed outside.

    Args:
        stack: The stack, prepared.

    Returns:
        The changes, each from what Pulumi last saw to what is there now, and notes for the reader.

    Raises:
        Problem: The state or the cluster cannot be read; the message has the engine's words.
    """
    done = engine.run(stack.run, "refresh", "--preview-only")
    if done.returncode:
        raise Problem(f"pulumi refresh failed:\n{engine.words(done)}")
    changes = compared(done.stdout.splitlines(), gate_file.of_tree().strangers)
    if not changes:
        raise Problem(f"stack {stack.name} has nothing on the cluster", f"make up STACK={stack.name}")
    notes = ["From what Pulumi last saw (-) to what the cluster has now (+). Nothing was written."]
    known = {(change.kind, change.object_name) for change in changes}
    for namespace in [change.object_name for change in changes if change.kind == "Namespace" and change.after]:
        done = stack.run("kubectl", "get", _KINDS, "--namespace", namespace, "--output", f"jsonpath={_LIST}")
        changes += foreign(stack.name, namespace, known, done.stdout)
        if done.returncode:
            # A deployer may lack the right to list some kinds; what it may list was looked at.
            words = " ".join(done.stderr.split()[:60])
            notes.append(f"Not all objects of others were looked for in namespace `{namespace}`: `{words}`")
    changes.sort(key=lambda change: (change.kind, change.name, change.urn))
    return Preview(changes), notes


def remedies(changes: list[Change]) -> list[str]:
    """The commands that put it right, in the shell of `make env`."""
    commands = []
    if any(change.op == DELETE or change.changed for change in changes):
        commands.append(REMEDY)
    for change in changes:
        where = f"--namespace {lookup(change.after, 'metadata', 'namespace')}" if change.kind != "Namespace" else ""
        target = " ".join(filter(None, (where, f"{change.kind.lower()}/{change.object_name}")))
        if change.op == CREATE:
            commands.append(f"kubectl delete {target}")
        elif change.op == UPDATE and not change.changed:
            # The engine sees nothing to do.
            recreated = [entry.path for entry in entries(change.before, change.after)] == ["metadata.uid"]
            commands.append(f"pulumi refresh --target '{change.urn}'" if recreated else f"kubectl edit {target}")
    return commands


def compared(lines: list[str], strangers: Sequence[str] = ()) -> list[Change]:
    """Every resource of a refresh, from what was recorded to what is there.

    Args:
        lines: The engine's events.
        strangers: Patterns of labels and annotations that the platform writes. Default: the cluster's own.
    """
    found = []
    own = (*_CONTROLLERS, *strangers)
    steps = [event.get("resOutputsEvent", {}).get("metadata", {}) for event in events(lines)]
    scaled = {target for step in steps for target in _scaled(step)}
    for step in steps:
        if not step.get("type", "").startswith("kubernetes:"):
            continue
        old, new = step.get("old") or {}, step.get("new") or {}
        before = without_strangers(settled(old.get("outputs") or {}, own), masked(old.get("inputs") or {}))
        after = None if step["op"] == "delete" or not new else settled(new.get("outputs") or {}, own)
        if after is not None and "volumeName" not in before.get("spec", {}):
            # A claim is bound after Pulumi saw it.
            after.get("spec", {}).pop("volumeName", None)
        if _object(before) in scaled:
            for side in filter(None, (before, after)):
                side.get("spec", {}).pop("replicas", None)
        changed = tuple(sorted(step.get("detailedDiff") or {}))
        # Content that is masked looks alike; labels and annotations are not masked.
        seen = step["op"] == "update" and not (changed and all(map(_FREE_PATH.search, changed)))
        op = DELETE if after is None else SAME if before == after and not seen else UPDATE
        found.append(Change(op, step["urn"], before=before, after=after, changed=changed, parent=old.get("parent", "")))
    return found


def settled(outputs: dict[str, Any], others: Iterable[str] = _CONTROLLERS) -> dict[str, Any]:
    """An object without what the cluster itself and `others` write, and with secrets masked."""
    shown = {key: value for key, value in masked(outputs).items() if key != "status"}
    metadata = {key: value for key, value in (shown.get("metadata") or {}).items() if key not in _VOLATILE}
    shown = {**shown, "metadata": _without(metadata, others)}
    if isinstance(template := lookup(shown, "spec", "template"), dict) and isinstance(template.get("metadata"), dict):
        shown["spec"] = {
            **shown["spec"],
            "template": {**template, "metadata": _without(template["metadata"], others)},
        }
    return shown


def _without(metadata: dict[str, Any], others: Iterable[str]) -> dict[str, Any]:
    """Metadata without labels and annotations of others."""
    free = {
        key: {name: value for name, value in (metadata.get(key) or {}).items() if not _fits(name, others)}
        for key in _FREE
    }
    rest = {key: value for key, value in metadata.items() if key not in _FREE}
    return {**rest, **{key: value for key, value in free.items() if value}}


def _scaled(step: dict[str, Any]) -> list[tuple[Any, Any, Any]]:
    """Kind, namespace and name of what an autoscaler of the stack scales: how many pods it has is not the program's."""
    if not str(step.get("type")).endswith(":HorizontalPodAutoscaler"):
        return []
    outputs = (step.get("new") or step.get("old") or {}).get("outputs")
    target = lookup(outputs, "spec", "scaleTargetRef")
    return [(lookup(target, "kind"), lookup(outputs, "metadata", "namespace"), lookup(target, "name"))]


def _object(outputs: dict[str, Any]) -> tuple[Any, Any, Any]:
    return outputs.get("kind"), lookup(outputs, "metadata", "namespace"), lookup(outputs, "metadata", "name")


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def without_strangers(recorded: Any, declared: Any, key: str = "") -> Any:
    """What was recorded, without items of lists, labels and annotations that the program does not set.

    A refresh records what others added, and from then on the engine takes it for its own.
    """
    if isinstance(recorded, dict) and isinstance(declared, dict):
        kept = recorded
        if key in _FREE:
            kept = {name: value for name, value in recorded.items() if name in declared or name in _AUTOMATIC}
        return {name: without_strangers(value, declared.get(name), name) for name, value in kept.items()}
    if isinstance(recorded, list) and isinstance(declared, list):
        names = [item.get("name") for item in declared if isinstance(item, dict) and item.get("name")]
        if len(names) == len(declared):
            by_name = {item["name"]: item for item in declared}
            return [without_strangers(item, by_name[item["name"]]) for item in recorded if item.get("name") in by_name]
        return [without_strangers(*pair) for pair in zip(recorded, declared, strict=False)]
    return recorded


def foreign(stack: str, namespace: str, known: set[tuple[str, str]], listed: str) -> list[Change]:
    """The objects of a namespace that neither the stack nor a controller made.

    Args:
        stack: The stack's name.
        namespace: The namespace.
        known: Kind and name of every object of the stack.
        listed: What is there: kind, name and kinds of owners, with tabs between, a line each.
    """
    found = []
    names = [rights.role_name(namespace, user) for user in config.USERS]
    of_users = {(kind, name) for kind in ("Role", "RoleBinding") for name in names}
    for line in listed.splitlines():
        kind, name, owners = line.split("\t")
        if not owners and (kind, name) not in known | of_users | _ALWAYS:
            urn = f"urn:pulumi:{stack}::outside::kubernetes:outside:{kind}::{name}"
            found.append(Change(CREATE, urn, after={"metadata": {"name": name, "namespace": namespace}}))
    return found
