"""The terminal that a command shares with us: Ctrl-C, Ctrl-Z and a closed window mean what they mean everywhere."""

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_INPUT, _OUTPUT = 0, 1
_FLAGS = 3
_SHOW_CURSOR = b"\x1b[?25h"


class Terminal:
    """A terminal in which we are the foreground job. What we start there in our own group gets its signals, too."""

    def __init__(self) -> None:
        """Remember how it is set up."""
        self._before = termios.tcgetattr(_INPUT)

    @classmethod
    def here(cls) -> "Terminal | None":
        """The terminal of this process; None without one, with redirected output, and in the background."""
        with suppress(OSError):
            if os.isatty(_INPUT) and os.isatty(_OUTPUT) and os.tcgetpgrp(_INPUT) == os.getpgrp():
                return cls()
        return None

    def lost(self) -> bool:
        """Whether its window was closed."""
        try:
            os.tcgetpgrp(_INPUT)
        except OSError:
            return True
        return False

    def keep_signals(self) -> None:
        """Let Ctrl-C and Ctrl-Z be signals: Pulumi reads single keys while it draws, and would swallow them."""
        with suppress(OSError, termios.error):
            now = termios.tcgetattr(_INPUT)
            if not now[_FLAGS] & termios.ISIG and self._in_front():
                now[_FLAGS] |= termios.ISIG
                termios.tcsetattr(_INPUT, termios.TCSADRAIN, now)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Put everything back when the body ends, and in between whenever the user stops the job."""

        def stop(number: int, frame: FrameType | None) -> None:
            drawn = termios.tcgetattr(_INPUT)
            self._put_back()
            os.kill(os.getpid(), signal.SIGSTOP)
            if self._in_front():
                termios.tcsetattr(_INPUT, termios.TCSADRAIN, drawn)

        before = signal.signal(signal.SIGTSTP, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGTSTP, before)
            self._put_back()

    def _in_front(self) -> bool:
        return os.tcgetpgrp(_INPUT) == os.getpgrp()

    def _put_back(self) -> None:
        with suppress(OSError, termios.error):
            if self._in_front() and termios.tcgetattr(_INPUT) != self._before:
                termios.tcsetattr(_INPUT, termios.TCSADRAIN, self._before)
                os.write(_OUTPUT, _SHOW_CURSOR)
