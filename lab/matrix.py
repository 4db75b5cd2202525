"""`python -m lab.matrix`: run the tests with other versions of Pulumi, Kubernetes and Python, and write the table.

A version that was tried stays in the table until it is tried again; so a run that was cut off goes on with ONLY.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cli import console, paths
from cli.console import Problem, duration, step
from lab.scan.report import table
from lab.toolchain.pins import HERE, VERSIONS, pinned

PAGE = paths.CHECKOUT / "docs" / "reference" / "matrix.md"
RESULTS = PAGE.with_suffix(".json")
HEAD = """\
# Versions that were tried

`make matrix` runs the tests with each of these versions and writes this page; `make matrix ONLY=python` runs some, and
the others keep their last result. The pinned versions are those that `make test` uses; nothing outside the table is
claimed to work.

"""
#: What is run for each kind of version; the cluster tier's short form is the system and its data, the engine tier's is
#: what Pulumi itself does: previews, policies, events, rendering, upgrades. The rest builds packages and examples.
TESTS = {
    "pulumi": [
        f"tests/engine/test_{name}.py" for name in ("preview", "preview_comment", "policy", "runs", "render", "upgrade")
    ],
    "kubernetes": ["tests/cluster/test_system.py", "tests/cluster/test_data.py"],
    "python": ["tests/unit"],
}
#: As the Makefile runs them: two at a time, a file as a whole to one of them.
SIDE_BY_SIDE = ["--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder"]
#: How long one cell of the table may take, in seconds.
SECONDS = 3600


@dataclass(frozen=True)
class Cell:
    """One version of one program."""

    kind: str
    version: str
    python: str = sys.executable

    @property
    def name(self) -> str:
        """How ONLY names it."""
        return f"{self.kind}-{self.version}"


def cells() -> list[Cell]:
    """Every version to try: the pinned ones, those with a folder of their own, and each Python of this machine."""
    found = []
    for kind in ("pulumi", "kubernetes"):
        variables = next(program.set for program in pinned() if program.module == kind)
        versions = [next(value for value in variables.values() if "." in value).removeprefix("v")]
        versions += [folder.name.partition("@")[2] for folder in (HERE / "modules").glob(f"{kind}@*")]
        found += [Cell(kind, version) for version in sorted(versions, key=_numbers)]
    return found + [Cell("python", version, path) for version, path in pythons().items()]


@cache
def pythons() -> dict[str, str]:
    """The Pythons of this machine that the project takes, each minor version once: on PATH, or kept by pyenv."""
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    there: dict[str, str] = {}
    for version in (f"3.{minor}" for minor in range(11, 20)):
        candidates = [*map(str, kept.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")]
        if found := next((path for path in candidates if path and fits([path])), ""):
            there[version] = found
    return there


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def fits(command: list[str]) -> bool:
    """Whether a command runs a Python that is new enough and can make virtual environments.

    A shim of pyenv may stand for a Python that is not installed.
    """
    check = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([*command, "-c", check], capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def interpreter(cell: Cell) -> Iterator[Path]:
    """A Python with the project's packages: this checkout's, or a new environment of another version."""
    if cell.kind != "python":
        yield Path(sys.executable)
        return
    with tempfile.TemporaryDirectory(prefix="kubeauth-matrix-") as folder:
        with step(f"install the packages for Python {cell.version}", 90):
            subprocess.run([cell.python, "-m", "venv", folder], check=True)
            own = Path(folder, "bin/python")
            install = [
                own,
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--require-hashes",
                "--no-deps",
            ]
            subprocess.run([*install, "-r", "requirements/dev.txt"], cwd=paths.CHECKOUT, check=True, timeout=SECONDS)
        yield own


def run(cell: Cell) -> dict[str, Any]:
    """Run a cell's tests and return its row."""
    env = {**os.environ}
    if cell.kind != "python":
        env[VERSIONS] = f"{cell.kind}={cell.version}" if (HERE / f"modules/{cell.kind}@{cell.version}").exists() else ""
    begun = time.monotonic()
    with interpreter(cell) as python:
        command = [
            python,
            "-m",
            "pytest",
            "-q",
            "--tb=native",
            "-p",
            "no:cacheprovider",
            *SIDE_BY_SIDE,
            *TESTS[cell.kind],
        ]
        with step(f"{cell.kind} {cell.version}: {' '.join(TESTS[cell.kind])}", 600):
            done = subprocess.run(
                command, cwd=paths.CHECKOUT, env=env, capture_output=True, text=True, check=False, timeout=SECONDS
            )
    last = re.findall(r"^(?:=+ )?(\d+ (?:passed|failed).*?) in ", done.stdout, re.MULTILINE)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return {
        "program": cell.kind,
        "version": cell.version,
        "tests": " ".join(TESTS[cell.kind]),
        "result": last[-1] if last else f"exit {done.returncode}: {(done.stdout + done.stderr).strip()[-200:]}",
        "failed": failed,
        "ok": done.returncode == 0,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "date": time.strftime("%Y-%m-%d"),
    }


def record(row: dict[str, Any]) -> None:
    """Put a row into the table, in the place of an older one of the same version."""
    known: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    known[f"{row['program']}-{row['version']}"] = row
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page(known), encoding="utf-8")


def page(rows: dict[str, dict[str, Any]]) -> str:
    """The page for these rows."""
    current = {cell.name for cell in cells()}
    lines = [["program", "version", "tests", "result", "date"]]
    for name, row in sorted(rows.items(), key=lambda item: (item[1]["program"], _numbers(item[1]["version"]))):
        gone = "" if name in current else " (not tried on this machine)"
        what = row["result"] + "".join(f"; red: `{test}`" for test in row["failed"])
        lines.append([row["program"], row["version"] + gone, f"`{row['tests']}`", what, row["date"]])
    return HEAD + table(lines)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="lab.matrix", description=__doc__)
    parser.add_argument("--only", default="", help="names or beginnings of names, with commas: pulumi,python-3.12")
    parser.add_argument("--list", action="store_true", help="only list the names")
    given = parser.parse_args()
    wanted = [cell for cell in cells() if cell.name.startswith(tuple(filter(None, given.only.split(","))) or "")]
    if given.list or not wanted:
        print("\n".join(cell.name for cell in cells()))
        if not wanted:
            raise Problem(f"nothing is called {given.only}", "make matrix ONLY=<one of the names above>")
        return
    begun, wrong = time.monotonic(), []
    for cell in wanted:
        row = run(cell)
        record(row)
        print(f"{cell.name}: {row['result']}", flush=True)
        if not row["ok"]:
            wrong.append(cell.name)
    console.console.print(f"{len(wanted)} versions in {duration(time.monotonic() - begun)}, see {PAGE}", markup=False)
    if wrong:
        raise Problem(f"red with {', '.join(wrong)}", f"the failed tests are in {PAGE}")


if __name__ == "__main__":
    console.run(main)
