"""What Pulumi is doing right now: its own log of events, read while it runs (the Automation API reads the same one)."""

import json
from pathlib import Path
from typing import Any


class EventLog:
    """The events of one run."""

    def __init__(self, path: Path) -> None:
        """Name the file that `--event-log` writes."""
        self._path = path
        self._begin()
        self.waiting: dict[str, dict[str, Any]] = {}
        """Resources being created or updated, by URN, with their inputs (secrets left out)."""
        self.rolled_out = False
        """Whether a Deployment was created or updated: only then can a rollout be what failed."""
        self.half_done: set[str] = set()
        """Kinds of changes, such as `update`, that failed half-way: the state may not say what the cluster has."""
        self.errors: list[str] = []
        """What Pulumi reported as errors."""

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

    def _take(self, event: dict[str, Any]) -> None:
        # Only a preview's events are marked; its resources are not being made.
        if step := event.get("resourcePreEvent"):
            metadata = step["metadata"]
            if not step.get("planning") and metadata["op"] in {"create", "update", "create-replacement"}:
                inputs = (metadata.get("new") or {}).get("inputs") or {}
                self.waiting[metadata["urn"]] = inputs
                self.rolled_out = self.rolled_out or inputs.get("kind") == "Deployment"
        for ended in ("resOutputsEvent", "resOpFailedEvent"):
            if ended in event:
                urn = event[ended]["metadata"]["urn"]
                begun = self.waiting.pop(urn, None)
                if ended == "resOpFailedEvent" and begun is not None:
                    self.half_done.add(event[ended]["metadata"]["op"])
        diagnostic = event.get("diagnosticEvent", {})
        if diagnostic.get("severity") == "error" and not diagnostic.get("ephemeral"):
            self.errors.append(diagnostic["message"])

    def deployments(self) -> set[tuple[str, str]]:
        """The Deployments that Pulumi waits for, as (namespace, name)."""
        found: set[tuple[str, str]] = set()
        for inputs in self.waiting.values():
            if inputs.get("kind") == "Deployment":
                metadata = inputs.get("metadata", {})
                found.add((str(metadata.get("namespace", "default")), str(metadata.get("name", ""))))
        return found
