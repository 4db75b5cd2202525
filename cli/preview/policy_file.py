"""The settings of the policy pack: where they ask for less than the base's."""

import json
from collections.abc import Iterator
from typing import Any

from .. import paths
from ..console import Problem
from . import git

#: What a level is worth; the engine's word for the strictest is first.
_LEVELS = ("mandatory", "remediate", "advisory", "disabled")


def weaker(commit: str, file: str) -> list[tuple[str, str, str]]:
    """Where the working tree's settings ask for less than a commit's: the key, the old value and the new one.

    Args:
        commit: The base.
        file: The settings, `policy/config.<stack>.json`.

    Raises:
        Problem: One of them cannot be read.
    """
    before, tree = git.show(commit, file), paths.CHECKOUT / file
    if not before:
        return []
    if not tree.exists():
        return [("the file", "there", "removed")]
    old, new = _read(before, file), _read(tree.read_text(encoding="utf-8"), file)
    return list(_weaker(old, new))


def _weaker(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in sorted(old.keys() | new.keys()):
        was, now = (_level(side, key) for side in (old, new))
        if was in _LEVELS and now in _LEVELS and _LEVELS.index(now) > _LEVELS.index(was):
            yield key, was, now
        before, after = (_parts(side.get(key)) for side in (old, new))
        for part in after.keys() - {"enforcementLevel"}:
            if more := [it for it in _listed(after[part]) if it not in _listed(before.get(part))]:
                yield f"{key}.{part}", "none", ", ".join(map(str, more))


def _level(settings: dict[str, Any], key: str) -> str:
    given = settings.get(key)
    given = given.get("enforcementLevel") if isinstance(given, dict) else given
    return str(given or settings.get("all") or "advisory")


def _parts(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(text: str, file: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise Problem(f"{file} is no JSON: {error}", "correct the line it names") from None
    if not isinstance(content, dict):
        raise Problem(f"{file}: {content!r}: must have keys", "see policy/config.default.json")
    return content
