"""The process tree of a node: PID 1 of its namespaces. When that one ends, the kernel ends all the others."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import psutil

from cli.console import Problem

UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc", "--net", "--mount", "--ipc", "--propagation", "private")
#: Daemons get no more of the starter's environment than this: no proxies, no credentials.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/run/tmp",
    "TMPDIR": "/run/tmp",
    "LANG": "C.UTF-8",
}


def _born(pid: int) -> str | None:
    """What tells a process from a later one with the same pid: this boot, and its start in ticks of the clock."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX":
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {fields[19]}"


@dataclass(frozen=True)
class Process:
    """PID 1 of a node, by its pid on the host. `launched` is a time of day, `settings` a fingerprint."""

    pid: int
    born: str
    launched: float
    settings: str

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """The recorded process, if there is a record; it may have ended."""
        try:
            record = json.loads(path.read_text())
            # A record of another version of this program has other fields; the process must be found all the same.
            return cls(
                **{"settings": "", **{field.name: record[field.name] for field in fields(cls) if field.name in record}}
            )
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def save(self, path: Path) -> None:
        """Record the process in one step: a reader sees the old record or the new one."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _born(self.pid) == self.born

    def send(self, number: signal.Signals) -> None:
        """Signal this very process; never another that got its pid since."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; True if it ended in time."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            return not self.alive() or bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def path(self, inside: str) -> Path:
        """The host's path of a file that the node has at `inside`."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def enter(self, command: list[str]) -> list[str]:
        """The command line that runs `command` inside the node's namespaces."""
        return ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--ipc", "--", *command]


class Launch:
    """A node being started: its namespaces exist, and its PID 1 waits for `go`. If the starter dies, it ends."""

    def __init__(self, boot: Path, settings: dict[str, Any], log: Path) -> None:
        """Make the namespaces and wait until the mounts are done."""
        self._channel, theirs = socket.socketpair()
        with theirs, log.open("wb") as output:
            number = str(theirs.fileno())
            unshare = subprocess.Popen(
                [*UNSHARE, "--kill-child=SIGKILL", "--", sys.executable, str(boot), json.dumps(settings), number],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        self._channel.settimeout(20)
        try:
            ready = self._channel.recv(5)
        except TimeoutError:
            ready = b""
        if not ready:
            unshare.kill()
            unshare.wait()
            raise Problem(f"the node's namespaces could not be made: {log.read_text().strip()[-500:]}", f"see {log}")
        self.pid = psutil.Process(unshare.pid).children()[0].pid
        self.born = _born(self.pid) or ""

    def go(self) -> None:
        """Everything is recorded: let PID 1 go on without the starter."""
        self._channel.sendall(b"go")
        self._channel.close()
