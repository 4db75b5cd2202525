"""The comment of a pull request, of an unchanged stack and of a change, beside plain `pulumi preview`; no cluster."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from cli import paths
from lab.series.clone import Clone
from tests.series_cases import setting

from . import stats
from .parts import Given, Part
from .system import System

WAYS = ("preview", "unchanged", "change")
_TITLES = {
    "preview": "`pulumi preview` alone, without policies and gate",
    "unchanged": "`kubeauth comment`, nothing changed",
    "change": "`kubeauth comment`, a larger volume",
}
_SECTION = """
## The comment of a pull request

Stack dev of this project, without a cluster; the ways take their turns in one run. Beside the seconds stands the
ratio to plain `pulumi preview` of the same stack, cold or warm. Cold: nothing of Python is compiled yet, as on a new
CI runner.

"""


def run(system: System, given: Given) -> dict[str, Any]:
    """Take the times of every way, cold and warm, in turn."""
    clone = Clone(system.folder, "none", begins="bench")
    clone.run("git", "checkout", "-q", "-b", "change")
    clone.edit((setting("mysqlStorageSize", "20Gi"),))
    clone.commit("A larger volume")
    commands = _commands(system.folder, clone)
    results: dict[str, Any] = {when: {way: [] for way in WAYS} for when in ("cold", "warm")}
    # The first reads all files from the disk.
    for way in WAYS:
        commands[way](None)
    for number in range(given.count):
        for when, taken in results.items():
            for way in WAYS:
                compiled = system.folder / f"compiled-{number}-{way}" if when == "cold" else None
                begun = time.monotonic()
                commands[way](compiled)
                taken[way].append(time.monotonic() - begun)
    return results


def _commands(folder: Path, clone: Clone) -> dict[str, Callable[[Path | None], Any]]:
    python = str(paths.CHECKOUT / ".venv/bin/python")
    plain = folder / "Pulumi.dev.yaml"
    content = yaml.safe_load((clone.root / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    content["config"]["kubernetes:renderYamlToDirectory"] = str(folder / "manifests")
    plain.write_text(yaml.safe_dump(content), encoding="utf-8")
    preview = ("pulumi", "preview", "--stack", "dev", "--config-file", str(plain), "--non-interactive")

    def comment(base: str) -> tuple[str, ...]:
        out = ("--out", str(folder / "out"))
        return (python, "-m", "cli", "comment", "--stack", "dev", "--base", base, *out)

    lines = {"preview": preview, "unchanged": comment("HEAD"), "change": comment("HEAD^1")}

    def taken(way: str) -> Callable[[Path | None], Any]:
        # Empty is as good as not set.
        return lambda compiled: clone.run(*lines[way], PYTHONPYCACHEPREFIX=str(compiled or ""))

    return {way: taken(way) for way in WAYS}


def rows(results: dict[str, Any]) -> list[list[str]]:
    """A row for each way: its times and their ratio to a plain preview's, cold and warm."""
    return [
        [_TITLES[way], *(_beside(results[when], way) for when in results)] for way in WAYS
    ]  # fmt: skip


def _beside(taken: dict[str, list[float]], way: str) -> str:
    return f"{stats.spread(taken[way])}, {stats.ratio(taken[way], taken['preview']):.2f} ×"


def section(results: dict[str, Any]) -> str:
    """The section of the page."""
    table = [["", *results], ["---"] * (1 + len(results)), *rows(results)]
    return _SECTION + "".join(f"| {' | '.join(row)} |\n" for row in table)


def summary(results: dict[str, Any]) -> list[str]:
    """The same as lines."""
    return [": ".join([row[0], "; ".join(row[1:])]) for row in rows(results)]


PART = Part("comments of a pull request", run, summary, lambda given: 40 + 45 * given.count)
