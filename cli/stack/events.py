"""What Pulumi is doing right now: its own log of events, read while it runs (the Automation API reads the same one)."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .namespace import AWAITED

#: The steps that change an object, as they are told when they are done.
DONE = {
    "create": "created",
    "create-replacement": "created anew",
    "update": "updated",
    "delete": "deleted",
    "delete-replaced": "deleted",
    "import": "imported",
}
#: What the engine says when somebody interrupts it; pkg/backend/cancellation_scope.go of Pulumi.
_INTERRUPTED = re.compile(r"\S+ received; (cancelling|terminating)")
#: The engine names this command, or the option, where it refuses to delete what is protected.
_UNPROTECT = re.compile(r"`pulumi state unprotect|`protect` flag")


@dataclass(frozen=True)
class Change:
    """An object that was changed, or that could not be."""

    done: str
    """What was done, one of DONE's; what could not be done, the step itself, when it failed."""
    name: str
    """Kind and name: `Deployment authenticate-deployment`."""
    seconds: float
    """How long it took."""
    failed: bool = False


class EventLog:
    """The events of one run."""

    def __init__(self, path: Path) -> None:
        """Name the file that `--event-log` writes."""
        self._path = path
        self._begin()
        self.waiting: dict[str, dict[str, Any]] = {}
        """Resources being created or updated, by URN, with their inputs (secrets left out)."""
        self.rolled_out = False
        """Whether a workload was created or updated: only then can a rollout be what failed."""
        self.half_done: set[str] = set()
        """Kinds of changes, such as `update`, that failed half-way: the state may not say what the cluster has."""
        self.errors: list[str] = []
        """What Pulumi reported as errors."""
        self.protected = False
        """Whether Pulumi refused to delete or replace an object because it is protected."""
        self.interrupted = False
        """Whether Pulumi got an interrupt, from whomever."""
        self.changes: list[Change] = []
        """The objects that were changed, in their order; those who show them may take them out."""
        self.phase = "starts"
        """What Pulumi does, after `Pulumi`: `loads the policy pack`."""
        self.heard = time.monotonic()
        """When something was heard of it last."""
        self._begun: dict[str, tuple[float, str]] = {}

    def _begin(self) -> None:
        self._head, self._read, self._rest = b"", 0, b""

    def poll(self) -> None:
        """Read what was added since the last time."""
        try:
            with self._path.open("rb") as file:
                # After its preview Pulumi writes the same file anew; the first event has the time in it.
                if file.read(len(self._head)) != self._head:
                    self._begin()
                file.seek(0)
                self._head = file.read(200)
                file.seek(self._read)
                added = file.read()
        except FileNotFoundError:
            return
        self._read += len(added)
        *lines, self._rest = (self._rest + added).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(json.loads(line))
                self.heard = time.monotonic()

    def busy(self) -> list[tuple[str, float]]:
        """The objects that Pulumi is changing right now, with the seconds for which it has been; the oldest first."""
        now = time.monotonic()
        return [(name, now - begun) for begun, name in sorted(self._begun.values())]

    def _take(self, event: dict[str, Any]) -> None:
        self._take_phase(event)
        self._take_change(event)
        # Only a preview's events are marked; its resources are not being made.
        if step := event.get("resourcePreEvent"):
            metadata = step["metadata"]
            if not step.get("planning") and metadata["op"] in {"create", "update", "create-replacement"}:
                inputs = (metadata.get("new") or {}).get("inputs") or {}
                self.waiting[metadata["urn"]] = inputs
                self.rolled_out = self.rolled_out or inputs.get("kind") in AWAITED
        for ended in ("resOutputsEvent", "resOpFailedEvent"):
            if ended in event:
                urn = event[ended]["metadata"]["urn"]
                begun = self.waiting.pop(urn, None)
                if ended == "resOpFailedEvent" and begun is not None:
                    self.half_done.add(event[ended]["metadata"]["op"])
        diagnostic = event.get("diagnosticEvent", {})
        if diagnostic.get("severity") == "error" and not diagnostic.get("ephemeral"):
            self.errors.append(diagnostic["message"])
            # The engine refuses an object in its own name; a program or a provider may use the word, too.
            refused = f'"{diagnostic.get("urn") or "none"}"' in diagnostic["message"]
            self.protected = self.protected or bool(refused and _UNPROTECT.search(diagnostic["message"]))

    def _take_phase(self, event: dict[str, Any]) -> None:
        if "policyLoadEvent" in event:
            self.phase = "loads the policy pack"
        elif "preludeEvent" in event:
            self.phase = "runs the program"
        elif said := _INTERRUPTED.match(event.get("stdoutEvent", {}).get("message", "")):
            self.interrupted = True
            self.phase = "finishes what it is at" if said[1] == "cancelling" else "ends"

    def _take_change(self, event: dict[str, Any]) -> None:
        key, step = next(((key, event[key]) for key in _STEPS if key in event), ("", {}))
        metadata = step.get("metadata", {})
        if not key or step.get("planning") or metadata["op"] not in DONE or not _is_object(metadata):
            return
        urn, done = metadata["urn"], DONE[metadata["op"]]
        if key == "resourcePreEvent":
            self._begun[urn] = (time.monotonic(), _named(metadata))
        elif urn in self._begun:
            begun, name = self._begun.pop(urn)
            failed = key == "resOpFailedEvent"
            self.changes.append(Change(metadata["op"] if failed else done, name, time.monotonic() - begun, failed))

    def workloads(self) -> set[tuple[str, str]]:
        """The workloads that Pulumi waits for, as (namespace, name)."""
        found: set[tuple[str, str]] = set()
        for inputs in self.waiting.values():
            if inputs.get("kind") in AWAITED:
                metadata = inputs.get("metadata", {})
                found.add((str(metadata.get("namespace", "default")), str(metadata.get("name", ""))))
        return found


_STEPS = ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent")


def _state(metadata: dict[str, Any]) -> dict[str, Any]:
    return metadata.get("new") or metadata.get("old") or {}


def _is_object(metadata: dict[str, Any]) -> bool:
    """Whether a provider makes it: components, the stack and providers themselves are in the state only."""
    return bool(_state(metadata).get("custom")) and not metadata.get("type", "").startswith("pulumi:")


def _named(metadata: dict[str, Any]) -> str:
    inputs = _state(metadata).get("inputs") or {}
    kind = inputs.get("kind") or metadata["type"].rpartition(":")[2]
    name = (inputs.get("metadata") or {}).get("name") or metadata["urn"].rpartition("::")[2]
    return f"{kind} {name}"
