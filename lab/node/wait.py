"""Wait until every named thing is there, then become the given program.

Runs inside a node as a file of its own: standard library only. Usage: `wait.py URL… -- program arguments`, where a URL
is tcp://host:port, unix:///socket, https://host:port/path or file:///path.
"""

import os
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

AUTHORITY = "/run/kubeauth/pki/ca.crt"


def _answers(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as probe:
        probe.settimeout(1)
        return probe.connect_ex(address) == 0


def there(url: str) -> bool:
    """Whether the thing at `url` answers, or exists if it is a file."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return os.path.exists(parts.path)
    try:
        if parts.scheme == "unix":
            return _answers(socket.AF_UNIX, parts.path)
        if parts.scheme == "tcp":
            return _answers(socket.AF_INET, (parts.hostname or "", parts.port or 0))
        with urllib.request.urlopen(url, timeout=2, context=ssl.create_default_context(cafile=AUTHORITY)) as answer:  # noqa: S310
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def main() -> None:
    """Wait, then exec: the pid stays, so the supervisor keeps watching the right process."""
    split = sys.argv.index("--")
    waiting, command = sys.argv[1:split], sys.argv[split + 1 :]
    for url in waiting:
        while not there(url):
            time.sleep(0.1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
