"""The stacks that a change touches."""

import json
from collections.abc import Iterable

from .. import console
from . import git

#: Folders whose files change no stack; every other file may be part of the program, in whatever language it is.
ASIDE = (".devcontainer/", ".github/", "docs/", "examples/", "lab/", "template/", "tests/")
#: What previews and checks a stack lies in them, too.
NOT_ASIDE = (".github/actions/", ".github/workflows/preview.yml", "lab/toolchain/")


def touched(stacks: Iterable[str], files: Iterable[str]) -> list[str]:
    """Of these stacks, those that changed files concern.

    Args:
        stacks: The names of all stacks, of both sides.
        files: The paths of what changed, with / and relative to the checkout.
    """
    stacks, files = sorted(stacks), set(files)
    own = {f"Pulumi.{stack}.yaml": stack for stack in stacks}
    own |= {f"policy/config.{stack}.json": stack for stack in stacks}
    if any(_is_program(name) for name in files - own.keys()):
        return stacks
    return sorted({own[name] for name in files & own.keys()})


def _is_program(name: str) -> bool:
    return name.startswith(NOT_ASIDE) or not (name.startswith(ASIDE) or name.endswith(".md"))


def changed(base: str) -> list[str]:
    """The project's files that differ between where HEAD left `base` and HEAD, both names of a renamed one."""
    return git.names("diff", "-z", "--name-only", "--relative", "--no-renames", git.merge_base(base), "HEAD")


def among(text: str, found: list[str]) -> list[str]:
    """Of these stacks, those that a JSON list names; an empty text names none."""
    try:
        stacks = json.loads(text or "[]")
    except ValueError:
        stacks = None
    if not isinstance(stacks, list):
        raise console.Problem(f"not a JSON list of stacks: {text}", 'write it like ["staging", "prod"]')
    return [stack for stack in found if stack in stacks]
