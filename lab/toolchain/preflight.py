"""What will happen before `make up` can begin: one table, and a look at the disk."""

import shutil
from collections.abc import Mapping

from rich.table import Table

from cli.console import Problem, console, duration

from .pins import BUILT, Program

#: What a build leaves in its scratch folder for each second that it takes, in bytes: 17 GB in 1,255 s, measured on
#: 2026-11-26 (docs/reference/toolchain.md). The folder is removed at the end.
SCRATCH_PER_SECOND = 14_000_000


def show(wanted: list[Program], there: Mapping[str, str], missing: list[Program], workers: int) -> None:
    """Print what was found and what has to be built.

    Args:
        wanted: All programs that are needed.
        there: Those that the machine has, each with its version.
        missing: Those to be built.
        workers: How many are built at once.
    """
    table = Table(box=None, pad_edge=False)
    for column in ("program", "", "time", "disk"):
        table.add_column(column, justify="left" if column in ("program", "") else "right")
    for program in wanted:
        if program in missing:
            table.add_row(program.name, "to be built", duration(program.seconds), f"{program.megabytes} MB")
        else:
            table.add_row(program.name, f"found, {there[program.name]}" if program.name in there else "built before")
    total, megabytes = estimate(missing, workers), sum(program.megabytes for program in missing)
    table.add_row("in all", f"{len(missing)} to build", duration(total), f"{megabytes} MB")
    console.print(table)


def estimate(missing: list[Program], workers: int) -> float:
    """How long the builds take together, in seconds: the longest one, or an equal share of all."""
    seconds = [program.seconds for program in missing]
    return max(max(seconds), sum(seconds) / workers)


def check_disk(missing: list[Program]) -> None:
    """Refuse to begin builds that cannot end.

    Raises:
        Problem: There is too little space, with both figures.
    """
    needed = sum(program.megabytes * 10**6 + program.seconds * SCRATCH_PER_SECOND for program in missing)
    free = shutil.disk_usage(BUILT).free
    if free < needed:
        raise Problem(
            f"building needs {needed / 1e9:.1f} GB for a while in {BUILT}, which has {free / 1e9:.1f} GB left",
            "make room, set XDG_CACHE_HOME to a folder with more, or install programs (docs/reference/toolchain.md)",
        )
