"""How the tools talk to people: steps with an estimate, and errors that say what to type next."""

import errno
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: Messages say what to type with make, as people do in a checkout; `call_me_kubeauth` puts the command's words there.
_FLAGS = {
    name: f"--{name.lower().replace('_', '-')}"
    for name in ("ADOPT", "BACK", "COMPLETE", "FORCE", "LIVE", "LONG_LIVED", "WATCH")
}
_VALUES = {
    name: f"--{name.lower()}"
    for name in ("STACK", "CONTEXT", "CLUSTER", "NODE", "BACKUP", "OUT", "BASE", "HOURS", "DATABASE", "FILE")
}
_VERBS = "up|down|env|preview|policy|destroy|repair|deployer|backup|restore|import|reshard|render|drift|status|report"
_said_as = [lambda text: text]


def as_command(text: str) -> str:
    """A message that says `make up STACK=dev`, saying `kubeauth up --stack dev`."""
    text = re.sub(
        rf"\bmake (?:-s )?({_VERBS})\b(?!-)", r"kubeauth \1", text.replace("make preview-comment", "kubeauth comment")
    )
    text = re.sub(rf"\b({'|'.join(_FLAGS)})=1\b", lambda match: _FLAGS[match[1]], text)
    return re.sub(
        rf"(?<!make node-reset )\b({'|'.join(_VALUES)})=(?=[^\s=])", lambda match: f"{_VALUES[match[1]]} ", text
    )


def call_me_kubeauth() -> None:
    """Let messages name the command `kubeauth` from now on: it runs where there may be no Makefile."""
    _said_as.append(as_command)


def as_typed(text: str) -> str:
    """A message that says what to type with make, in the words of the command that the user typed."""
    return _said_as[-1](text)


class _Console(Console):
    """Says what to type as the user typed it."""

    def print(self, *objects: Any, **options: Any) -> None:
        said = (as_typed(one) if isinstance(one, str) else one for one in objects)
        super().print(*said, **options)


#: Progress goes to standard error, so that `eval "$(make -s env)"` and other output can be piped.
console = _Console(stderr=True, highlight=False, soft_wrap=True)


#: Exit statuses of a command that was interrupted, and of one that nobody listens to any more (as of SIGINT, SIGPIPE).
INTERRUPTED, UNHEARD = 130, 141
#: What writing to a closed pipe, and to a terminal whose window was closed, ends with.
_NOBODY_LISTENS = (errno.EPIPE, errno.EIO)


class Problem(Exception):
    """Something the user can act on: what is wrong, and what to type next."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix


def duration(seconds: float) -> str:
    """Seconds as people say them: `8 s`, `2 min 50 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def step(title: str, estimate: float = 0) -> Iterator[None]:
    """Show `title` while the body runs, with the seconds it usually takes, then how long it took."""
    about = f" (about {duration(estimate)})" if estimate else ""
    started = time.monotonic()
    if console.is_terminal:
        columns = SpinnerColumn(), TextColumn(f"{{task.description}}{about}"), TimeElapsedColumn()
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(title, total=None)
            yield
    else:
        console.print(f"… {title}{about}", markup=False)
        yield
    console.print(f"✓ {title} ({duration(time.monotonic() - started)})", markup=False)


def run(main: Callable[[], None]) -> None:
    """Run a command line's `main`; no error ends in a traceback.

    A `Problem` becomes a message and exit status 1, an interrupt 130, a closed pipe or terminal 141 without a word, and
    what nobody thought of a line that names the file with the details, and 1.
    """
    try:
        main()
        sys.stdout.flush()
    except Problem as problem:
        console.print(f"error: {problem}", style="red", markup=False)
        if problem.fix:
            console.print(f"  fix: {problem.fix}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on from here", markup=False)
        sys.exit(INTERRUPTED)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NOBODY_LISTENS:
            sys.exit(UNHEARD)
        console.print(f"error: {_unforeseen(error)}", style="red", markup=False)
        console.print("  fix: try it again; if it comes back, report it with that file", markup=False)
        sys.exit(1)
    finally:
        _let_go()


def _unforeseen(error: Exception) -> str:
    """Write the details of an error that nobody thought of to a file, and return one line about it."""
    text = f"{' '.join(sys.argv)}\nPython {sys.version}\n\n{''.join(traceback.format_exception(error))}"
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    try:
        # Readable for this user alone: an error can quote what it was about.
        descriptor, path = tempfile.mkstemp(prefix="kubeauth-", suffix=".log")
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as full:
        return f"this should not happen: {what} (the details cannot be written: {full.strerror})"
    return f"this should not happen: {what} (details: {path})"


def _let_go() -> None:
    """Write out what was printed; where nobody reads it any more, drop it, or Python complains as it ends."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), number)
