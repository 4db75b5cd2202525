"""The stacks of a project, by the names of their files: `Pulumi.prod.eu.yaml` is the stack `prod.eu`."""

import re
from pathlib import Path

_FILE = re.compile(r"Pulumi\.([A-Za-z0-9_.-]+)\.ya?ml")


def name_of(file: str) -> str:
    """The stack that a file configures; empty for a file that is none's, such as Pulumi.yaml."""
    match = _FILE.fullmatch(file)
    return match[1] if match else ""


def names(folder: Path) -> list[str]:
    """The stacks that have a file in a folder, sorted."""
    return sorted(filter(None, (name_of(path.name) for path in folder.glob("Pulumi.*"))))
