"""Files of a commit of the project, which may lie below the root of its repository."""

import os
import subprocess
from pathlib import Path

from .. import paths, programs
from ..console import Problem

#: How long git may take, in seconds.
_SECONDS = 180
#: What to type next, by what git said; where it says something else, the commit is not here.
_NEXT = (
    ("not a git repository", lambda: "work in a clone; or git init, git add -A and git commit first"),
    ("dubious ownership", lambda: f"git config --global --add safe.directory {paths.CHECKOUT}"),
    ("object name HEAD", lambda: "git add -A and git commit first"),
    ("argument 'HEAD'", lambda: "git add -A and git commit first"),
)


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


def merge_base(base: str) -> str:
    """The commit where the working tree's branch left `base`.

    Raises:
        Problem: There is none.
    """
    done = _done("merge-base", base, "HEAD")
    if done.returncode:
        words = done.stderr.strip() or "it has no commit in common with HEAD"
        raise Problem(f"git does not know where to compare with {base}: {words}", _next(words))
    return done.stdout.strip()


def names(*command: str) -> list[str]:
    """The names that a command of git lists with `-z`.

    Raises:
        Problem: It failed.
    """
    return [name for name in _run(*command).split("\0") if name]


def archive(commit: str, file: Path) -> None:
    """Write a commit's files to an archive.

    Raises:
        Problem: The commit cannot be read.
    """
    _run("archive", "--output", str(file), commit)


def _run(*command: str) -> str:
    done = _done(*command)
    if done.returncode:
        raise Problem(f"git {command[0]} failed: {done.stderr.strip()}", _next(done.stderr))
    return done.stdout


def _done(*command: str) -> subprocess.CompletedProcess[str]:
    # In English, for `_NEXT`.
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    return programs.run(["git", *command], seconds=_SECONDS, env=env, cwd=paths.CHECKOUT, check=False)


def _next(said: str) -> str:
    return next((fix() for words, fix in _NEXT if words in said), "git fetch --unshallow, or another BASE=")
