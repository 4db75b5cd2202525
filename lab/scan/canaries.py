"""Canaries: passwords that are easy to find again, in whatever form a program may have written them."""

import base64
import gzip
import re
import secrets
import zlib
from dataclasses import dataclass
from urllib.parse import quote


def _base64(value: bytes) -> list[bytes]:
    """The letters that stand in any Base64 text with this value in it, wherever in the text it begins."""
    forms = []
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + value)
            # The first and the last letters depend on what stands beside the value.
            forms.append(text[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6])
    return forms


def _url(value: str) -> list[bytes]:
    """The value in a URL's path, query and user part: programs differ in what they escape, and in the digits' case."""
    forms = {quote(value, safe=safe) for safe in ("", "/", "+=", "+=:")}
    return sorted({form.encode() for upper in forms for form in (upper, re.sub("%..", _lower, upper))})


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


@dataclass(frozen=True)
class Canary:
    """One password."""

    name: str
    value: str

    @classmethod
    def make(cls, name: str) -> "Canary":
        """A new one; its characters are such that its four forms differ."""
        return cls(name, f"{name}/{secrets.token_hex(12)}+={secrets.token_hex(4)}:")

    def written(self) -> str:
        """All four forms as whole words, to be found again."""
        raw = self.value.encode()
        return f"{self.value} {base64.b64encode(raw).decode()} {quote(self.value, safe='')} {raw.hex()}"

    def forms(self) -> dict[str, list[bytes]]:
        """What to search for, by the form's name."""
        raw = self.value.encode()
        return {
            "raw": [raw],
            "base64": _base64(raw),
            "url": [form for form in _url(self.value) if form != raw],
            "hex": [raw.hex().encode(), raw.hex().upper().encode()],
        }


@dataclass(frozen=True, order=True)
class Hit:
    """A canary where it should not be."""

    place: str
    canary: str
    form: str

    def __str__(self) -> str:
        """As one line."""
        return f"{self.canary} ({self.form}) in {self.place}"


def readable(content: bytes) -> bytes:
    """What a file says, unpacked where gzip packed it."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content


def search(places: dict[str, list[bytes]], canaries: list[Canary]) -> list[Hit]:
    """Every form of every canary in every place; each combination counts once."""
    return sorted(
        Hit(place, canary.name, form)
        for place, contents in places.items()
        for canary in canaries
        for form, wanted in canary.forms().items()
        if any(item in content for content in contents for item in wanted)
    )
