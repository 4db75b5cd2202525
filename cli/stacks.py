"""The stacks of a project, by the names of their files: `Pulumi.prod.eu.yaml` is the stack `prod.eu`."""

import re
from pathlib import Path

#: What a stack may be called: as Pulumi has it, but the first character is no dot and no hyphen, which begin a hidden
#: file and an option.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
#: What looks like a stack's file. Pulumi reads those with the ending of the project's own, Pulumi.yaml, in its letters.
_LIKE_ONE = re.compile(r"Pulumi\..+\.(ya?ml|json)", re.IGNORECASE)


def name_of(file: str) -> str:
    """The stack that a file configures; empty for a file that is none's, such as Pulumi.yaml."""
    name = file.removeprefix("Pulumi.").removesuffix(".yaml")
    return name if file == f"Pulumi.{name}.yaml" and NAME.fullmatch(name) else ""


def names(folder: Path) -> list[str]:
    """The stacks that have a file in a folder, sorted."""
    return sorted(filter(None, (name_of(path.name) for path in folder.glob("Pulumi.*"))))


def strays(folder: Path) -> list[str]:
    """The files in a folder that look like a stack's and are none's, sorted."""
    found = (path.name for path in folder.iterdir())
    return sorted(name for name in found if _LIKE_ONE.fullmatch(name) and not name_of(name))
