"""The options that mysqld has and what they may be, as variables/<series>.txt says, which lab/variables.py writes.

A line there is an option's name, and where that is known, what it may be:

- `switch`: ON or OFF.
- `whole <least> <most>`: a whole number, perhaps with K, M, G, T, P or E.
- `number <least> <most>`: any number.
- `one <word> …`: a word, or its place among them.
- `some <word> …`: words with commas between them, or none at all.
- `flags <word> …`: such words, each with `=on`, `=off` or `=default`.
- `named <word> …`: a word.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from ..inputs.errors import REMOVE
from .narrower import NARROWER

SERIES = "9.7"
"""The series that is known."""

ON, OFF = ("1", "on", "true"), ("0", "off", "false")
_UNITS = "kmgtpe"


@cache
def known() -> dict[str, list[str]]:
    """Return all options by their names, with hyphens: what each may be, in words; none where that is not known."""
    file = resources.files(__package__ or "") / "variables" / f"{SERIES}.txt"
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {name: kind for name, *kind in lines}


def wrong(name: str, text: str) -> tuple[str, str] | None:
    """Return what an option may be and the nearest value that it may have; None where the value is right.

    Wrong is at which mysqld would end, and what it would take for something else without a word.

    Args:
        name: The option's, with hyphens.
        text: Its value.
    """
    kind, *words = NARROWER.get(name) or known().get(name) or [""]
    return _KINDS[kind](text, words) if kind else None


def kind_of(name: str) -> str:
    """Return the word for what an option may be; empty where that is not known."""
    return (NARROWER.get(name) or known().get(name) or [""])[0]


def bytes_of(text: str) -> int | None:
    """Return a size as mysqld reads it, such as `512M`; None when it is not one."""
    match = re.fullmatch(r"(-?\d+)([kmgtpe]?)", text, re.IGNORECASE | re.ASCII)
    return int(match[1]) * 1024 ** f" {_UNITS}".index(match[2].lower() or " ") if match else None


def _switch(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    del words
    ok = text.lower() in (*ON, *OFF)
    # What is there without a value is on in a file of options.
    return None if ok else ("ON or OFF", "OFF" if text.strip().lower()[:1] in ("n", "f", "0", "d") else "ON")


def _whole(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    least, most = map(int, words)
    found = bytes_of(text)
    if found is not None and least <= found <= most:
        return None
    near = _meant(text)
    rule = f"{least} to {most}" if most < 2**62 else f"{least} or more"
    units = ", perhaps with K, M, G, T, P or E" if most >= 1024 else ""
    near = words[0] if near is None or (bytes_of(near) or 0) < least else near
    return f"a whole number, {rule}{units}", near if (bytes_of(near) or 0) <= most else words[1]


def _meant(text: str) -> str | None:
    """The size that others write so: 512Mi, 512 MB, 1.5G, 1e3."""
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?(?:e\d+)?)\s*([kmgtpe]?)i?b?\s*", text, re.IGNORECASE | re.ASCII)
    if not match:
        return None
    amount, unit = float(match[1]), match[2].upper()
    whole = amount.is_integer()
    return f"{int(amount)}{unit}" if whole else str(int(amount * (bytes_of(f"1{unit}") or 1)))


def _sizes(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    sizes = {bytes_of(word): word for word in words}
    size = bytes_of(text)
    near = min(sizes, key=lambda each: abs((each or 0) - (size or 0)))
    return None if size in sizes else (f"one of: {', '.join(words)}", sizes[near])


def _number(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    least, most = map(float, words)
    match = re.match(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", text, re.IGNORECASE | re.ASCII)
    value = min(max(float(match[0]), least), most) if match else least
    ok = match is not None and match[0] == text and value == float(text)
    return None if ok else (f"a number, {least:.10g} to {most:.10g}", f"{value:.10g}")


def _one(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    placed = re.fullmatch(r"\d+", text, re.ASCII) and int(text) < len(words)
    return None if placed else _word(text, words)


def _zone(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    """A time zone; which names there are the server alone knows."""
    offset = re.fullmatch(r"([+-])(\d\d?):([0-5]\d)", text, re.ASCII)
    minutes = int(f"{offset[1]}1") * (int(offset[2]) * 60 + int(offset[3])) if offset else 0
    named = re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]*", text) is not None
    ok = -14 * 60 < minutes <= 14 * 60 if offset else named
    return None if ok else (f"{words[0]}, -13:59 to +14:00, or a name such as Europe/Berlin", "+00:00")


def _word(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    """A word, or a beginning that no other word has."""
    lower = {word.lower(): word for word in words}
    if text.lower() in lower or (text and sum(word.startswith(text.lower()) for word in lower) == 1):
        return None
    return f"one of: {', '.join(words)}", _nearest(text, words)


def _named(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    if text.lower() in map(str.lower, words):
        return None
    return f"one that MySQL {SERIES} has", _nearest(text, words)


def _some(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    if re.fullmatch(r"\d+", text, re.ASCII):
        return None
    return _each(text, lambda part: _word(part, words), f"some of, with commas between them: {', '.join(words)}")


def _ciphers(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    if text and {*text.split(":")} <= {*words}:
        return None
    return f"some of, with colons between them: {', '.join(words)}", ":".join(words[:3])


def _files(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    one = r"[A-Za-z0-9_.-]+:\d+[KMG]?"
    ok = re.fullmatch(rf"{one}(;{one})*(:autoextend(:max:\d+[KMG]?)?)?", text, re.IGNORECASE | re.ASCII)
    return None if ok else (f"<name>:<size>, perhaps more of them, perhaps with :autoextend, as {words[0]}", words[0])


def _like(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    """What an option may be by the list, and words more or, with a hyphen before them, less."""
    listed, *others = words
    less = {word.removeprefix("-") for word in others if word.startswith("-")}
    more = [word for word in others if not word.startswith("-")]
    return _named(text, [*more, *(word for word in known()[listed][1:] if word not in less)])


def _syntax(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    ok = re.fullmatch(r"[!-/:-@\[-`{-~ ]{14}", text)
    return None if ok else ("14 signs that are no letters and digits", words[0])


def _off(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    del words
    return None if text.lower() in OFF else ("OFF: the server has no keyring with a key", "OFF")


def _bare(text: str, words: Sequence[str]) -> tuple[str, str]:
    del text, words
    return "not given here: mysqld takes it without a value only", REMOVE


def _flags(text: str, words: Sequence[str]) -> tuple[str, str] | None:
    def wrong(part: str) -> tuple[str, str] | None:
        word, _, state = part.lower().partition("=")
        if part.lower() == "default" or (word in words and state in ("on", "off", "default")):
            return None
        return "", f"{_nearest(word, words)}={'off' if state in OFF else 'on'}"

    rule = f"some of these with =on, =off or =default, with commas between them: {', '.join(words)}"
    return _each(text, wrong, rule)


def _each(text: str, wrong: Callable[[str], tuple[str, str] | None], rule: str) -> tuple[str, str] | None:
    told = {part: wrong(part) for part in text.split(",")} if text else {}
    mended = [found[1] if found else part for part, found in told.items() if part.strip()]
    return (rule, ",".join(mended)) if any(told.values()) else None


def _nearest(text: str, words: Sequence[str]) -> str:
    lower = {word.lower(): word for word in words}
    near = difflib.get_close_matches(text.strip().lower(), lower, n=1, cutoff=0.5)
    return lower[near[0]] if near else words[0]


_KINDS: dict[str, Callable[[str, Sequence[str]], tuple[str, str] | None]] = {
    "switch": _switch,
    "whole": _whole,
    "sizes": _sizes,
    "zone": _zone,
    "number": _number,
    "one": _one,
    "some": _some,
    "flags": _flags,
    "ciphers": _ciphers,
    "files": _files,
    "like": _like,
    "syntax": _syntax,
    "off": _off,
    "bare": _bare,
    "named": _named,
}
