"""The stacks that a change touches."""

import json
import subprocess
from collections.abc import Iterable

from .. import console, paths
from . import offline

#: Files that make up every stack's program, and what previews and checks it. A name that ends with / is a folder.
PROGRAM = (
    "__main__.py",
    "Pulumi.yaml",
    "components/",
    "requirements.txt",
    "requirements-tools.txt",
    "policy/",
    "cli/",
    "lab/toolchain/",
    ".github/workflows/preview.yml",
)


def touched(stacks: Iterable[str], files: Iterable[str]) -> list[str]:
    """Of these stacks, those that changed files concern.

    Args:
        stacks: The names of all stacks, of both sides.
        files: The paths of what changed, with / and relative to the checkout.
    """
    stacks, files = sorted(stacks), set(files)
    own = {f"Pulumi.{stack}.yaml": stack for stack in stacks}
    own |= {f"policy/config.{stack}.json": stack for stack in stacks}
    common = (name for name in files if name not in own)
    if any(name in PROGRAM or name.startswith(tuple(part for part in PROGRAM if part[-1] == "/")) for name in common):
        return stacks
    return sorted({own[name] for name in files & own.keys()})


def changed(base: str) -> list[str]:
    """The files that differ between where HEAD left `base` and HEAD, both names of a renamed one."""
    command = ["git", "diff", "-z", "--name-only", "--no-renames", offline.merge_base(base), "HEAD"]
    done = subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name]


def among(text: str, found: list[str]) -> list[str]:
    """Of these stacks, those that a JSON list names; an empty text names none."""
    try:
        stacks = json.loads(text or "[]")
    except ValueError:
        stacks = None
    if not isinstance(stacks, list):
        raise console.Problem(f"not a JSON list of stacks: {text}", 'write it like ["staging", "prod"]')
    return [stack for stack in found if stack in stacks]
