"""What `kubeauth status` does: once, or again and again until Ctrl-C."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .. import console, machine, toolchain
from ..console import Problem
from ..stack import Stack, cluster, refusals
from ..toolchain import Toolchain
from . import gather, judge, show
from .asking import Clock
from .gather import Seen
from .model import STATUS, Status
from .show import Line

#: How long `--watch` waits between two looks, in seconds.
EVERY_SECONDS = 3.0


def status(*, stack: str, node: str, context: str, cluster: str, as_json: bool, watch: bool) -> int:
    """Print the status of a stack; return the exit status."""
    refusals.require(stack)
    programs = tools()

    def look() -> Status:
        return looked(stack, programs, node=node, context=context, choice=cluster)

    if watch:
        return watched(look, as_json=as_json)
    found = look()
    print(as_text(found) if as_json else "", end="")
    if not as_json:
        _print(show.lines(found))
    return STATUS[found.verdict]


def looked(name: str, programs: tuple[Toolchain, Problem | None], *, node: str, context: str, choice: str) -> Status:
    """Find out how a stack is.

    Args:
        name: The stack's name.
        programs: What `tools` returned.
        node: A local node's name; empty for this checkout's own.
        context: A context's name; empty for the stack's.
        choice: `current`, `kind` or `node`; empty to search.
    """
    with looking(name, programs, node=node, context=context, choice=choice) as (_, seen):
        return judge.status(seen)


@contextmanager
def looking(
    name: str, programs: tuple[Toolchain, Problem | None], *, node: str, context: str, choice: str
) -> Iterator[tuple[Stack, Seen]]:
    """Ask state and cluster, with the inputs of `looked`; while the body runs, the stack has its way to the cluster."""
    clock = Clock()
    found, lost = programs
    stack = Stack(name, found, None)
    seen = gather.offline(stack, clock)
    with ExitStack() as open_:
        if seen.resources and not lost:
            try:
                way = cluster.find(name, node=node, context=context, choice=choice)
                stack = open_.enter_context(gather.reached(name, way, found))
            except Problem as problem:
                lost = problem
            else:
                gather.online(seen, stack, way, clock)
        seen.lost = lost
        yield stack, seen


def tools() -> tuple[Toolchain, Problem | None]:
    """The programs; where some are missing, what to say, and what reads a state without them."""
    try:
        return machine.this().toolchain(), None
    except Problem as problem:
        return Toolchain(toolchain.home() / "bin", toolchain.home()), problem


def watched(look: Callable[[], Status], *, as_json: bool) -> int:
    """Look again and again: on a terminal one picture, elsewhere a line for each change; return as Ctrl-C does."""
    try:
        if sys.stdout.isatty() and not as_json:
            _drawn(look)
        else:
            _told(look, as_json=as_json)
    except KeyboardInterrupt:
        return console.INTERRUPTED
    return 0


def _drawn(look: Callable[[], Status]) -> None:
    out = Console(highlight=False)
    # Another screen, which is drawn over and never cleared: nothing flickers, and what stood there comes back.
    with Live(console=out, screen=True, auto_refresh=False) as live:
        live.update(Text(f"Looking; Ctrl-C ends it. Every {EVERY_SECONDS:.0f} s again."), refresh=True)
        while True:
            found = show.lines(look())
            live.update(Text("\n").join(Text(text, style) for text, style in found), refresh=True)
            time.sleep(EVERY_SECONDS)


def _told(look: Callable[[], Status], *, as_json: bool) -> None:
    said = ""
    while True:
        found = look()
        line = show.summary(found)
        if line != said:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            print(json.dumps(_typed(found)) if as_json else f"{now} {line}", flush=True)
            said = line
        time.sleep(EVERY_SECONDS)


def as_text(found: Status) -> str:
    """The status as JSON."""
    return json.dumps(_typed(found), indent=2) + "\n"


def _typed(found: Status) -> dict[str, object]:
    """The status for programs; what it says to type is in the command's own words."""
    return json.loads(json.dumps(found.as_data()), object_hook=_with_commands)


def _with_commands(entry: dict[str, object]) -> dict[str, object]:
    return {key: _command(value) if key in ("fix", "next", "why") else value for key, value in entry.items()}


def _command(value: object) -> object:
    if isinstance(value, list):
        return [_command(one) for one in value]
    return console.as_typed(value) if isinstance(value, str) else value


def _print(found: list[Line]) -> None:
    out = Console(highlight=False, soft_wrap=True)
    for text, style in found:
        out.print(text, style=style or None, markup=False)
