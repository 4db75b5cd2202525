"""From nothing: `make up` on a machine that has the programs, a second one, the node alone; and what building took."""

import re
import shutil
from pathlib import Path
from typing import Any

from cli import paths
from cli.console import duration
from lab.node import Node
from lab.toolchain.pins import pinned

from .parts import Given, Part
from .system import System

#: Not part of a checkout, or linked to instead.
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".kubeauth", "__pycache__", "node_modules", ".*_cache")


def run(system: System, given: Given) -> dict[str, Any]:
    """Time the project's own commands in a copy of the checkout, on a second node."""
    checkout = system.folder / "checkout"
    shutil.copytree(paths.CHECKOUT, checkout, ignore=_LEFT_OUT, symlinks=True)
    (checkout / ".venv").symlink_to(paths.CHECKOUT / ".venv")
    name = f"{system.node.name if system.node else 'bench'}-up"
    # As a user types it: without the bench's own stack and cluster, and with the user's cache.
    unset = [f"--unset={key}" for key in system.env if re.match("PULUMI_|KUBECONFIG|PYTHONPATH", key)]

    def make(target: str) -> float:
        home = {"HOME": str(Path.home())}
        return system.run("env", *unset, "make", target, f"NODE={name}", cwd=checkout, env=home).seconds

    try:
        results = {"warm up": make("up"), "second up": make("up")}
        make("node-stop")
        results["node start"] = make("node-start")
    finally:
        Node(name).reset()
        shutil.rmtree(checkout)
    return {**results, "builds": builds()}


def builds() -> dict[str, dict[str, float]]:
    """Seconds that each program's build took on this machine, by part."""
    found: dict[str, dict[str, float]] = {}
    for program in pinned():
        if program.record.exists():
            found.setdefault(program.part, {})[program.name] = float(program.record.read_text())
    return found


def summary(results: dict[str, Any]) -> list[str]:
    """One line per command, then the builds."""
    lines = [f"make up, programs built: {results['warm up']:.1f} s"]
    lines += [f"make up again: {results['second up']:.1f} s", f"make node-start: {results['node start']:.1f} s"]
    for part, seconds in results["builds"].items():
        lines.append(f"build {part}: {duration(sum(seconds.values()))} in {len(seconds)} programs")
    return lines


PART = Part("from nothing", run, summary, lambda given: 75)
