"""Bring a stack back after its run was killed, whenever that was: with Pulumi's own state, export and refresh."""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..console import Problem, console, step
from . import PREVIEW_SECONDS, Stack, adopt, exclusive, journal, objects, recorded, signatures, state

#: How long to wait for objects that the killed run asked the cluster to remove.
REMOVAL_SECONDS = 40


def settle(stack: Stack) -> bool:
    """Finish the book-keeping of operations that a killed run began.

    Returns:
        Whether there were any.

    Raises:
        Problem: What it did cannot be found out.
    """
    files = stack.files
    left = journal.of(stack)
    if left:
        _replay(stack, left)
        return True
    if files and not files.compressed() and not (state.deployment(files.path) or {}).get("pending_operations"):
        return False
    exported = export(stack)
    deployment = exported.get("deployment") or {}
    pending = deployment.get("pending_operations") or []
    if pending:
        announced = adopt.announced(deployment)
        objects.wait_for_removals(stack, announced, REMOVAL_SECONDS)
        live = objects.live(stack, announced)
        outcome = adopt.settle(deployment, live, set(announced) - set(live))
        console.print(f"A run was interrupted in the middle of {_count(len(pending), 'operation')}:", markup=False)
        for note in outcome.notes:
            console.print(f"  {note}", markup=False)
        write(stack, {**exported, "deployment": outcome.deployment})
        deployment = outcome.deployment
        _wait(stack, adopt.managed(deployment))
    return bool(pending)


def _wait(stack: Stack, refs: Iterable[objects.Ref]) -> None:
    """Wait until the cluster has removed what the killed run asked it to, or say what it still removes."""
    if late := objects.wait_for_removals(stack, refs, REMOVAL_SECONDS):
        names = ", ".join(str(ref) for ref in late)
        console.print(f"The cluster is still removing {names}; `make up` may have to be repeated.", markup=False)


def _replay(stack: Stack, left: journal.Journal) -> None:
    """Bring the state to where a run without checkpoints came: what it made is adopted, the cluster tells the rest."""
    planned, begun = left.read()
    exported = export(stack)
    if not (exported.get("deployment") or {}).get("secrets_providers"):
        # The first state of a stack: it says how its secrets are encrypted once Pulumi has written it itself.
        refresh(stack)
        exported = export(stack)
    before: dict[str, Any] = exported.get("deployment") or {}
    marked = objects.marked(stack, recorded.places(planned), stack.mark())
    added, pending = recorded.operations(before, planned, begun, marked)
    own = before.get("pending_operations") or []
    grown = {**before, "resources": [*(before.get("resources") or []), *added], "pending_operations": [*own, *pending]}
    announced = adopt.announced(grown)
    live = objects.live(stack, announced)
    if going := objects.leaving(live):
        objects.wait_for_removals(stack, going, REMOVAL_SECONDS)
        live = {ref: item for ref, item in live.items() if ref not in going} | objects.live(stack, going)
    try:
        there = recorded.existing(pending, before, live)
    except LookupError:
        raise Problem(
            "a run was killed, and a secret of what it made cannot be read from the cluster any more",
            f"nothing was changed; make repair STACK={stack.name} again, under an account that may read Secrets",
        ) from None
    outcome = adopt.settle({**grown, "pending_operations": [*own, *there]}, live, set(announced) - set(live))
    console.print("A run ended before it wrote the state; what it did, by its journal and the cluster:", markup=False)
    for note in outcome.notes or ["nothing was made that the state does not know"]:
        console.print(f"  {note}", markup=False)
    write(stack, {**exported, "deployment": outcome.deployment})
    _wait(stack, set(adopt.managed(outcome.deployment)) - set(live))
    # What was changed or deleted is found out before the journal goes: until then a second kill begins here again.
    refresh(stack)
    left.drop()


def repair(stack: Stack, *, found: bool, restored: bool) -> None:
    """What `make repair` does when lock and state file are in order. A second time finds nothing.

    Args:
        stack: The stack.
        found: Something was repaired already.
        restored: The state is a backup, which may be older than what is in the cluster.
    """
    replayed = bool(journal.of(stack))
    done = settle(stack) or found
    if not replayed:
        refresh(stack)
    done = _sign(stack) or done
    steps = preview(stack)
    if restored and _adopt_newer(stack, steps, "The cluster has what the backup does not know yet:"):
        refresh(stack)
        steps = preview(stack)
    if not done:
        console.print(f"Stack {stack.name} has nothing to repair.", markup=False)
    if not steps:
        console.print(f"Stack {stack.name} is what its program says; `make up` would change nothing.", markup=False)
        return
    console.print(f"The state is in order. To finish, `make up STACK={stack.name}` will:", markup=False)
    for item in steps:
        console.print(f"  {item['op']} {item['urn'].rpartition('::')[2]}", markup=False)


