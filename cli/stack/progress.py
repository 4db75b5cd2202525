"""Show how far Pulumi is where there is no terminal to draw on: a line for each object, and a sign of life."""

import re
import time
from pathlib import Path

from ..console import duration
from .events import EventLog

#: How long nothing is said before a line says what is waited for, in seconds: 30 with a question to the cluster.
QUIET_SECONDS = 20
#: How often the events are read, in seconds.
READ_SECONDS = 0.5
#: How many objects such a line names.
NAMED = 3
#: What Pulumi ends with; what it prints before is the progress that is shown here instead.
_CLOSING = re.compile(r"^(Policies|Diagnostics|Outputs|Resources):", re.MULTILINE)


class Progress:
    """The lines about one run; called several times a second."""

    def __init__(self, events: EventLog) -> None:
        """Name the events of the run."""
        self._events = events
        self._begun = self._said = time.monotonic()
        self._read = 0.0

    def __call__(self) -> None:
        """Say what is new, and now and then that there is nothing new.

        Raises:
            OSError: Nobody reads it any more.
        """
        now = time.monotonic()
        if now - self._read < READ_SECONDS:
            return
        self._read = now
        self.finish()
        if now - self._said >= QUIET_SECONDS:
            self._say(f"… {self._waited_for()}, {duration(now - self._begun)} in all")

    def finish(self) -> None:
        """Say what is new, at once."""
        self._events.poll()
        while self._events.changes:
            change = self._events.changes.pop(0)
            done = f"failed to {change.done}" if change.failed else change.done
            self._say(f"{done}: {change.name} ({duration(change.seconds)})")

    def _waited_for(self) -> str:
        busy = [f"{name} ({duration(seconds)})" for name, seconds in self._events.busy()]
        if not busy:
            return f"Pulumi {self._events.phase}"
        more = f" and {len(busy) - NAMED} more" if len(busy) > NAMED else ""
        return f"waiting for {', '.join(busy[:NAMED])}{more}"

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        print(line, flush=True)


def closing(said: Path) -> str:
    """What Pulumi said at its end: policies, diagnostics, outputs, counts; all it said where it did not get so far."""
    text = said.read_text(encoding="utf-8", errors="replace")
    begin = _CLOSING.search(text)
    return text[begin.start() :] if begin else text
