"""What to make of operations that a killed run began and never ended: pure, on an exported state.

Pulumi writes down each operation before it begins, so nothing can exist that the state does not at least announce.
`pulumi refresh --import-pending-creates` of 3.259 forgets what it should adopt, hence this.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from . import signatures
from .objects import Object, Ref, ref_of
from .policy import MARK


@dataclass
class Outcome:
    """A state without unfinished operations, and what was done about each."""

    deployment: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def announced(deployment: Mapping[str, Any]) -> list[Ref]:
    """The objects that unfinished operations would create, and those in whose place they would be."""
    begun = [operation["resource"] for operation in _creates(deployment)]
    urns = {resource["urn"] for resource in begun}
    before = [resource for resource in deployment.get("resources") or [] if resource["urn"] in urns]
    refs = (ref_of(resource.get("inputs") or {}) for resource in (*begun, *before))
    return list(dict.fromkeys(ref for ref in refs if ref))


def managed(deployment: Mapping[str, Any]) -> list[Ref]:
    """The objects in the state."""
    refs = (ref_of(resource.get("inputs") or {}) for resource in deployment.get("resources") or [] if "id" in resource)
    return [ref for ref in refs if ref]


def settle(deployment: Mapping[str, Any], live: Mapping[Ref, Object], gone: Collection[Ref] = ()) -> Outcome:
    """Take what was created into the state, and drop the unfinished operations.

    Args:
        deployment: The exported state.
        live: Which of the announced objects exist, as the cluster has them.
        gone: Which of them do not. Default: those that are not in `live` may exist.
    """
    outcome = Outcome({**copy.deepcopy(dict(deployment)), "pending_operations": []})
    for operation in deployment.get("pending_operations") or []:
        resource, name = operation["resource"], _name(operation["resource"]["urn"])
        ref = ref_of(resource.get("inputs") or {})
        if operation["type"] != "creating":
            outcome.notes.append(f"{name}: {operation['type']} was interrupted; the cluster tells how far it came")
        elif ref is None:
            outcome.notes.append(f"{name}: was not created")
        elif ref not in live:
            outcome.notes.append(f"{ref}: was not created")
        elif not _ours(live[ref], resource["inputs"]):
            outcome.notes.append(f"{ref}: exists, but this stack did not make it; left alone")
        else:
            _add(outcome, resource, ref, live, gone)
    return outcome


def from_preview(deployment: Mapping[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Announce in a state what a preview would create: for a state older than the cluster.

    Secrets are left out, because a preview does not show them, and so is what has no place in the state without them.
    """
    known = {resource["urn"] for resource in deployment.get("resources") or []}
    grown = {**copy.deepcopy(dict(deployment)), "resources": list(deployment.get("resources") or [])}
    announcements: list[dict[str, Any]] = []
    for step in steps:
        resource = copy.deepcopy(step.get("newState") or {})
        provider = resource.get("provider", "").rpartition("::")[0]
        if step["op"] != "create" or resource["urn"] in known or resource.get("parent", "") not in known | {""}:
            continue
        for key in ("dependencies", "propertyDependencies"):
            resource.pop(key, None)
        if not resource.get("custom"):
            grown["resources"].append(resource)
        elif provider not in known or "[secret]" in str(resource.get("inputs")):
            continue
        else:
            announcements.append({"type": "creating", "resource": resource})
        known.add(resource["urn"])
    return {**grown, "pending_operations": announcements}


def _creates(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [item for item in deployment.get("pending_operations") or [] if item["type"] == "creating"]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _ours(item: Object, inputs: Object) -> bool:
    """Whether a run of this very stack made the object: signed by the provider, and with the stack's mark."""
    wanted, found = ((thing["metadata"].get("annotations") or {}).get(MARK) for thing in (inputs, item))
    return bool(signatures.of(item)) and wanted is not None and wanted == found


def _made(live: Mapping[Ref, Object], resource: Mapping[str, Any]) -> str:
    """When the cluster says that an object was created, to the second; empty where that was not asked."""
    ref = ref_of(resource.get("inputs") or {})
    return str(live[ref]["metadata"].get("creationTimestamp", "")) if ref and ref in live else ""


def _add(
    outcome: Outcome, resource: dict[str, Any], ref: Ref, live: Mapping[Ref, Object], gone: Collection[Ref]
) -> None:
    resources: list[dict[str, Any]] = outcome.deployment.setdefault("resources", [])
    signature = signatures.of(live[ref])
    for known in resources:
        if known["urn"] == resource["urn"] and known.get("id") == ref.id:
            if signatures.KEY in known.get("outputs", {}):
                known["outputs"][signatures.KEY] = signature
            outcome.notes.append(f"{ref}: was created again; the state knows it already")
            return
    # A replacement: the object before it stays until the next `up` removes it. The engine keeps such ones last.
    replaced = [known for known in resources if known["urn"] == resource["urn"] and not known.get("delete")]
    position = resources.index(replaced[0]) if replaced else len(resources)
    for known in replaced:
        resources.remove(known)
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    # The refresh that follows fills in the outputs; without the signature it would make up another one.
    outputs = {**resource["inputs"], signatures.KEY: signature}
    adopted = {**resource, "id": ref.id, "outputs": outputs, "created": now, "modified": now}
    there = [known for known in replaced if ref_of(known.get("inputs") or {}) not in gone]
    if any(_made(live, known) > _made(live, adopted) for known in there):
        # Another run has made a newer one since, and written it down.
        resources[position:position] = replaced
        resources.append({**adopted, "delete": True})
        outcome.notes.append(f"{ref}: was created and not written down, and is replaced already; make up removes it")
        return
    resources.insert(position, adopted)
    resources += [{**known, "delete": True} for known in there]
    outcome.notes.append(f"{ref}: was created and not written down; adopted")
