"""`make bench ONLY=sides,preview SIZES=1,10 COUNT=7`: measure, print each ratio next to its goal, write the page."""

import argparse

from cli import console, paths
from lab.node import owned

from . import goals, page, record
from .parts import Given
from .registry import PARTS
from .system import system


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--sizes", default="1,10,30,100", help="numbers of databases (default: %(default)s)")
    parser.add_argument(
        "--count", type=int, default=7, help="rounds, fewer from 30 databases on (default: %(default)s)"
    )
    parser.add_argument("--node", default="", help="the local node's name (default: a new one)")
    parser.add_argument("--no-record", action="store_true", help="print only; leave docs/ as it is")
    return parser.parse_args()


def main() -> None:
    """Run the parts one after the other on one node."""
    given = arguments()
    chosen = [name for name in given.only.split(",") if name] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise console.Problem(f"there is no part {', '.join(sorted(unknown))}", f"use some of: {', '.join(PARTS)}")
    sizes = [int(size) for size in given.sizes.split(",")]
    known = record.load()
    with system(given.node or owned.name("bench")) as here:
        for name in chosen:
            part = PARTS[name]
            asked = Given(sizes, given.count)
            with console.step(f"{name}: {part.title}", part.estimate(asked)):
                results = part.run(here, asked)
            known = {**known, name: {"results": results}} if given.no_record else record.add(name, results)
            for line in part.summary(results):
                console.console.print(f"   {line}", markup=False)
    for goal in goals.goals(known):
        console.console.print(
            str(goal), markup=False, style="red" if goal.value is not None and not goal.reached else ""
        )
    if given.no_record:
        return
    page.write(record.load())
    console.console.print(f"Wrote {page.PAGE.relative_to(paths.CHECKOUT)} and its picture.", markup=False)


console.run(main)
