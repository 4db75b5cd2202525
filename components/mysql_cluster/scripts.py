"""The shell scripts of a cluster's pods; what all of the package's scripts share comes first."""

from importlib import resources

from ..mysql import scripts


def text(*names: str) -> str:
    """Return scripts as one text, after the package's common functions.

    Args:
        names: The files' names without `.sh`, in their order.
    """
    return scripts.text("functions") + own(*names)


def own(*names: str) -> str:
    """Return scripts as one text, for where the common functions are already; the cluster's own, or any server's."""
    folder = resources.files(__package__ or "") / "scripts"
    found = {name: folder / f"{name}.sh" for name in names}
    return "".join(
        file.read_text(encoding="utf-8") if file.is_file() else scripts.text(name) for name, file in found.items()
    )
