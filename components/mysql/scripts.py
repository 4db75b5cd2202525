"""The shell scripts of the pods, kept as files of their own so that shellcheck and editors read them."""

from collections.abc import Iterable, Mapping
from importlib import resources


def text(*names: str) -> str:
    """Return scripts as one text.

    Args:
        names: The files' names without `.sh`, in their order.
    """
    folder = resources.files(__package__ or "") / "scripts"
    return "".join((folder / f"{name}.sh").read_text(encoding="utf-8") for name in names)


def program(values: Mapping[str, object], *names: str, more: str = "") -> str:
    """Return scripts as a program: the common functions, the values, the scripts; its arguments are what it runs.

    Args:
        values: What the scripts' variables are, as a shell writes them; see `words`.
        names: The scripts, as for `text`.
        more: Text after them. Default: none.
    """
    lines = "".join(f"{key}={value}\n" for key, value in values.items())
    return text("functions") + lines + text(*names) + more + '"$@"\n'


def words(several: Iterable[str]) -> str:
    """Return words without blanks and quotation marks as one value of `program`."""
    return f"'{' '.join(several)}'"
