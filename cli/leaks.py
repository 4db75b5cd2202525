"""In which forms programs write a secret down, and whether one of them stands in a text."""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote


def forms(value: str) -> dict[str, list[bytes]]:
    """What to search for, by the form's name: `raw`, `base64`, `url`, `hex`."""
    raw = value.encode()
    return {
        "raw": [raw],
        "base64": _base64(raw),
        "url": [form for form in _url(value) if form != raw],
        "hex": [raw.hex().encode(), raw.hex().upper().encode()],
    }


def find(content: bytes, values: Iterable[str]) -> tuple[str, int] | None:
    """The form and the place of the first secret that stands in a content; None where none does.

    Args:
        content: What is searched.
        values: The secrets.
    """
    found = [
        (place, form)
        for value in values
        for form, wanted in forms(value).items()
        for item in wanted
        if (place := content.find(item)) >= 0
    ]
    return (min(found)[1], min(found)[0]) if found else None


def _base64(value: bytes) -> list[bytes]:
    """The letters that stand in any Base64 text with this value in it, wherever in the text it begins."""
    found = []
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + value)
            # The first and the last letters depend on what stands beside the value.
            found.append(text[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6])
    return found


def _url(value: str) -> list[bytes]:
    """The value in a URL's path, query and user part: programs differ in what they escape, and in the digits' case."""
    found = {quote(value, safe=safe) for safe in ("", "/", "+=", "+=:")}
    return sorted({form.encode() for upper in found for form in (upper, re.sub("%..", _lower, upper))})


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()
