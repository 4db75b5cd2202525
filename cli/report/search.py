"""Which secrets a page is searched for before it is written, and what happens when one is found."""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from typing import Any

from .. import leaks
from ..console import Problem
from ..preview import live
from ..preview.model import SIGN
from ..stack import Stack

#: Shorter lines of a secret of several lines, and what stands around it, say nothing.
_LONG_LINE = 24
#: Keys of a Secret whose values others may know.
_PUBLIC = re.compile(
    r"(.*[._-])?(user(name)?|database|schema|host(name)?|port|endpoint|region|bucket|namespace|provider|type|crt)",
    re.IGNORECASE,
)


def secrets(stack: Stack) -> list[str]:
    """The secrets to look for: of the configuration and of the state.

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

    Not what a Secret holds beside its secrets, by the key: users, hosts, certificates; nor the objects' own names.
    That a value stands in the open elsewhere does not count: it may be there by mistake.
    """
    names = {part for item in resources for part in str(item.get("id") or "").split("/")}
    hidden = {
        text
        for item in resources
        for key, text in _hidden([item.get("inputs"), item.get("outputs")])
        if not _PUBLIC.fullmatch(key) and text not in names
    }
    lines = {line for text in hidden | set(given) for line in text.splitlines() if len(line) >= _LONG_LINE}
    found = {text for text in hidden | lines if len(text) >= live.SHORTEST}
    return sorted({form for text in found.union(given) for form in (text, json.dumps(text)[1:-1])})


def _hidden(value: Any, key: str = "", *, secret: bool = False) -> Iterator[tuple[str, str]]:
    """The keys and texts of a value of the state's that are secret; a Secret's content as it is and decoded."""
    if isinstance(value, dict):
        if SIGN in value:
            yield from _hidden(json.loads(value.get("plaintext") or "null"), key, secret=True)
            return
        for name, entry in value.items():
            yield from _hidden(entry, name, secret=secret)
    elif isinstance(value, list):
        for entry in value:
            yield from _hidden(entry, key, secret=secret)
    elif isinstance(value, str) and value and secret:
        yield key, value
        try:
            yield key, base64.b64decode(value, validate=True).decode()
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
