"""Run a Pulumi command that changes a stack: pass on signals once, never kill it, and end it early when told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

#: How often the watcher is asked while the command runs.
WATCH_SECONDS = 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _foreground(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Give the terminal to the command, as a shell does: then Ctrl-C reaches it once, and it may draw its progress."""
    if not sys.stdin or not sys.stdin.isatty() or os.tcgetpgrp(0) != os.getpgrp():
        yield
        return
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, process.pid)
        yield
    finally:
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, before)


@contextmanager
def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Pass signals on. The first lets Pulumi finish what it is at and save its state; the second ends it at once."""
    seen: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        # Pulumi knows nothing of a closed terminal; an interrupt means the same to it.
        process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in _SIGNALS}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(
    command: list[str],
    env: Mapping[str, str],
    cwd: Path,
    lock: int,
    watch: Callable[[], bool] | None = None,
) -> tuple[int, bool]:
    """Run a command to its end, with its output shown.

    Args:
        command: The program and its arguments.
        env: Its environment.
        cwd: Its folder.
        lock: The descriptor of the stack's lock: while the command runs, the lock is held, whatever becomes of us.
        watch: Asked every few seconds; when it says true, the command is interrupted.

    Returns:
        The exit status, and whether somebody interrupted us.
    """
    process = subprocess.Popen(command, cwd=cwd, env=env, pass_fds=[lock], process_group=0)
    given_up = False
    with _passed_on(process) as seen, _foreground(process):
        try:
            while True:
                try:
                    return process.wait(WATCH_SECONDS), bool(seen)
                except subprocess.TimeoutExpired:
                    if watch and not given_up and watch():
                        given_up = True
                        process.send_signal(signal.SIGINT)
        finally:
            # Whatever happens here, a run is never left alone.
            process.wait()
