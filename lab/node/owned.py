"""Nodes of tests, benches and series: each belongs to a process, and what a killed one left, the next one removes."""

import atexit
import os
from contextlib import ExitStack

from cli import locks
from cli.console import Problem, console
from lab.node.layout import NODES
from lab.node.node import Node

#: Held until this process ends; the kernel frees the locks of one that is killed.
_HELD = ExitStack()
_NAMES: list[str] = []


def name(kind: str, suffix: str = "") -> str:
    """A node's name that nobody else uses while this process lives.

    Args:
        kind: Whose it is, such as `test`.
        suffix: Which of this process's nodes. Default: its only one.
    """
    own = "-".join(filter(None, (kind, str(os.getpid()), suffix)))
    if own not in _NAMES:
        remove_abandoned()
        _HELD.enter_context(locks.claimed(NODES / f"{own}.owner", kind))
        _NAMES.append(own)
    return own


def remove_abandoned() -> list[str]:
    """Remove every node whose owner ended without doing it; return their names. Nodes without an owner stay."""
    removed = []
    for path in sorted(NODES.glob("*.owner")):
        try:
            with locks.claimed(path, "remove an abandoned node"):
                Node(path.stem).reset()
                path.unlink()
                removed.append(path.stem)
        except locks.Held:
            continue
        except Problem as problem:
            console.print(f"the abandoned node {path.stem} was not removed: {problem}", markup=False)
    return removed


@atexit.register
def _let_go() -> None:
    """Forget what this process owned and removed itself; what is still there is the next one's to remove."""
    for own in _NAMES:
        if not (NODES / own).exists():
            (NODES / f"{own}.owner").unlink(missing_ok=True)
    _HELD.close()
