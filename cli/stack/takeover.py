"""`adopt`: objects that others made come under the stack as they are, after a plan that says what ends.

Each object gets the stack's mark, and the provider's signature in the place of whoever owned its fields: what the
program does not say any more goes with the next change, and nothing is made anew. Then it is written into the state.
"""

import secrets
import tempfile
import uuid
from pathlib import Path

from ..console import console
from . import Stack, adopt, existing, objects, repair, signatures
from .objects import Object
from .policy import MARK


def run(stack: Stack, owner: str, *, yes: bool, lose_data: bool = False) -> bool:
    """Plan and, with `yes`, take over what exists of the stack's objects and is not in its state.

    Args:
        stack: The stack.
        owner: Another stack whose objects may be taken, as its mark names it; empty for none.
        yes: Do it, rather than only say what would be done.
        lose_data: Also where a database's data is in its pod and ends with it. Default: that is refused.

    Returns:
        Whether something was taken over, so that `up` has to follow.

    Raises:
        Problem: An object belongs to another stack, or cannot be kept; nothing was changed.
    """
    exported = repair.export(stack)
    # Without the cluster, which would refuse to make what exists in another form.
    with tempfile.TemporaryDirectory() as unused, stack.offline(Path(unused)) as variables:
        steps = repair.preview(stack, variables)
    grown = adopt.from_preview(with_providers(exported.get("deployment") or {}, steps), steps)
    inputs = [item["resource"]["inputs"] for item in grown["pending_operations"]]
    wanted = {ref: thing for thing in inputs if (ref := objects.ref_of(thing))}
    live = objects.live(stack, wanted)
    found = [existing.Found(ref, wanted[ref], item) for ref, item in live.items()]
    if not found:
        console.print(f"Nothing that stack {stack.name} would make exists: make up makes it.", markup=False)
        return False
    existing.refuse(found, owner)
    for line in existing.plan(found):
        console.print(line, markup=False)
    if not yes:
        console.print("Nothing was changed. With --yes it is done.", markup=False)
        return False
    if not lose_data:
        existing.refuse_loss(found)
    for item in found:
        _sign(stack, item)
    outcome = adopt.settle(grown, objects.live(stack, wanted))
    repair.write(stack, {**exported, "deployment": outcome.deployment})
    return True


def with_providers(deployment: Object, steps: list[Object]) -> Object:
    """Write into the state of a stack without resources the provider that Pulumi will make for them: nothing else can.

    Args:
        deployment: The exported state; unchanged where it has them.
        steps: Of a preview; they refer to it afterwards.
    """
    resources = list(deployment.get("resources") or [])
    ids = {item["urn"]: item["id"] for item in resources if item.get("id")}
    for step in steps:
        resource = step.get("newState") or {}
        urn = str(resource.get("provider", "")).rpartition("::")[0]
        kind, _, name = urn.rpartition("::")
        if not name.startswith("default"):
            continue
        if urn not in ids:
            ids[urn] = str(uuid.uuid4())
            # Its name holds its version: default_4_25_0.
            inputs = {"version": name.removeprefix("default_").replace("_", ".")} if "_" in name else {}
            own = {"urn": urn, "custom": True, "id": ids[urn], "type": kind.rpartition("::")[2]}
            resources.append({**own, "inputs": inputs, "outputs": inputs})
        resource["provider"] = f"{urn}::{ids[urn]}"
    return {**deployment, "resources": resources}


def signed(entries: list[Object], name: str) -> list[Object]:
    """The owners of an object's fields, with one in the place of all who applied or edited it.

    Args:
        entries: As the cluster has them; those of controllers, on a subresource, stay.
        name: The signature.
    """
    own = [entry for entry in entries if not entry.get("subresource")]
    fields: Object = {}
    for entry in own:
        _merge(fields, entry.get("fieldsV1") or {})
    one = {**own[-1], "manager": name, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields}
    return [*(entry for entry in entries if entry.get("subresource")), one]


def _sign(stack: Stack, item: existing.Found) -> None:
    metadata = {"annotations": {MARK: existing.mark(item.wanted)}, "labels": {signatures.LABEL: "pulumi"}}
    change: Object = {"metadata": metadata}
    strategy = item.wanted.get("spec", {}).get("strategy")
    if item.ref.kind == "Deployment" and strategy:
        # What the cluster filled in for the old way is refused beside the new one.
        change["spec"] = {"strategy": {"rollingUpdate": None, **strategy}}
    repair.patch(stack, item.ref, change)
    [has] = objects.live(stack, [item.ref]).values()
    name = f"pulumi-kubernetes-{secrets.token_hex(4)}"
    repair.patch(stack, item.ref, {"metadata": {"managedFields": signed(has["metadata"]["managedFields"], name)}})


def _merge(into: Object, more: Object) -> None:
    for key, value in more.items():
        _merge(into.setdefault(key, {}), value)
