"""The shell scripts of the pods, kept as files of their own so that shellcheck and editors read them."""

from importlib import resources


def text(*names: str) -> str:
    """Return scripts as one text.

    Args:
        names: The files' names without `.sh`, in their order.
    """
    folder = resources.files(__package__ or "") / "scripts"
    return "".join((folder / f"{name}.sh").read_text(encoding="utf-8") for name in names)
