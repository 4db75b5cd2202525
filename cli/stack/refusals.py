"""Stacks that are refused before anything is asked: not there, or with values that no command here would see."""

from pathlib import Path

from .. import paths, stacks
from ..console import Problem
from . import config


def require(stack: str) -> None:
    """Refuse a stack that this checkout does not have, or whose values it cannot know.

    Raises:
        Problem: Names those that it has, or says where the values are.
    """
    refuse_another_folder()
    refuse_environments(config.tracked(stack))
    if not config.tracked(stack).exists():
        refuse_strays()
        there = ", ".join(stacks.names(paths.CHECKOUT))
        if not there:
            # Perhaps there is no project either.
            config.project_name()
        fix = f"use one of: {there}" if there else f"touch Pulumi.{stack}.yaml, and write the stack's values into it"
        raise Problem(f"there is no stack {stack}: Pulumi.{stack}.yaml is missing", fix)


def refuse_another_folder() -> None:
    """Refuse a project whose stacks' files are not beside Pulumi.yaml, where all commands look for them.

    Raises:
        Problem: Names the folder.
    """
    project = config.read(config.project_file())
    old = project.get("config")
    folder = project.get("stackConfigDir") or (old if isinstance(old, str) else "")
    if folder:
        raise Problem(
            f"Pulumi.yaml keeps the stacks' files in {folder}; they are looked for beside Pulumi.yaml only",
            f"git mv {folder}/Pulumi.*.yaml . and remove stackConfigDir (or config) from Pulumi.yaml",
        )


def refuse_strays() -> None:
    """Refuse files that look like a stack's and are none's: Pulumi does not read them, and no gate judges them.

    Raises:
        Problem: Names them and what a stack may be called.
    """
    if found := stacks.strays(paths.CHECKOUT):
        raise Problem(
            f"{', '.join(found)} configures no stack: Pulumi reads Pulumi.<stack>.yaml, whose name has letters, digits,"
            " _ . and -, at most 100 of them, and begins with a letter, a digit or _",
            "rename or remove it",
        )


def refuse_environments(file: Path) -> None:
    """Refuse a stack that takes values from Pulumi ESC: they may name another cluster, namespace or password.

    Args:
        file: The stack's configuration.

    Raises:
        Problem: Names the environments.
    """
    imported = config.read(file).get("environment")
    if imported:
        given = [str(name) for name in imported] if isinstance(imported, list) else ["its own"]
        raise Problem(
            f"{file.name} takes values from Pulumi ESC ({', '.join(given)}), which are not read here: nobody can tell"
            " which cluster and which objects are meant. Nothing was changed.",
            f"write the values into {file.name}, or work on this stack with plain pulumi",
        )


def refuse_two_homes(stack: str) -> None:
    """Refuse a stack whose secrets are in git's file and in this checkout: nobody can tell which ones it was made with.

    Raises:
        Problem: Names both files and the way out of each.
    """
    if config.has_own_secrets(stack) and config.local(stack).exists():
        file, here = config.tracked(stack).name, config.local(stack).relative_to(paths.CHECKOUT)
        raise Problem(
            f"{file} says that it keeps the secrets of stack {stack}, but {here} has them already. Plain"
            " `pulumi stack init` and `pulumi config set --secret` write that into it outside the shell of `make env`."
            " Nothing was changed.",
            f"to go on as before: git checkout {file}\n"
            f"       to keep secrets in {file} from now on: make backup, make destroy STACK={stack}, then rm {here}",
        )
