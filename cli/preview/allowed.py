"""How a pull request says that a destructive change is meant."""

import os
import re
from collections.abc import Iterable

PREFIX = "allow-destructive:"


def read(text: str) -> frozenset[str]:
    """The tokens that a pull request names, one line each: `allow-destructive: <stack>/<resource>`.

    Args:
        text: The pull request's description, and its labels as lines. HTML comments, as in templates, do not count.
    """
    visible = re.sub(r"<!--.*?(-->|\Z)", "", text, flags=re.DOTALL)
    return _tokens(visible.splitlines())


def given(option: str = "") -> frozenset[str]:
    """What a command may let through: its option's tokens, those of ALLOW, and what a pull request says in ALLOW_TEXT.

    From the environment, never through make or a shell: whoever opens a pull request writes that text.
    """
    words = f"{option} {os.environ.get('ALLOW', '')}".replace(",", " ").split()
    return frozenset(words) | read(os.environ.get("ALLOW_TEXT", ""))


def _tokens(lines: Iterable[str]) -> frozenset[str]:
    found = (re.fullmatch(rf"\s*(?:[-*]\s+)?`?{PREFIX}\s*([^\s`]+)`?\s*", line) for line in lines)
    return frozenset(match[1] for match in found if match)
