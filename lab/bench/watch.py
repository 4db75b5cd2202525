"""What happens while a command runs, each with the moment at which it was seen: the engine's events and the pods."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .inline import FIRST
from .sides import NAMESPACE
from .system import System


def events(path: Path, process: subprocess.Popen[bytes]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Read Pulumi's log of events while it is being written; each event with the time of day when it was there."""
    rest, ended = b"", False
    while not ended:
        # Looked at before the file, so that what is written last is read, too.
        ended = process.poll() is not None
        if path.exists():
            with path.open("rb") as file:
                content = file.read()
            *lines, _ = content[len(rest) :].split(b"\n")
            for line in lines:
                yield time.time(), json.loads(line)
            rest = content[: len(rest) + sum(len(line) + 1 for line in lines)]
        time.sleep(0.01)


class Pods(threading.Thread):
    """Notes every state of every pod, with the time of day when it was seen."""

    def __init__(self, system: System) -> None:
        """Begin to watch; `stop` ends it."""
        super().__init__(daemon=True)
        command = ["kubectl", "get", "pods", "--all-namespaces", "--watch", "--output", "json"]
        self._process = subprocess.Popen(command, env=system.env, stdout=subprocess.PIPE, text=True)
        self.states: list[tuple[float, dict[str, Any]]] = []
        self.start()

    def run(self) -> None:
        """Read one object after the other; kubectl writes each over many lines, the last of which is a brace alone."""
        lines: list[str] = []
        for line in self._process.stdout or ():
            lines.append(line)
            if line.rstrip("\n") == "}":
                self.states.append((time.time(), json.loads("".join(lines))))
                lines = []

    def stop(self) -> None:
        """End the watch."""
        self._process.terminate()
        self._process.wait()
        self.join()

    def first(self, instance: str, is_true: Any) -> float | None:
        """When a pod of an instance was first seen in a state for which `is_true` holds."""
        label = f"{instance}-selector"
        return next(
            (
                seen
                for seen, pod in self.states
                if pod["metadata"].get("labels", {}).get("name") == label and is_true(pod)
            ),
            None,
        )


def condition(name: str) -> Any:
    """Whether a pod has a condition."""

    def holds(pod: dict[str, Any]) -> bool:
        found = pod["status"].get("conditions", [])
        return any(item["type"] == name and item["status"] == "True" for item in found)

    return holds


def log_times(system: System, name: str) -> tuple[float, float]:
    """When mysqld said its first and its last line in a container of the first database."""
    pod = ("--namespace", NAMESPACE, f"deployment/{FIRST}-deployment", "--container", name)
    said = system.run("kubectl", "logs", *pod).output
    stamps = re.findall(r"^(\d{4}-\d\d-\d\dT[\d:.]+Z) ", said, re.MULTILINE)
    times = [datetime.fromisoformat(stamp).timestamp() for stamp in stamps]
    return times[0], times[-1]
