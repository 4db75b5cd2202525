"""`make scan ONLY=S1,S4`: one line per check, results in docs/reference/security.md; fails when one misses its goal."""

import argparse
import subprocess
import sys

from cli import console, paths
from cli.stack import Stack
from lab import toolchain
from lab.node import Node

from . import Check, Result, registry, report
from .live import Live


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="lab.scan", description=__doc__)
    parser.add_argument("--stack", default="dev", help="the stack that runs on the local node; dev only")
    parser.add_argument("--only", default="", help="ids, with commas between them (default: all)")
    parser.add_argument("--node", default=paths.default_node(), help="the local node's name (default: this checkout's)")
    return parser.parse_args()


def one(check: Check, live: Live) -> Result:
    """Run one check and print its line."""
    try:
        result = check.run(live)
    except (console.Problem, subprocess.SubprocessError) as problem:
        result = Result("stopped", met=False, failures=[str(problem)])
    verdict = "pass" if result.met else "short"
    line = f"{check.id}  {verdict:5}  {check.title}: {result.figure} (goal: {check.goal})"
    console.console.print(line, markup=False, style="" if result.met else "red")
    for failure in result.failures:
        console.console.print(f"     {failure}", markup=False)
    return result


def main() -> None:
    """Run the scan."""
    given = arguments()
    checks = registry()
    chosen = [name for name in given.only.split(",") if name] or list(checks)
    if unknown := set(chosen) - set(checks):
        raise console.Problem(f"there is no check {', '.join(sorted(unknown))}", f"use some of: {', '.join(checks)}")
    if given.stack != "dev":
        raise console.Problem(
            "attacks are tried on a local node only, and that is where the stack dev lives",
            "make scan STACK=dev; it renders and checks the manifests of all stacks",
        )
    up = [sys.executable, "-m", "lab", "up", "--stack", given.stack, "--node", given.node]
    with console.step("make up", 60):
        done = subprocess.run(up, cwd=paths.CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise console.Problem(f"make up failed:\n{(done.stdout + done.stderr)[-2000:]}")
    node = Node(given.node)
    tools = toolchain.ensure("engine", "node")
    live = Live(Stack(given.stack, tools, node.kubeconfig), node, tools)
    results = {name: one(checks[name], live) for name in chosen}
    report.record(checks, results)
    console.console.print(f"Wrote {report.PAGE.relative_to(paths.CHECKOUT)}.", markup=False)
    sys.exit(not all(result.met for result in results.values()))


if __name__ == "__main__":
    console.run(main)
