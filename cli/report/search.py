"""Which secrets a page is searched for before it is written, and what happens when one is found."""

import base64
import binascii
import html
import json
from collections.abc import Iterator
from typing import Any

from .. import leaks
from ..console import Problem
from ..preview import live
from ..stack import Stack

#: Shorter lines of a secret of several lines, and what stands around it, say nothing.
_LONG_LINE = 24
_MARK = "4dabf18193072939515e22adb298388d"


def secrets(stack: Stack) -> list[str]:
    """The secrets to look for: of the configuration and of the state, but for what the state itself shows elsewhere.

    Raises:
        Problem: They cannot be read, so nobody can tell whether one is in a text.
    """
    given = live.plain(stack)
    if given is None:
        raise Problem(
            f"the secrets of stack {stack.name} cannot be read, and no report is written unsearched",
            "set PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase they were made with; or, without a file: "
            f"make status STACK={stack.name}",
        )
    exported = stack.ask("pulumi", "stack", "export", "--show-secrets", purpose="read the state's secrets")
    return searched(given, (json.loads(exported).get("deployment") or {}).get("resources") or [])


def searched(given: list[str], resources: list[dict[str, Any]]) -> list[str]:
    """What to look for: these secrets and those of a state, in whole, by their lines, and as JSON has them.

    What the state also has in the open, or in a name, is no secret of its own: a user's name that a Secret holds.
    """
    hidden, shown = set[str](), set[str]()
    for item in resources:
        for text, secret in _texts([item.get("inputs"), item.get("outputs"), item.get("id")]):
            (hidden if secret else shown).add(text)
    lines = {line for text in hidden | set(given) for line in text.splitlines() if len(line) >= _LONG_LINE}
    in_the_open = "\n".join(shown)
    found = {text for text in hidden | lines if len(text) >= live.SHORTEST and text not in in_the_open}
    return sorted({form for text in found.union(given) for form in (text, json.dumps(text)[1:-1])})


def _texts(value: Any, *, secret: bool = False) -> Iterator[tuple[str, bool]]:
    """Every text in a value of the state's, and whether it is secret; a Secret's content as it is and decoded."""
    if isinstance(value, dict):
        if _MARK in value:
            yield from _texts(json.loads(value.get("plaintext") or "null"), secret=True)
            return
        for entry in value.values():
            yield from _texts(entry, secret=secret)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry, secret=secret)
    elif isinstance(value, str) and value:
        yield value, secret
        if secret:
            try:
                yield base64.b64decode(value, validate=True).decode(), True
            except (binascii.Error, UnicodeDecodeError):
                return


def refuse(text: str, secrets: list[str]) -> None:
    """Refuse a page with a secret in it.

    Raises:
        Problem: Names the place and the form, and not the value.
    """
    # As a reader sees it, and as it is written: & stands for itself in one of them only.
    for seen in (html.unescape(text), text):
        if hit := leaks.find(seen.encode(), secrets):
            form, place = hit
            before = seen.encode()[:place].decode(errors="replace")
            section = (
                before.rpartition('<section id="')[2].partition('"')[0] if "<section id=" in before else "the head"
            )
            line = before.count("\n") + 1
            raise Problem(
                f"the report would show a secret ({form}): section {section}, line {line}. It was not written.",
                "take the secret out of where it was written in the open (a log, a name, a variable) and change it; "
                "until then: make status",
            )
