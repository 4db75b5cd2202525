"""Signatures: the Kubernetes provider signs the fields of each object with a random name of the resource's own.

A create that is repeated, because a killed run could not write it down, signs with a second name. Both then own the
fields, and the next change is refused as a conflict of the stack with itself. Only the name in the state may stay.
"""

import re
from typing import Any

#: Where the state keeps the name.
KEY = "__fieldManager"
_NAME = re.compile(r"pulumi-kubernetes-[0-9a-f]{8}")
#: What a whole object of ours has, and a patch of another program's has not.
LABEL = "app.kubernetes.io/managed-by"

Entry = dict[str, Any]


def _signs(entry: Entry) -> bool:
    labels = entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:labels", {})
    name = _NAME.fullmatch(entry.get("manager", ""))
    return bool(name) and entry.get("operation") == "Apply" and f"f:{LABEL}" in labels


def of(item: dict[str, Any]) -> str:
    """The name with which an object was signed last; empty when the provider did not make it."""
    entries = [entry for entry in item["metadata"].get("managedFields", []) if _signs(entry)]
    return max(entries, key=lambda entry: entry.get("time", ""), default={}).get("manager", "")


def corrected(item: dict[str, Any], name: str) -> list[Entry] | None:
    """The owners of an object's fields with one signature, `name`; None when that is what it has."""
    entries: list[Entry] = item["metadata"].get("managedFields", [])
    strays = [entry for entry in entries if _signs(entry) and entry["manager"] != name]
    if not strays:
        return None
    kept = [entry for entry in entries if entry not in strays]
    if not any(entry.get("manager") == name for entry in kept):
        last = max(strays, key=lambda entry: entry.get("time", ""))
        kept.append({**last, "manager": name})
    return kept
