"""Canaries: passwords that are easy to find again, in whatever form a program may have written them."""

import base64
import secrets
from dataclasses import dataclass
from urllib.parse import quote


def _base64(value: bytes) -> list[bytes]:
    """The letters that stand in any Base64 text with this value in it, wherever in the text it begins."""
    forms = []
    for before in range(3):
        text = base64.b64encode(b"\0" * before + value)
        # The first and the last letters depend on what stands beside the value.
        forms.append(text[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6])
    return forms


@dataclass(frozen=True)
class Canary:
    """One password."""

    name: str
    value: str

    @classmethod
    def make(cls, name: str) -> "Canary":
        """A new one; its characters are such that its four forms differ."""
        return cls(name, f"{name}/{secrets.token_hex(12)}+={secrets.token_hex(4)}:")

    def forms(self) -> dict[str, list[bytes]]:
        """What to search for, by the form's name."""
        raw = self.value.encode()
        return {
            "raw": [raw],
            "base64": _base64(raw),
            "url": [quote(self.value, safe="").encode()],
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


def search(places: dict[str, list[bytes]], canaries: list[Canary]) -> list[Hit]:
    """Every form of every canary in every place; each combination counts once."""
    return sorted(
        Hit(place, canary.name, form)
        for place, contents in places.items()
        for canary in canaries
        for form, wanted in canary.forms().items()
        if any(item in content for content in contents for item in wanted)
    )
