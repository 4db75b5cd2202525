"""A rule about secrets in plain text: in a variable, a ConfigMap, or where a Secret was so far. No value is shown."""

import re

from ..model import CREATE, REPLACE, SECRET, UNKNOWN, UPDATE, Change
from . import inputs
from .base import Context, Found

#: Names of values that are secrets, and not a file, an address or a limit of one.
_NAME = re.compile(
    r"(^|[._-])(PASSWORD|PASSWD|PASS|PWD|TOKEN|SECRET|API[._-]?KEY|PRIVATE[._-]?KEY|SECRET[._-]?KEY|"
    r"ACCESS[._-]?KEY)$",
    re.IGNORECASE,
)
#: What credentials look like, wherever they stand.
_LOOKS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|"
    r"\bxox[abprs]-[A-Za-z0-9-]{10,}|\bglpat-[\w-]{20}|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+|\bsk_live_\w{16,}|"
    r"[a-z][a-z0-9+.]*://[^\s/:@$]+:(?!\$|<|\[|%s)[^\s/@]+@"
)
#: A line of a file that sets a password: not a reference, not empty, not a word that stands for one.
_LINE = re.compile(
    r"(?im)^\s*[\w.-]*(?:password|passwd|api_?key)[\"']?\s*[:=]\s*[\"']?(?![\"'$<{\[(/*%])[^\s\"',#]{6,}"
)
#: What stands for a value, or is none: references, paths, switches.
_NO_VALUE = re.compile(r"\s*|\$[({].*|/.*|<.*>|true|false|yes|no|none|\d{1,3}|vault:.*|file:.*", re.IGNORECASE)
_READ = "whoever may read the object, the repository or the state reads it"


def plain_secret(change: Change, _: Context) -> Found:
    """A secret stands in plain text where it did not before."""
    if change.op not in (CREATE, UPDATE, REPLACE) or change.after is None or change.kind == "Secret":
        return
    before = inputs.containers(change.before)
    for name, container in inputs.containers(change.after).items():
        old = inputs.variables(before.get(name, {}))
        for key, variable in inputs.variables(container).items():
            value, was = variable.get("value"), old.get(key, {})
            if not isinstance(value, str) or value == was.get("value"):
                continue
            if "secretKeyRef" in (was.get("valueFrom") or {}):
                yield f"{name}: env[{key}]: from a Secret → a plain value", f"it leaves its Secret: {_READ}"
            elif _is_secret(key, value):
                yield f"{name}: env[{key}]: a plain value", f"it looks like a credential: {_READ}"
    if change.kind == "ConfigMap":
        yield from _of_texts(change)
    known = inputs.leaves(change.before or {})
    for path, value in inputs.leaves(change.after).items():
        if known.get(path) == SECRET and isinstance(value, str) and value not in (SECRET, UNKNOWN):
            yield f"{path}: a secret → a plain value", _READ


def _of_texts(change: Change) -> Found:
    old, new = (value if isinstance(value, dict) else {} for value in change.value("data"))
    for key, text in new.items():
        known = set(str(old.get(key, "")).splitlines())
        added = "\n".join(line for line in str(text).splitlines() if line not in known)
        if added and (_is_secret(key, added) or _LINE.search(added)):
            yield f"data.{key}: a plain value", f"it looks like a credential: {_READ}"


def _is_secret(name: str, value: str) -> bool:
    if value in (SECRET, UNKNOWN):
        return False
    return bool(_LOOKS.search(value) or (_NAME.search(name) and not _NO_VALUE.fullmatch(value)))
