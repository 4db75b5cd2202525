"""`make faults ONLY=F1,F3 COUNT=5`: run the fault bench; one line per fault, the results in docs/reliability.json."""

import argparse
import os
import sys
import time
from random import Random

from tools import console, paths

from . import Fault, Result, bench, registry, report


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="tools.faults", description=__doc__)
    parser.add_argument("--only", default="", help="ids, with commas between them (default: all)")
    parser.add_argument("--count", type=int, default=0, help="how often each (default: as the specification says)")
    parser.add_argument("--seed", type=int, default=20261124, help="for everything random (default: %(default)s)")
    parser.add_argument("--node", default=f"faults-{os.getpid()}", help="the local node's name (default: a new one)")
    return parser.parse_args()


def one(fault: Fault, system: bench.Bench, count: int, seed: int) -> dict[str, object]:
    """Run one fault and print its line."""
    begun = time.monotonic()
    try:
        result = fault.run(system, count, Random(f"{seed} {fault.id}"))  # noqa: S311 - to be repeated, not to be secret
    except (RuntimeError, console.Problem) as error:
        result = Result(1, 0, "stopped", [str(error)])
    line = f"{fault.id:4} {result.survived}/{result.count}  {fault.title}: {result.figure}"
    console.console.print(line, markup=False, style="" if result.survived == result.count else "red")
    for failure in result.failures:
        console.console.print(f"     {failure}", markup=False)
    return {
        "id": fault.id,
        "title": fault.title,
        "goal": fault.goal,
        "wanted": fault.count,
        "count": result.count,
        "survived": result.survived,
        "figure": result.figure,
        "failures": result.failures,
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
    short = False
    with bench.system(given.node) as system:
        for name in chosen:
            fault = faults[name]
            outcome = one(fault, system, given.count or fault.count, given.seed)
            report.record(outcome)
            short = short or outcome["survived"] != outcome["count"]
    console.console.print(f"Wrote {report.PAGE.relative_to(paths.CHECKOUT)}.", markup=False)
    sys.exit(short)


console.run(main)
