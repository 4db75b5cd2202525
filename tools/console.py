"""How the tools talk to people: steps with an estimate, and errors that say what to type next."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: Progress goes to standard error, so that `eval "$(make -s env)"` and other output can be piped.
console = Console(stderr=True, highlight=False, soft_wrap=True)


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
    """Run a command line's `main`; a `Problem` becomes a message and exit status 1, never a traceback."""
    try:
        main()
    except Problem as problem:
        console.print(f"error: {problem}", style="red", markup=False)
        if problem.fix:
            console.print(f"  fix: {problem.fix}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on from here", markup=False)
        sys.exit(130)
