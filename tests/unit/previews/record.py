"""`python -m tests.unit.previews.record [WORDS]` writes what the engine says about the commits of the series, trimmed.

With words: only about those whose name has them in it.
"""

import json
import sys
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
_CONTAINER, _VOLUME = ("name", "image", "args", "volumeMounts"), ("name", "persistentVolumeClaim")
#: Rules that read what stays the same, too.
_WHOLE = ("protection ", "quota ", "more-servers ", "servers ")
_STATE = ("urn", "parent", "custom", "protect", "retainOnDelete", "inputs")


def trimmed(line: str, *, whole: bool = False) -> str:
    """An event with what the gate reads, and nothing that differs from run to run; empty where that is nothing.

    Args:
        line: The event.
        whole: Whether what stays the same is kept, too: it needs room, and may lose its protection or get other parts.
    """
    metadata = json.loads(line).get("resourcePreEvent", {}).get("metadata", {})
    left_out = ("read",) if whole else ("same", "read")
    if not metadata or metadata["type"].startswith("pulumi:") or metadata["op"] in left_out:
        return ""
    kept: dict[str, Any] = {
        key: metadata[key] for key in ("op", "urn", "type", "keys", "detailedDiff") if metadata.get(key)
    }
    for side in ("old", "new"):
        state = metadata.get(side)
        kept[side] = state and {key: state[key] for key in _STATE if state.get(key)}
        template = model.lookup(kept[side], "inputs", "spec", "template") or {}
        if pod := template.pop("spec", None):
            template["spec"] = {
                group: [_container(it) for it in pod[group]]
                for group in ("initContainers", "containers")
                if group in pod
            }
            template["spec"]["volumes"] = [_picked(it, _VOLUME) for it in pod.get("volumes", [])]
        (model.lookup(kept[side], "inputs", "metadata") or {}).pop("labels", None)
    return json.dumps({"resourcePreEvent": {"metadata": kept}}, sort_keys=True)


def _container(given: dict[str, Any]) -> dict[str, Any]:
    """A container with its variables, of those from Secrets only that they are: their names are random."""
    env: list[dict[str, Any]] = []
    for it in given.get("env", []):
        source = {"valueFrom": {key: {} for key in it["valueFrom"]}} if "valueFrom" in it else {}
        env.append(_picked(it, ("name", "value")) | source)
    return {**_picked(given, _CONTAINER), **({"env": env} if env else {})}


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
            if case.verdict == "failed" or " ".join(sys.argv[1:]) not in case.name:
                continue
            clone.prepare(case)
            clone.edit(case.edits)
            clone.commit(case.name)
            offline.preview(case.stack, "HEAD~1", tools)
            whole = any(finding.startswith(_WHOLE) for finding in case.findings)
            kept = (trimmed(line, whole=whole) for line in said if line.startswith("{"))
            lines = sorted(filter(None, kept))
            file_of(case.name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _keep(place: list[str], lines: list[str]) -> list[str]:
    place[:] = lines
    return lines


if __name__ == "__main__":
    console.run(main)
