"""One changing command per stack at a time: a lock that dies with its holder, and Pulumi's own, which does not."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .. import locks, paths
from ..console import Problem, console
from . import Stack, processes


def lock_file(stack: str) -> Path:
    """The lock of a stack in this checkout."""
    return paths.LOCAL / f"{stack}.lock"


@contextmanager
def hold(stack: Stack, command: str) -> Iterator[int]:
    """Hold the stack's lock while the body runs, or say at once who holds it.

    Args:
        stack: The stack.
        command: What is done, for those who are refused: `make up`.

    Yields:
        The lock's descriptor, for child processes that have to hold it, too.

    Raises:
        Problem: Somebody else works on the stack.
    """
    path, title = lock_file(stack.name), f"{command} STACK={stack.name}"
    with ExitStack() as held:
        try:
            descriptor = held.enter_context(locks.claimed(path, title))
        except locks.Held as first:
            # A run that was killed holds the lock for as long as what it started lives.
            if not _end_orphans(stack):
                raise _in_use(stack, first) from None
            try:
                descriptor = held.enter_context(locks.claimed(path, title))
            except locks.Held as again:
                raise _in_use(stack, again) from None
        yield descriptor


def _in_use(stack: Stack, held: locks.Held) -> Problem:
    return Problem(
        f"stack {stack.name} is in use: {held.holder}. Nothing was changed.",
        "wait until it ends; if it hangs, press Ctrl-C where it runs",
    )


def refuse_lock(stack: str, said: str) -> None:
    """Say who holds Pulumi's own lock, from Pulumi's words: where a bucket keeps the state, nobody else can see it.

    Args:
        stack: The stack's name.
        said: What Pulumi printed.

    Raises:
        Problem: There is such a lock; with whose it is, and what to do when that run is dead.
    """
    match = re.search(r"created by (\S+) \(pid (\d+)\) at (\S+)", said)
    if "currently locked" not in said or not match:
        return
    who, pid, since = match.groups()
    raise Problem(
        f"stack {stack} is locked by {who} (pid {pid}, since {since}). Nothing was changed.",
        "wait until that run ends. Was it killed? Look there; when nothing of it runs any more: pulumi cancel --yes"
        f" {stack}, then make repair STACK={stack}",
    )


def _end_orphans(stack: Stack) -> bool:
    left = [] if processes.runs(stack.identity()) else processes.orphans(stack.identity())
    processes.end(left)
    return bool(left)


def clear(stack: Stack) -> bool:
    """End what a killed run left running, and remove its Pulumi lock.

    Call it while holding the stack's lock.

    Returns:
        Whether there was a killed run.

    Raises:
        Problem: A run is alive, or is on another machine, where nobody here can see it.
    """
    if alive := processes.runs(stack.identity()):
        command = " ".join(["pulumi", *alive[0].cmdline()[1:3]])
        raise Problem(
            f"stack {stack.name} is in use: {command} (pid {alive[0].pid}). Nothing was changed.",
            "wait until it ends; if it hangs, press Ctrl-C where it runs",
        )
    found = False
    if left := processes.orphans(stack.identity()):
        names = ", ".join(f"{process.name()} (pid {process.pid})" for process in left)
        processes.end(left)
        console.print(f"A killed run had left {names} running: ended.", markup=False)
        found = True
    for lock in stack.files.locks() if stack.files else []:
        if lock.elsewhere():
            raise Problem(
                f"stack {stack.name} is locked by {lock}, another machine: whether that run lives cannot be seen here",
                f"look there; when it has ended: pulumi cancel --yes {stack.name}, in the shell of `make env`",
            )
        if lock.alive():
            raise Problem(
                f"stack {stack.name} is in use: locked by {lock}. Nothing was changed.", "wait until that run ends"
            )
        stack.files.clear(lock)  # pyright: ignore[reportOptionalMemberAccess] - there are locks
        console.print(f"A killed run had left its lock, of {lock}: cleared.", markup=False)
        found = True
    for path in stack.files.torn() if stack.files else []:
        path.unlink()
        console.print(f"A killed run had left {path.name}, a check sum, half written: removed.", markup=False)
        found = True
    return found
