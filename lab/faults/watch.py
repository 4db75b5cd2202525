"""What `kubeauth status` says while something is broken, and after how many seconds it names it."""

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from .bench import Bench
from .database import until

#: How long the status may take to name it once the fault has been made, in seconds; how long it took is in the report.
LIMIT = 120


@dataclass(frozen=True)
class Named:
    """What the status said when it named a fault, or all that it said at last when it did not."""

    said: str
    seconds: float | None
    """Since the fault began; None when it did not name it."""


class Watch:
    """`kubeauth status --watch` beside a fault: `with Watch(bench) as watch: …; watch.named("is full")`."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._said = bench, list[tuple[float, str]]()

    def __enter__(self) -> Self:
        """Begin to look; the fault begins now."""
        self._begun = time.monotonic()
        self._process = self._bench.begin("status", more=("--watch", "--json"))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self._process.kill()
        self._reader.join(10)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            at = time.monotonic() - self._begun
            self._said += [(at, text) for text in statements(line)]

    def named(self, pattern: str) -> Named:
        """What matched first, waited for while the fault lasts."""
        found: list[Named] = []

        def seen() -> bool:
            found.extend(Named(text, at) for at, text in self._said if re.search(pattern, text))
            return bool(found)

        if until(seen, LIMIT):
            return found[0]
        last = self._said[-1][0] if self._said else 0.0
        return Named("; ".join(text for at, text in self._said if at == last), None)


def look(bench: Bench, pattern: str) -> Named:
    """Look once, at what stays as it is."""
    begun = time.monotonic()
    printed = bench.command("status", arguments=("--json",)).stdout
    seconds = time.monotonic() - begun
    said = statements(printed[printed.find("{") :])
    found = (text for text in said if re.search(pattern, text))
    return next((Named(text, seconds) for text in found), Named("; ".join(said) or printed, None))


def statements(printed: str) -> list[str]:
    """What a status in JSON says is wrong or not known, each with what says so below it; nothing for other lines."""
    try:
        status: dict[str, Any] = json.loads(printed)
    except ValueError:
        return []
    return [*_texts(status)]


def _texts(status: dict[str, Any]) -> Iterator[str]:
    for problem in status.get("problems", []):
        yield "\n".join(filter(None, (problem["what"], problem["seen"])))
    for part in status.get("unknown", []):
        yield f"{part['what']}: {part['why']}"
