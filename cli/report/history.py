"""What changed, when and by whom: Pulumi's history of a stack, and what each change did where the backend keeps it."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..console import Problem
from ..preview import difftext
from ..preview.model import CREATE, DELETE, REPLACE, UPDATE, Change, Preview, masked
from ..stack import Stack, state
from ..status import judge
from ..status import model as status

#: More changes than this are counted and not shown.
MOST = 20
#: A difference is cut after so many lines.
LONGEST = 200
#: A value of more lines, a script, is named by their number and a hash: two that differ look different.
_SCRIPT = 6
_WORDS = {CREATE: "created", UPDATE: "updated", REPLACE: "replaced", DELETE: "deleted"}
#: What a replacement is called where no input says why.
_UNSEEN = "what is not shown"


@dataclass(frozen=True)
class Entry(status.Change):
    """One change of the stack, with what it changed."""

    message: str = ""
    lines: tuple[str, ...] | None = None
    """What it changed, as lines of a diff; None where the backend does not keep it."""
    left_off: int = 0
    """How many lines more there are."""


@dataclass
class History:
    """The changes, newest first."""

    entries: list[Entry] = field(default_factory=list)
    older: int = 0
    """How many more there are."""
    why: str = ""
    """Why it is not known; else empty."""


def read(stack: Stack, seconds: float) -> History:
    """Read a stack's history; what cannot be read is said in it."""
    try:
        if (files := stack.files) and not files.compressed():
            return of_files(files.history)
        asked = ("pulumi", "stack", "history", "--json", "--page-size", str(MOST + 1), "--page", "1")
        told = json.loads(stack.run(*asked, seconds=seconds, check=True).stdout or "[]") or []
        return History([_entry(each) for each in told[:MOST]], max(0, len(told) - MOST))
    except (OSError, ValueError) as error:
        return History(why=f"it cannot be read: {error}")
    except Problem as problem:
        return History(why=str(problem).strip().partition("\n")[0])


def of_files(folder: Path) -> History:
    """The history in a folder of Pulumi's file backend: beside each entry is the state that it ended with."""
    files = sorted(folder.glob("*.history.json"), reverse=True)
    entries = []
    for number, path in enumerate(files[:MOST]):
        before = _resources(files[number + 1]) if number + 1 < len(files) else {}
        after = _resources(path)
        known = after is not None and before is not None
        lines = differences(before or {}, after or {}) if known else None
        entries.append(_entry(json.loads(path.read_bytes()), state.owner(path), lines))
    return History(entries, max(0, len(files) - MOST))


def _resources(entry: Path) -> dict[str, dict[str, Any]] | None:
    """What the stack had after a change, by URN; None where it is not kept, or not whole."""
    kept = state.deployment(entry.with_name(entry.name.replace(".history.", ".checkpoint.")))
    if kept is None:
        return None
    # One that is still to be deleted has its successor's URN.
    found = [item for item in kept.get("resources") or [] if not item.get("delete")]
    return {item["urn"]: item for item in found if not str(item.get("type", "")).startswith("pulumi:")}


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[str]:
    """What differs between two states, as lines of a diff; secrets are masked, and two that differ look the same."""
    changes = [change for urn in sorted({*before, *after}) if (change := _change(urn, before.get(urn), after.get(urn)))]
    lines = difftext.lines(Preview([change for change in changes if not change.is_component]), _WORDS)
    return [line for line in lines if line]


def _change(urn: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Change | None:
    there = new or old or {}
    one, other = (_short(masked(item.get("inputs") or {})) if item else None for item in (old, new))
    given, parent = bool(there.get("custom")), str(there.get("parent", ""))
    if one is not None and other is not None and (old or {}).get("id") != (new or {}).get("id"):
        reasons = tuple(sorted(key for key in {*one, *other} if one.get(key) != other.get(key))) or (_UNSEEN,)
        return Change(REPLACE, urn, before=one, after=other, reasons=reasons, given=given, parent=parent)
    if old and new and one == other:
        return None
    if old and new:
        return Change(UPDATE, urn, before=one, after=other, given=given, parent=parent)
    # Its name says enough of what came or went as a whole.
    return Change(
        CREATE if new else DELETE,
        urn,
        before={} if old else None,
        after={} if new else None,
        given=given,
        parent=parent,
    )


def _short(value: Any) -> Any:
    """A value with scripts in it cut to what tells two of them apart."""
    if isinstance(value, dict):
        return {key: _short(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_short(entry) for entry in value]
    if isinstance(value, str) and value.count("\n") >= _SCRIPT:
        digest = hashlib.sha256(value.encode()).hexdigest()[:8]
        return f"[a text of {len(value.splitlines())} lines, SHA-256 {digest}…]"
    return value


def _entry(told: dict[str, Any], by: str = "", lines: list[str] | None = None) -> Entry:
    return Entry(
        **vars(judge.change_of(told, by)),
        message=str(told.get("message") or "").strip().partition("\n")[0],
        lines=None if lines is None else tuple(lines[:LONGEST]),
        left_off=max(0, len(lines or ()) - LONGEST),
    )
