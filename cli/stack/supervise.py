"""Run a Pulumi command that changes a stack: pass on signals once, give it time to finish, and end it when told to."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple

from ..console import console, duration
from .terminal import Terminal

#: How often the command is looked at.
TICK_SECONDS = 0.2
#: How often the watcher is asked while the command runs.
WATCH_SECONDS = 3
#: How long a command may take, in seconds; then it is interrupted. Each object's own limit is shorter.
LIMIT_SECONDS = 2 * 60 * 60
#: How long an interrupted command may finish what it is at, in seconds; then it is told to end at once.
FINISH_SECONDS = 10 * 60
#: How long a command that was told to end at once may take for it, in seconds; then it is killed.
GRACE_SECONDS = 20
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    """Its exit status; the signal's number, negative, when one killed it."""
    interrupts: int
    """How often somebody interrupted it: with Ctrl-C, a signal, or by closing the window or the pipe it writes to."""


class _Run:
    """A command that is about to run or runs, and how it is told to end."""

    def __init__(self, terminal: Terminal | None) -> None:
        self.terminal = terminal
        self._process: subprocess.Popen[bytes] | None = None
        self.interrupts = 0
        self.alone = False
        """Whether nobody reads any more what it prints."""
        self._told = 0
        self._until = float("inf")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The command's process, once it was started."""
        assert self._process  # noqa: S101 - for the type checker
        return self._process

    def start(self, process: subprocess.Popen[bytes]) -> None:
        """Look after a process, which may be told to end already."""
        self._process = process
        if self._told:
            process.send_signal(signal.SIGINT)

    def interrupt(self, *, sent: bool = False) -> None:
        """Tell it to end: first to finish what it is at and save its state, then to end at once.

        Args:
            sent: It has got the signal already.
        """
        self._told += 1
        self._until = time.monotonic() + (FINISH_SECONDS if self._told == 1 else GRACE_SECONDS)
        if self._process and not sent:
            self._process.send_signal(signal.SIGINT)

    def by_user(self, number: int = signal.SIGHUP, frame: FrameType | None = None) -> None:
        """Pass on that somebody wants it to end: a handler of signals."""
        if number == signal.SIGHUP and self.alone:
            return
        self.alone = self.alone or number == signal.SIGHUP
        self.interrupts += 1
        # Pulumi knows nothing of a closed terminal; an interrupt means the same to it.
        self.interrupt(sent=number == signal.SIGINT and self.terminal is not None)

    def end(self) -> None:
        """Tell it to end, unless it was told already."""
        if not self._told:
            self.interrupt()

    def look(self) -> None:
        """See whether the window or the pipe that it writes to was closed, and that what was told to end does end."""
        if not self.alone and (self.terminal.lost() if self.terminal else _pipe_closed()):
            self.by_user()
        self.press_on()

    def press_on(self) -> None:
        """See that what was told to end does end."""
        if time.monotonic() < self._until:
            return
        if self._told == 1:
            self.interrupt()
        else:
            self._until = float("inf")
            self.process.kill()

    def wait(self) -> int:
        """Wait until it has ended, however long it was given."""
        while True:
            try:
                return self.process.wait(TICK_SECONDS)
            except subprocess.TimeoutExpired:
                self.press_on()


def _pipe_closed() -> bool:
    poll = select.poll()
    poll.register(1, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _start(
    command: list[str], env: Mapping[str, str], cwd: Path, lock: int, terminal: Terminal | None, said: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    # A closed window is told to us, and through us to the command as an interrupt; by itself it would kill it.
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        if terminal:
            return subprocess.Popen(command, cwd=cwd, env=env, pass_fds=[lock])
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            pass_fds=[lock],
            process_group=0,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said and subprocess.STDOUT,
        )
    finally:
        signal.signal(signal.SIGHUP, hang_up)


@contextmanager
def _signals(run: _Run) -> Iterator[None]:
    """Pass on what we get, but for a hang-up that we were started to ignore (`nohup`)."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if (number, handler) != (signal.SIGHUP, signal.SIG_IGN):
            signal.signal(number, run.by_user)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _stopped_together(run: _Run) -> Iterator[None]:
    """Let Ctrl-Z stop the command with us, and `fg` and `bg` continue both."""
    if run.terminal:
        with run.terminal.lent():
            yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        run.process.send_signal(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        run.process.send_signal(signal.SIGCONT)

    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def supervise(
    command: list[str],
    env: Mapping[str, str],
    cwd: Path,
    lock: int,
    watch: Callable[[], bool] | None = None,
    *,
    terminal: Terminal | None = None,
    said: IO[bytes] | None = None,
    tick: Callable[[], None] | None = None,
) -> Ended:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        env: Its environment.
        cwd: Its folder.
        lock: The descriptor of the stack's lock: while the command runs, the lock is held, whatever becomes of us.
        watch: Asked every few seconds; when it says true, the command is interrupted.
        terminal: The terminal that it shares with us. Default: it has none.
        said: Where its output goes, without a terminal. Default: where ours goes.
        tick: Called several times a second while it runs, for example to show how far it is.

    Returns:
        How it ended.
    """
    run = _Run(terminal)
    with _signals(run):
        run.start(_start(command, env, cwd, lock, terminal, said))
        with _stopped_together(run):
            _to_its_end(run, watch, tick)
    return Ended(run.process.returncode, run.interrupts)


def _to_its_end(run: _Run, watch: Callable[[], bool] | None, tick: Callable[[], None] | None) -> None:
    try:
        _look_after(run, watch, tick)
    except BaseException:
        # Whatever happens here, a run is never left alone.
        run.end()
        raise
    finally:
        run.wait()


def _look_after(run: _Run, watch: Callable[[], bool] | None, tick: Callable[[], None] | None) -> None:
    begun = asked = time.monotonic()
    given_up = False
    while True:
        try:
            run.process.wait(TICK_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass
        run.look()
        if run.terminal:
            run.terminal.keep_signals()
        if tick and not run.alone:
            try:
                tick()
            except OSError:
                # What reads our output is gone; the next look finds that out.
                continue
        now = time.monotonic()
        if given_up or now - asked < WATCH_SECONDS:
            continue
        if now - begun >= LIMIT_SECONDS:
            console.print(f"This takes longer than {duration(LIMIT_SECONDS)}: ending it.", markup=False)
            given_up = True
        elif watch and watch():
            given_up = True
        asked = time.monotonic()
        if given_up:
            run.end()
