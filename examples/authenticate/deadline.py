"""Reading from a client that may be slow on purpose."""

import io
import socket
import time
from typing import Any


class Deadline(io.RawIOBase):
    """The receiving side of a socket; when the time is over, reading raises TimeoutError."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self.extend(seconds)

    def extend(self, seconds: float) -> None:
        """Give it so many seconds from now."""
        self._end = time.monotonic() + seconds

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Wait for data, at most until the end."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)
