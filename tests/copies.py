"""Copies of this checkout, for whatever tries the project: tests, faults, scans, the bench."""

import shlex
import shutil
import subprocess
from pathlib import Path

from cli import paths


def files() -> list[str]:
    """What a commit of this checkout would hold: the files that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (paths.CHECKOUT / name).is_file()]


def make(target: Path, *, packages: bool = True, commit: bool = False) -> Path:
    """Copy the checkout's files, and return the copy's folder.

    Args:
        target: The folder to make.
        packages: Whether the copy uses this checkout's Python packages; else it has none.
        commit: Whether the copy becomes a git repository with one commit.
    """
    for name in files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        # With its time, so that make does not install the Python packages again.
        shutil.copy2(paths.CHECKOUT / name, target / name)
    if packages:
        (target / ".venv").symlink_to(paths.CHECKOUT / ".venv")
    if commit:
        who = ["-c", "user.name=copy", "-c", "user.email=copy@example.com"]
        for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "copy"]):
            subprocess.run(["git", *command], cwd=target, check=True)
    return target


def exported(printed: str) -> dict[str, str]:
    """The variables in what `make env` printed."""
    words = [shlex.split(line) for line in printed.splitlines() if line.startswith("export ")]
    pairs = [assignment.partition("=") for _, assignment in words]
    return {name: value for name, _, value in pairs}
