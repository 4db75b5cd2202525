"""`make faults ONLY=F1,F3 COUNT=5`: run the fault bench; a line per fault, results in docs/reference/reliability.*."""

import argparse
import subprocess
import sys
import time
from random import Random

from cli import console, paths
from lab.node import owned

from . import Fault, Result, bench, registry, report

STOPPED = "stopped"


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="lab.faults", description=__doc__)
    parser.add_argument("--only", default="", help="ids, with commas between them (default: all)")
    parser.add_argument("--count", type=int, default=0, help="how often each (default: as the specification says)")
    parser.add_argument("--seed", type=int, default=20261124, help="for everything random (default: %(default)s)")
    parser.add_argument("--node", default="", help="the local node's name (default: a new one)")
    return parser.parse_args()


def one(fault: Fault, system: bench.Bench, count: int, seed: int) -> dict[str, object]:
    """Run one fault and print its line."""
    begun = time.monotonic()
    try:
        result = fault.run(system, count, Random(f"{seed} {fault.id}"))  # noqa: S311 - to be repeated, not to be secret
    except (RuntimeError, console.Problem, subprocess.TimeoutExpired) as error:
        result = Result()
        result.add(STOPPED, [str(error)])
        result.figure = STOPPED
    # What a figure says of all is true of those that survived.
    if result.failures and result.survived:
        result.figure = f"apart from what went wrong (below): {result.figure}"
    line = f"{fault.id:4} {result.survived}/{result.count}  {fault.title}: {result.figure}"
    console.console.print(line, markup=False, style="" if result.well else "red")
    return {
        "id": fault.id,
        "title": fault.title,
        "goal": fault.goal,
        "wanted": fault.count,
        "count": result.count,
        "survived": result.survived,
        "figure": result.figure,
        "failures": result.failures,
        "late": result.late,
        "told": result.told,
        "seconds": round(time.monotonic() - begun),
        "seed": seed,
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> None:
    """Run the bench."""
    given = arguments()
    faults = registry()
    chosen = [name for name in given.only.split(",") if name] or list(faults)
    if unknown := set(chosen) - set(faults):
        raise console.Problem(f"there is no fault {', '.join(sorted(unknown))}", f"use some of: {', '.join(faults)}")
    node = given.node or owned.name("faults")
    short, waiting = False, [faults[name] for name in chosen]
    while waiting:
        with bench.system(node) as system:
            while waiting:
                fault = waiting.pop(0)
                outcome = one(fault, system, given.count or fault.count, given.seed)
                report.record(outcome)
                broken = outcome["survived"] != outcome["count"]
                short = short or broken or bool(outcome["late"])
                if fault.spends or broken:
                    # What it left may be broken; the next ones get a new system.
                    break
    console.console.print(f"Wrote {report.PAGE.relative_to(paths.CHECKOUT)}.", markup=False)
    sys.exit(short)


console.run(main)