def catch_up(stack: Stack, *, created: bool) -> None:
    """Write into the state what a run that failed half-way left in the cluster.

    Args:
        stack: The stack.
        created: Whether it may have made objects that the state does not know.

    Raises:
        Problem: The cluster does not answer, or the program is refused.
    """
    settle(stack)
    refresh(stack)
    if created and _adopt_newer(stack, preview(stack), "The run that failed made what it did not write down:"):
        refresh(stack)


def export(stack: Stack) -> dict[str, Any]:
    """The stack's state; secrets stay encrypted."""
    return json.loads(stack.ask("pulumi", "stack", "export", purpose=f"read the state of stack {stack.name}"))


def write(stack: Stack, exported: dict[str, Any]) -> None:
    """Put a state in the place of the stack's."""
    # Not through a file: what was read from the cluster may be secret, and is encrypted on its way.
    _quietly(stack, "pulumi", "stack", "import", text=json.dumps(exported))


def restore(stack: Stack) -> bool:
    """Put the newest whole backup in the place of a damaged state; return whether that was necessary."""
    if not stack.files or not stack.files.damaged():
        return False
    backup = stack.files.backup()
    if backup is None:
        state.refuse_damage(stack.files, stack.name)
        return False
    kept = stack.files.restore(backup)
    console.print(f"The state was damaged: put back {backup} of {state.age(backup)}.", markup=False)
    if kept:
        console.print(f"  The damaged one is kept as {kept}.", markup=False)
    return True


def preview(stack: Stack, variables: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The steps that `up` would take, without those that change nothing.

    Args:
        stack: The stack.
        variables: Of a copy of it; see `Stack.offline`. Default: the stack itself.
    """
    done = stack.run("pulumi", "preview", "--json", "--non-interactive", variables=variables)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = {"diagnostics": [{"severity": "error", "message": done.stderr}]}
    if done.returncode:
        errors = [item["message"].strip() for item in said.get("diagnostics") or [] if item["severity"] == "error"]
        console.print("\n".join(errors), markup=False)
        raise Problem(
            "the state is in order, but what `make up` would do is refused: the lines above say why",
            f"correct that, then make up STACK={stack.name}",
        )
    steps = said.get("steps") or []
    return [item for item in steps if item["op"] not in {"same", "read", "refresh"}]


def _adopt_newer(stack: Stack, steps: list[dict[str, Any]], title: str) -> bool:
    """Adopt what the state does not know: objects that `up` would create, and that are there."""
    exported = export(stack)
    grown = adopt.from_preview(exported["deployment"], steps)
    announced = adopt.announced(grown)
    live = objects.live(stack, announced)
    if not live:
        return False
    outcome = adopt.settle(grown, live)
    console.print(title, markup=False)
    for note in outcome.notes:
        console.print(f"  {note}", markup=False)
    write(stack, {**exported, "deployment": outcome.deployment})
    return True


def _sign(stack: Stack) -> bool:
    """See that each object has the one signature that the state knows, or a later change would be refused."""
    signed: dict[objects.Ref, str] = {}
    for resource in export(stack).get("deployment", {}).get("resources") or []:
        ref = objects.ref_of(resource.get("inputs") or {})
        if ref and signatures.KEY in resource.get("outputs", {}) and not resource.get("delete"):
            signed[ref] = resource["outputs"][signatures.KEY]
    changed = False
    for ref, item in objects.live(stack, signed).items():
        entries = signatures.corrected(item, signed[ref])
        if entries is None:
            continue
        patch(stack, ref, {"metadata": {"managedFields": entries}})
        console.print(f"{ref}: was signed by a run that is not in the state; corrected.", markup=False)
        changed = True
    return changed


def patch(stack: Stack, ref: objects.Ref, change: dict[str, Any]) -> None:
    """Change an object in the cluster without Pulumi."""
    place = ["--namespace", ref.namespace] if ref.namespace else []
    group, _, version = ref.api_version.rpartition("/")
    kind = f"{ref.kind}.{version}.{group}" if group else ref.kind
    _quietly(stack, "kubectl", "patch", *place, kind, ref.name, "--type", "merge", "--patch", json.dumps(change))


def refresh(stack: Stack) -> None:
    """Bring the state in line with the cluster."""
    with step("compare the state with the cluster", 5):
        # A refresh changes the state only: killed, it leaves the one before, so it needs no checkpoints either.
        without = {} if journal.VARIABLE in os.environ else {journal.VARIABLE: "true"}
        command = ("pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive", "--clear-pending-creates")
        _quietly(stack, *command, variables=without, seconds=PREVIEW_SECONDS)


def _quietly(stack: Stack, *command: str, **options: Any) -> None:
    done = stack.run(*command, **options)
    if done.returncode:
        exclusive.refuse_lock(stack.name, done.stderr)
        raise Problem(f"{' '.join(command[:3])} failed:\n{(done.stdout + done.stderr).strip()[-3000:]}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
