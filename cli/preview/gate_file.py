"""A project's own word on the gate: `kubeauth-gate.yaml` beside Pulumi.yaml.

A pull request is judged by the file of its base, so that it cannot switch off what would stop it.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from .. import paths
from ..console import Problem
from . import git
from .rules import RULES, Settings
from .rules.base import LEVELS, OFF

FILE = "kubeauth-gate.yaml"
#: Keys that are lists of patterns: of what, and an example.
_LISTS = {
    "data": ("a type", "MinioTenant, 'example:storage/*'"),
    "strangers": ("a label's or an annotation's name", "'cloud.google.com/neg-status', '*.cattle.io/*'"),
}


def of_commit(commit: str) -> Settings:
    """What the file of a commit says; nothing where the commit has none.

    Raises:
        Problem: The commit cannot be read, or the file is wrong.
    """
    return read(git.show(commit, FILE), f"{FILE} of {commit[:10]}")


def of_tree() -> Settings:
    """What the working tree's file says: a mistake in it is found where it is made.

    Raises:
        Problem: The file is wrong.
    """
    file = paths.CHECKOUT / FILE
    return read(file.read_text(encoding="utf-8"), FILE) if file.exists() else Settings()


def read(text: str, name: str) -> Settings:
    """The settings in a file's text.

    Args:
        text: YAML: `data` and `strangers`, lists of patterns, and `rules`, a level for each rule that shall not stop.
        name: What the file is called in messages.

    Raises:
        Problem: Each mistake with its key, value and rule, and what to write.
    """
    try:
        content = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError) as error:
        raise Problem(f"{name} is no YAML: {' '.join(str(error).split())}", "correct the line it names") from None
    if wrong := list(_wrong(content)):
        raise Problem(
            f"{name} is wrong:\n  " + "\n  ".join(wrong), "correct it; docs/guides/previews.md has an example"
        )
    return Settings(
        tuple(content.get("data") or ()),
        {rule: level or OFF for rule, level in (content.get("rules") or {}).items()},
        tuple(content.get("strangers") or ()),
    )


def weaker(before: Settings, after: Settings) -> Iterator[tuple[str, str, str]]:
    """Where settings let more pass than before: the key, the old value and the new one."""
    for rule in RULES:
        old, new = before.level(rule), after.level(rule)
        if LEVELS.index(new) > LEVELS.index(old):
            yield f"rules.{rule}", old, new
    if lost := [pattern for pattern in before.data if pattern not in after.data]:
        yield "data", ", ".join(lost), "none"


def _wrong(content: Any) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"the file: {content!r}: must have keys, e.g. rules: {{selector: tell}}"
        return
    for key in (key for key in content if key not in (*_LISTS, "rules")):
        yield f"{key}: not a key; use {', '.join(_LISTS)} or rules"
    levels = content.get("rules")
    for key, (what, example) in _LISTS.items():
        given = content.get(key)
        if given is not None and not isinstance(given, list):
            yield f"{key}: {given!r}: must be a list, e.g. [{example}]"
        for pattern in given if isinstance(given, list) else []:
            if not isinstance(pattern, str) or not pattern.strip("*?: "):
                yield f"{key}: {pattern!r}: must be a pattern of {what}, e.g. {example}"
    if levels is not None and not isinstance(levels, dict):
        yield f"rules: {levels!r}: must be a level for each rule, e.g. {{selector: tell}}"
    for rule, level in levels.items() if isinstance(levels, dict) else []:
        if rule not in RULES:
            yield f"rules.{rule}: not a rule; use one of {', '.join(RULES)}"
        # YAML reads a bare `off` as false.
        elif level not in LEVELS and level is not False:
            yield f"rules.{rule}: {level!r}: must be {', '.join(LEVELS)}; e.g. tell"
