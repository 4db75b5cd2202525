"""Files of a commit of the project, which may lie below the root of its repository."""

import subprocess

from .. import paths
from ..console import Problem


def show(commit: str, file: str) -> str:
    """A file's text; empty where the commit has no such file.

    Raises:
        Problem: The commit cannot be read.
    """
    return _run("show", f"{commit}:./{file}") if _run("ls-tree", "--name-only", commit, "--", file).strip() else ""


def head() -> str:
    """The commit that is checked out.

    Raises:
        Problem: There is none.
    """
    return _run("rev-parse", "HEAD").strip()


def changes(commit: str) -> str:
    """What the working tree has otherwise than a commit, below the project, as a diff without context.

    Raises:
        Problem: The commit cannot be read.
    """
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/")
    return _run("diff", *options, commit, "--", ".")


def _run(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=paths.CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"git {command[0]} failed: {done.stderr.strip()}", "git fetch --unshallow, or another BASE=")
    return done.stdout
