"""`up` and `destroy`: everything around the one Pulumi command that changes the stack."""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from .. import paths
from ..console import INTERRUPTED, Problem, console
from ..preview import allowed, gate, model
from . import Stack, diagnose, exclusive, guard, journal, policy, processes, proof, recorded, repair
from .events import EventLog
from .progress import Progress, closing
from .supervise import Ended, supervise
from .terminal import Terminal

#: A run that keeps its checkpoints, and whose events nobody needs afterwards.
ANYWHERE = journal.Kept()


def up(stack: Stack, lock: int, *, refresh: bool, adopt: bool = False) -> None:
    """Deploy the stack and prove that it works, or say why it does not.

    Args:
        stack: The stack.
        lock: The descriptor of its lock.
        refresh: Compare the state with the cluster first.
        adopt: Take over objects with this stack's own mark that its state does not have.

    Raises:
        Problem: It failed; the lines above say why.
    """
    # What is protected, or somebody else's, is refused while nothing has changed yet, which only a preview can do.
    # A command of its own, because the second one finds what it makes itself.
    again = ["--refresh"] if refresh else []
    rules = policy.options(stack.name, guard.known(stack), adopt=adopt)
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "plan")
        events, refused = _run(stack, lock, ["preview", *again, *rules], journal.Kept(plan)), True
        planned = recorded.steps(_lines(plan))
    if events is None:
        kept = journal.begin(stack, planned)
        events = _run(stack, lock, ["up", "--yes", "--skip-preview", *again, *policy.options(stack.name)], kept)
        refused = False
    if events is None:
        _prove(stack)
        return
    if events.protected:
        raise Problem(
            f"this change would delete data that stack {stack.name} protects; nothing was deleted",
            _way_out(stack, "undo the change (git diff, pulumi config); or, to lose the data"),
        )
    if any('conflicts with "pulumi-kubernetes-' in error for error in events.errors):
        raise Problem(
            f"stack {stack.name} is in conflict with itself: objects carry the signature of a run that was killed",
            f"make repair STACK={stack.name}, then make up",
        )
    if refused:
        raise Problem("make up was refused; nothing was changed", f"remove the cause, then make up STACK={stack.name}")
    if events.rolled_out:
        _explain(stack)
    raise Problem("make up did not succeed; what it made stays", f"remove the cause, then make up STACK={stack.name}")


def destroy(stack: Stack, lock: int, *, refresh: bool) -> None:
    """Remove the stack's resources, all but those that are protected.

    Raises:
        Problem: It failed, or something was kept.
    """
    kept = journal.begin(stack, journal.removals(stack.files)) if stack.files else journal.Kept()
    events = _run(stack, lock, ["destroy", "--yes", "--skip-preview", *(["--refresh"] if refresh else [])], kept)
    if events is None:
        return
    if events.protected:
        kept = ", ".join(guard.protected(stack))
        raise Problem(
            f"stack {stack.name} keeps its data: {kept}. Everything else is removed; make up finds the data again",
            _way_out(stack, "to delete the data, too"),
        )
    raise Problem("destroy failed; the lines above say why", f"make repair STACK={stack.name}, then the same command")


def _prove(stack: Stack) -> None:
    try:
        proof.show(stack)
    except Problem:
        _explain(stack)
        raise


def _explain(stack: Stack) -> None:
    namespaces: list[str] = []
    # A state that cannot be read is no reason to hide what went wrong before.
    with suppress(Problem):
        namespaces = sorted({namespace for namespace, _ in guard.named(stack)})
    if not any([diagnose.explain(stack, namespace) for namespace in namespaces]):
        where = f" in namespace {', '.join(namespaces)}" if namespaces else ""
        console.print(f"The cluster reports no cause{where}; see the lines above.", markup=False)


