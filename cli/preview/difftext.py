"""Changes as lines of a diff, which GitHub colours by their first character: + - ~ or !."""

import re
from typing import Any

import yaml

from .difference import MISSING, entries
from .model import CREATE, DELETE, REPLACE, SECRET, UPDATE, Change, Preview

_MARKS = {CREATE: "+", UPDATE: "~", REPLACE: "!", DELETE: "-"}


def lines(preview: Preview, words: dict[str, str]) -> list[str]:
    """Every change, one property a line; the first character of a line tells what happens: + - ~ or !."""
    found: list[str] = []
    for op in (DELETE, REPLACE, UPDATE, CREATE):
        for change in (change for change in preview.changes if change.op == op):
            found += ["", *_resource(change, words)] if found else _resource(change, words)
    return found


def _resource(change: Change, words: dict[str, str]) -> list[str]:
    mark = _MARKS[change.op]
    on_cluster = f" ({change.object_name})" if change.object_name != change.name else ""
    because = f", {change.because}" if change.op == REPLACE else ""
    renamed = f", was {change.renamed_from}" if change.renamed_from else ""
    title = f"{mark} {change}{on_cluster}: {words[change.op]}{because}{renamed}"
    if change.op in (CREATE, DELETE):
        content = {k: v for k, v in (change.after or change.before or {}).items() if k not in ("apiVersion", "kind")}
        return [title, *(f"{mark}     {line}" for line in _yaml(content))] if content else [title]
    lines = [title]
    for entry in entries(change.before, change.after):
        for sign, value in (("-", entry.old), ("+", entry.new)):
            if value is not MISSING:
                lines += [f"{sign}     {line}" for line in _property(entry.path, value)]
    # Two masked values look the same; that one follows the other is no secret.
    lines += [
        f"~     {path}: {SECRET} → {SECRET}, another value" for path in change.changed if _is_masked(change, path)
    ]
    if len(lines) == 1 and change.op == UPDATE:
        lines.append("      nothing on the cluster: only what Pulumi keeps about it")
    return lines


def _is_masked(change: Change, path: str) -> bool:
    """Whether a path of the engine's, like `data["client.cnf"]`, leads to a secret on both sides."""
    sides: list[Any] = [change.before, change.after]
    for quoted, plain in re.findall(r'\["([^"]+)"\]|([^.\[\]"]+)', path):
        key = quoted or plain
        for number, value in enumerate(sides):
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                sides[number] = value[int(key)]
            elif value != SECRET:
                sides[number] = value.get(key) if isinstance(value, dict) else None
    return sides == [SECRET, SECRET]


def _property(path: str, value: Any) -> list[str]:
    lines = _yaml(value)
    if len(lines) == 1 and not (isinstance(value, dict | list) and value):
        return [f"{path}: {lines[0]}"]
    return [f"{path}:", *(f"  {line}" for line in lines)]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text.strip("\n") else None
    ),
)


def _yaml(value: Any) -> list[str]:
    # Without other alphabets, so that nothing can look like something else.
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=100_000, default_flow_style=False)
    return text.removesuffix("...\n").splitlines()
