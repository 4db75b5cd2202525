"""Locks on files: the kernel frees them when their holder dies, however it dies."""

import fcntl
import getpass
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from .console import Problem, duration

#: How long to wait for another command, in seconds: the longest one under such a lock builds all programs.
WAIT_SECONDS = 3600
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as told by the holder."""

    pid: int = 0
    user: str = ""
    host: str = ""
    command: str = ""
    since: str = ""

    def __str__(self) -> str:
        """Return it as people say it."""
        if not self.pid:
            return "another process"
        return f"{self.command} by {self.user}@{self.host} (pid {self.pid}, since {self.since})"


class Held(Exception):
    """Somebody else has the lock."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(str(holder))
        self.holder = holder


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked(path: Path, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path`, after whoever holds it now. The body may remove the file.

    Args:
        path: The lock's file.
        seconds: How long to wait for whoever holds it.

    Raises:
        Problem: It was held for longer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    while True:
        with path.open("a") as file:
            while not _try(file):
                if time.monotonic() > deadline:
                    raise Problem(
                        f"waited {duration(seconds)} for another command that holds {path}",
                        f"see which one: fuser {path}; then type the same command again",
                    )
                time.sleep(_POLL_SECONDS)
            # Who waited here while a reset removed the file holds a lock that nobody else can see: try again.
            if _same(file.fileno(), path):
                yield
                return


@contextmanager
def claimed(path: Path, command: str) -> Iterator[int]:
    """Hold the lock at `path`, or refuse at once. The body may remove the file.

    Args:
        path: The lock's file.
        command: What the holder does, for those who are refused.

    Yields:
        The lock's descriptor: a child process that inherits it holds the lock, too.

    Raises:
        Held: Somebody else has it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        with path.open("a+") as file:
            if not _try(file):
                raise Held(_read(file))
            if not _same(file.fileno(), path):
                continue
            now = time.strftime("%Y-%m-%d %H:%M:%S")
            _write(file, json.dumps(asdict(Holder(os.getpid(), _user(), socket.gethostname(), command, now))))
            try:
                yield file.fileno()
            finally:
                _write(file, "")
                # For all who inherited it: a plugin that ends a moment later must not keep others out.
                fcntl.flock(file, fcntl.LOCK_UN)
            return


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a uid that has no name.
        return f"uid {os.getuid()}"


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _read(file: IO[str], patience: float = 1) -> Holder:
    """What the holder wrote. One that took the lock a moment ago has not written yet."""
    deadline = time.monotonic() + patience
    while True:
        file.seek(0)
        try:
            return Holder(**json.loads(file.read()))
        except (ValueError, TypeError):
            if time.monotonic() > deadline:
                return Holder()
        time.sleep(0.02)
