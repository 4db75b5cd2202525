"""A real S3 server, SeaweedFS, with a bucket that any account may use."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import toolchain


@contextmanager
def running(
    folder: Path,
    host: str,
    bucket: str,
    *,
    enter: Callable[[list[str]], list[str]] = list,
) -> Iterator[str]:
    """Run a server while the block does, and make a bucket; give its `host:port`.

    Args:
        folder: Where its data is.
        host: The address at which it serves, and at which this process reaches it.
        bucket: The bucket's name.
        enter: Puts a command into other namespaces. Default: this process's own.
    """
    ports = [_free_port() + number for number in range(4)]
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    options = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    weed = str(toolchain.program("weed"))
    command = [weed, "server", f"-dir={folder}", f"-ip={host}", "-filer=true", "-s3", "-volume.max=5", *options]
    log = folder / "log"
    with log.open("w") as said, subprocess.Popen(enter(command), stdout=said, stderr=said) as server:
        try:
            address = f"{host}:{ports[3]}"
            until = time.monotonic() + 120
            while not _made(f"http://{address}/{bucket}"):
                assert server.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < until, log.read_text()[-2000:]
                time.sleep(0.5)
            yield address
        finally:
            server.terminate()


def _free_port() -> int:
    # The server takes this port and the one 10000 above it.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return 20000 + probe.getsockname()[1] % 10000


def _made(url: str) -> bool:
    request = urllib.request.Request(url, method="PUT")  # noqa: S310 - http to this machine
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
