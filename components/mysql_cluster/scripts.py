"""The shell scripts of a cluster's pods; what all of the package's scripts share comes first."""

from importlib import resources

from ..mysql import scripts


def text(*names: str) -> str:
    """Return scripts as one text.

    Args:
        names: The files' names without `.sh`, in their order.
    """
    folder = resources.files(__package__ or "") / "scripts"
    own = "".join((folder / f"{name}.sh").read_text(encoding="utf-8") for name in names)
    return scripts.text("functions") + own
