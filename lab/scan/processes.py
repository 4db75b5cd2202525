"""What the processes of a machine show to who looks: their arguments and their environment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_SAMPLE_SECONDS = 0.05


class Watch(threading.Thread):
    """Remembers every process's arguments, on the machine and in its node, and the environment of Pulumi's own."""

    def __init__(self) -> None:
        """Prepare; `with` starts and stops it."""
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self._known: set[tuple[int, bytes]] = set()
        self.environments: set[bytes] = set()

    @property
    def arguments(self) -> list[bytes]:
        """The arguments of each process that was seen."""
        return sorted({arguments for _, arguments in self._known})

    def run(self) -> None:
        """Look until told to stop."""
        while not self._ended.wait(_SAMPLE_SECONDS):
            for process in psutil.process_iter(["cmdline"]):
                arguments = "\0".join(process.info["cmdline"] or []).encode(errors="surrogateescape")
                if (process.pid, arguments) not in self._known:
                    self._known.add((process.pid, arguments))
                    # Nobody else's environment is any of the scan's business.
                    found = environment(process.pid) if b"pulumi" in arguments else []
                    self.environments |= {judged(arguments, content) for content in found}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch while the body runs."""
        self.start()
        try:
            yield
        finally:
            self._ended.set()
            self.join()


def judged(arguments: bytes, environment: bytes) -> bytes:
    """A process's environment but for what EXCEPTIONS lists: the configuration, as Pulumi gives it to the program."""
    excepted = b"PULUMI_CONFIG=" if b"pulumi-language-python-exec" in arguments else None
    return b"\0".join(entry for entry in environment.split(b"\0") if not excepted or not entry.startswith(excepted))


def environment(pid: int) -> list[bytes]:
    """A process's environment, or nothing when it has ended or is another user's."""
    try:
        return [Path(f"/proc/{pid}/environ").read_bytes()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
