"""How a pull request says that a destructive change is meant."""

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


def _tokens(lines: Iterable[str]) -> frozenset[str]:
    found = (re.fullmatch(rf"\s*(?:[-*]\s+)?`?{PREFIX}\s*([^\s`]+)`?\s*", line) for line in lines)
    return frozenset(match[1] for match in found if match)
