"""The change as a graph that GitHub draws by itself: what changes, in its components, and who names whom."""

import re
from collections.abc import Iterator
from typing import Any

from .model import CREATE, DELETE, REPLACE, SAME, UPDATE, Change, Preview, lookup
from .rules import inputs

#: More than this nobody reads; GitHub draws at most 500 edges.
MOST = 24
_COLOURS = {
    CREATE: "fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a",
    UPDATE: "fill:#fff8c5,stroke:#9a6700,color:#4d3300",
    REPLACE: "fill:#ffe2c7,stroke:#bc4c00,color:#5c2500",
    DELETE: "fill:#ffebe9,stroke:#cf222e,color:#6e0b14",
    SAME: "fill:#eaeef2,stroke:#57606a,color:#24292f",
}
#: Names that are shorter would be found in other words.
_SHORTEST = 3


def lines(preview: Preview) -> list[str]:
    """The graph in Mermaid's language; nothing where nothing changes."""
    changed = preview.of(CREATE, UPDATE, REPLACE, DELETE)
    if not changed:
        return []
    shown = changed[:MOST]
    # What is the same is drawn where something that changes names it, as long as there is room.
    for change in preview.of(SAME):
        if len(shown) < MOST and any(_names(one, change) or _names(change, one) for one in changed):
            shown.append(change)
    ids = {change.urn: f"n{number}" for number, change in enumerate(shown)}
    parents = list(dict.fromkeys(change.parent for change in shown))
    known = {change.urn: change for change in preview.changes}
    drawn = ["flowchart LR"]
    for number, parent in enumerate(parents):
        children = [_node(ids[change.urn], change) for change in shown if change.parent == parent]
        if parent in known:
            drawn += [f'  subgraph p{number}["{_label(str(known[parent]))}"]', *(f"  {it}" for it in children), "  end"]
        else:
            drawn += children
    if len(changed) > len(shown):
        drawn.append(f'  more["and {len(changed) - len(shown)} more"]')
    drawn += [f"  {ids[one.urn]} --> {ids[other.urn]}" for one, other in _edges(shown)]
    drawn += [f"  classDef {op} {style}" for op, style in _COLOURS.items() if any(it.op == op for it in shown)]
    return drawn


def _edges(shown: list[Change]) -> Iterator[tuple[Change, Change]]:
    return ((one, other) for one in shown for other in shown if one is not other and _names(one, other))


def _names(one: Change, other: Change) -> bool:
    """Whether a resource names another one: by a selector, by its name, or by an address of a Service."""
    if one.kind == "Service":
        selector = lookup(_side(one), "spec", "selector")
        labels = lookup(_side(other), "spec", "template", "metadata", "labels")
        both = isinstance(selector, dict) and isinstance(labels, dict)
        return both and bool(selector) and selector.items() <= labels.items()
    name = other.object_name
    if other.kind in ("Namespace", "NetworkPolicy") or len(name) < _SHORTEST:
        return False
    spec = {key: value for key, value in _side(one).items() if key not in ("metadata", "kind", "apiVersion")}
    return any(value == name or (other.kind == "Service" and _is_host(value, name)) for value in _texts(spec))


def _is_host(value: str, name: str) -> bool:
    return bool(re.search(rf"(^|[/@]){re.escape(name)}[.:]", value))


def _texts(spec: dict[str, Any]) -> Iterator[str]:
    own = ("name",)  # a container's, a volume's: no reference
    for path, value in inputs.leaves(spec).items():
        is_own = path.rpartition(".")[2] in own and re.search(r"(containers|volumes|ports|env)\[[^]]*\]\.name$", path)
        if isinstance(value, str) and not is_own:
            yield value


def _side(change: Change) -> dict[str, Any]:
    return change.after or change.before or {}


def _node(name: str, change: Change) -> str:
    return f'  {name}["{_label(change.kind)}<br/>{_label(change.name)}"]:::{change.op}'


def _label(text: str) -> str:
    """Text that can neither end its label nor be Markdown, HTML or a fence."""
    return re.sub(r"[^\w .:/@+-]", "?", text)[:60]
