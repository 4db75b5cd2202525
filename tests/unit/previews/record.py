"""`python -m tests.unit.previews.record` writes what the engine says about the commits of the series, trimmed."""

import json
import tempfile
from pathlib import Path
from typing import Any

from cli import console, paths
from cli.preview import model, offline
from lab import toolchain
from lab.series.clone import Clone
from tests.series_cases import CASES

from . import file_of

#: What the gate reads of a pod.
_CONTAINER, _VOLUME = ("name", "image", "volumeMounts"), ("name", "persistentVolumeClaim")


def trimmed(line: str) -> str:
    """An event with what the gate reads, and nothing that differs from run to run; empty where that is nothing."""
    metadata = json.loads(line).get("resourcePreEvent", {}).get("metadata", {})
    if not metadata or metadata["type"].startswith("pulumi:") or metadata["op"] in ("same", "read"):
        return ""
    kept: dict[str, Any] = {key: metadata[key] for key in ("op", "urn", "type", "keys") if metadata.get(key)}
    for side in ("old", "new"):
        state = metadata.get(side)
        kept[side] = state and {key: state[key] for key in ("urn", "parent", "protect", "inputs") if state.get(key)}
        template = model.lookup(kept[side], "inputs", "spec", "template") or {}
        if pod := template.pop("spec", None):
            template["spec"] = {"containers": [_picked(it, _CONTAINER) for it in pod["containers"]]}
            template["spec"]["volumes"] = [_picked(it, _VOLUME) for it in pod.get("volumes", [])]
        (model.lookup(kept[side], "inputs", "metadata") or {}).pop("labels", None)
    return json.dumps({"resourcePreEvent": {"metadata": kept}}, sort_keys=True)


def _picked(given: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: given[key] for key in keys if key in given}


def main() -> None:
    """Record every case that gives a preview."""
    tools = toolchain.ensure("engine")
    said: list[str] = []
    read = model.read
    model.read = lambda lines: read(_keep(said, list(lines)))
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder), "none")
        paths.CHECKOUT = clone.root
        for case in CASES:
            if case.verdict == "failed":
                continue
            clone.prepare(case)
            clone.edit(case.edits)
            clone.commit(case.name)
            offline.preview(case.stack, "HEAD~1", tools)
            lines = sorted(filter(None, map(trimmed, (line for line in said if line.startswith("{")))))
            file_of(case.name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _keep(place: list[str], lines: list[str]) -> list[str]:
    place[:] = lines
    return lines


if __name__ == "__main__":
    console.run(main)
