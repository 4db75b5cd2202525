"""What was reviewed is what is deployed: a preview in a form that another one is compared with.

No value is kept, only short hashes of values that are not secret, by their paths: enough to say in what two differ.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from ..console import Problem
from .model import CREATE, DELETE, REPLACE, UPDATE, Change, Preview
from .rules import inputs

#: The annotation that says whose an object is has the state's organization in it, which no preview from git knows.
_OF_THE_STATE = "metadata.annotations.kubeauth/stack"

Operations = dict[str, dict[str, Any]]


def read(file: Path, stack: str) -> Operations:
    """What a report in JSON says that it does.

    Raises:
        Problem: It is not a report of this stack that may be deployed.
    """
    fix = "use <stack>.json of the pull request's newest preview (kubeauth comment --out FOLDER)"
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"--file: {file}: must be a preview that was approved: {error}", fix) from None
    found = said.get("operations") if isinstance(said, dict) else None
    if not isinstance(found, dict) or said.get("stack") != stack:
        raise Problem(f"--file: {file}: must be a preview of stack {stack} with its operations", fix)
    if said.get("verdict") != "ok":
        raise Problem(f"--file: {file}: must be approved, and its verdict is {said.get('verdict')}", fix)
    return found


def operations(preview: Preview) -> Operations:
    """What a preview does, by the resources' URNs."""
    return {
        change.urn: {"resource": str(change), "op": change.op, "content": _content(change)}
        for change in preview.of(CREATE, UPDATE, REPLACE, DELETE)
    }


def differences(approved: Operations, now: Operations) -> list[str]:
    """In what the preview of now differs from the approved one, a line each."""
    found = []
    for urn in sorted(approved.keys() | now.keys()):
        was, will = approved.get(urn), now.get(urn)
        if was is None and will is not None:
            found.append(f"{will['resource']}: {will['op']}, which nobody approved")
        elif was is not None and will is None:
            found.append(f"{was['resource']}: {was['op']} was approved, and nothing is to be done")
        elif was is not None and will is not None and was["op"] != will["op"]:
            found.append(f"{was['resource']}: {was['op']} was approved, and it is {will['op']}")
        elif was is not None and will is not None:
            paths = was["content"].keys() | will["content"].keys()
            other = sorted(path for path in paths if was["content"].get(path) != will["content"].get(path))
            if other:
                more = f" and {len(other) - 5} more" if len(other) > 5 else ""
                found.append(f"{was['resource']}: another value than approved: {', '.join(other[:5])}{more}")
    return found


def _content(change: Change) -> dict[str, str]:
    """What it sets: a hash of each value that is new or another one, of those that are known."""
    if change.after is None:
        return {}
    before, after = inputs.leaves(change.before or {}) if change.op == UPDATE else {}, inputs.leaves(change.after)
    new = {path: _hash(value) for path, value in after.items() if path not in before or before[path] != value}
    found = new | dict.fromkeys(before.keys() - after.keys(), "gone")
    found.pop(_OF_THE_STATE, None)
    return found


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