def _run(stack: Stack, lock: int, arguments: list[str], kept: journal.Kept = ANYWHERE) -> EventLog | None:
    """Run Pulumi; None when it succeeded, what it reported when not."""
    with tempfile.TemporaryDirectory() as folder:
        log = kept.log or Path(folder, "events")
        events = EventLog(log)
        # This variable is what makes the CLI know --event-log; Pulumi's Automation API sets it, too.
        own = {"PULUMI_DEBUG_COMMANDS": "true", processes.RUN: str(os.getpid()), **kept.variables}
        env = {**os.environ, **stack.exports(), **own}
        command = ["pulumi", *arguments, "--event-log", str(log)]
        watcher = diagnose.Watcher(stack, events)
        said = Path(folder, "said")
        status, interrupts = _shown(command, env, lock, watcher, events, said)
        kept.ended(status)
        if status and said.exists():
            exclusive.refuse_lock(stack.name, said.read_text(encoding="utf-8", errors="replace"))
        if not status and arguments[0] == "preview":
            refuse_servers(stack.name, log)
    if status:
        # A Pulumi that was ended before it could end its plugins leaves them.
        processes.end(processes.orphans({processes.RUN: str(os.getpid())}))
    # Whoever interrupts twice is in a hurry; the next run finds out what this one left.
    if status >= 0 and interrupts < 2 and arguments[0] != "preview" and (events.half_done or events.waiting):
        _write_down(stack, created=bool(events.half_done - {"update"} or events.waiting))
    if interrupts:
        console.print(f"interrupted; make up STACK={stack.name} goes on from here", markup=False)
        sys.exit(INTERRUPTED)
    if status < 0:
        raise Problem(
            f"Pulumi was killed (signal {-status})", f"make up STACK={stack.name} repairs what it left, and goes on"
        )
    return events if status else None


def refuse_servers(stack: str, log: Path) -> None:
    """Refuse a server that does not open the data there is, by the gate's rules; a preview has changed nothing yet.

    Args:
        stack: The stack's name.
        log: The events of the preview.

    Raises:
        Problem: Names what changes, why that is refused, and how to say that it is meant.
    """
    judged = gate.judge(model.read(_lines(log)), stack, allowed.given())
    found = [finding for finding in judged if finding.rule in gate.OF_UP and not finding.allowed]
    for finding in judged:
        if finding.rule == gate.MORE_SERVERS:
            console.print(f"{finding.change}, {finding.property}: {finding.consequence}.", markup=False)
    if found:
        told = [f"{finding.change}, {finding.property}: {finding.consequence}" for finding in found]
        raise Problem(
            "the new server would not open the data that is there. Nothing was changed.\n  " + "\n  ".join(told),
            f"undo the change (git diff, pulumi config); for another way, {found[0].law().do}; or, if it is meant:\n"
            f"       ALLOW={','.join(sorted({finding.token for finding in found}))} make up STACK={stack}",
        )


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def _shown(
    command: list[str], env: dict[str, str], lock: int, watcher: diagnose.Watcher, events: EventLog, said: Path
) -> Ended:
    """Run Pulumi: it draws on a terminal itself; without one a line for each object, then how it ended, is printed."""
    if terminal := Terminal.here():
        status, interrupts = supervise(command, env, paths.CHECKOUT, lock, watcher, terminal=terminal)
        events.poll()
        # Between its first look at the terminal and ours, Pulumi takes Ctrl-C for itself.
        return Ended(status, interrupts or int(status != 0 and events.interrupted and not watcher.gave_up))
    progress = Progress(events)
    with said.open("wb") as file:
        ended = supervise(command, env, paths.CHECKOUT, lock, watcher, said=file, tick=progress)
    # Nobody may read it any more; what follows has to be done all the same.
    with suppress(BrokenPipeError):
        progress.finish()
        print(closing(said), end="", flush=True)
    return ended


def _write_down(stack: Stack, *, created: bool) -> None:
    """Bring the state in line with the cluster after a change that was begun and not finished.

    A provider that is told to stop reports no result, and Pulumi keeps the resource as it was before, or forgets it.
    With the old value back in the program, the next `up` would then leave the new one in the cluster.
    """
    try:
        repair.catch_up(stack, created=created)
    except Problem as problem:
        console.print(f"{problem}. make repair STACK={stack.name} does it when that is settled.", markup=False)


def _way_out(stack: Stack, purpose: str) -> str:
    return (
        f"{purpose}: pulumi config set mysqlRetainData false, make up STACK={stack.name} without the change,\n"
        "       then the change again (a backup first: the data is gone for good)"
    )
