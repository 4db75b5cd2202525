"""Canaries: passwords that are easy to find again, in whatever form a program may have written them."""

import base64
import gzip
import secrets
import zlib
from dataclasses import dataclass
from urllib.parse import quote

from cli import leaks


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
        return leaks.forms(self.value)


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
