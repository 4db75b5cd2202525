"""`python -m lab.toolchain`: get the programs, and print the folder to put on PATH."""

import argparse

from cli import console
from lab import toolchain


def main() -> None:
    """Parse the command line and get the programs."""
    parser = argparse.ArgumentParser(prog="lab.toolchain", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["engine", "node"], help="engine, node, languages")
    print(toolchain.ensure(*parser.parse_args().parts).bin)


console.run(main)
