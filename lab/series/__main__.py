"""`python -m lab.series`: play commits in a scratch clone, show what was expected beside what was said.

Without a cluster by default. `--live` deploys the clone's dev stack on a local node of its own and asks there, too.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from cli import console
from cli.console import Problem
from lab.node import Node, owned
from tests.series_cases import CASES, Case

from .clone import Clone, Said

BEGIN, END = "<!-- series: begin -->", "<!-- series: end -->"


def play(clone: Clone, case: Case, live: bool, out: Path | None) -> tuple[Said, Said | None]:
    """Play one case; return what was said without and with access."""
    clone.prepare(case)
    if live and case.first:
        clone.up()
    clone.edit(case.edits)
    clone.commit(case.name)
    folder = out / re.sub("[^a-z]+", "-", case.name.lower()) if out else None
    without = clone.say(case, folder, "--base", "HEAD~1")
    folder = folder and folder / "live"
    with_access = clone.say(case, folder, "--live", "--base", "HEAD~1") if live and not case.live_impossible else None
    if live and case.first:
        clone.run("git", "checkout", "-q", "-B", "case", "main")
        clone.up()
    return without, with_access


def table(rows: list[tuple[Case, Said, Said | None]]) -> tuple[list[str], bool]:
    """The results as a Markdown table, and whether all of them are as expected."""
    live = any(row[2] for row in rows)
    lines = [
        "| commit | expected | comment and gate |" + (" with access |" if live else ""),
        "|---|---|---|" + ("---|" if live else ""),
    ]
    fine = True
    for case, without, with_access in rows:
        expected = Said(case.verdict, case.findings, case.restarts, case.host)
        cells = [case.name, str(expected), "✓" if without == expected else f"✗ {without}"]
        fine &= without == expected
        if live:
            if with_access is None:
                cells.append(f"not asked: {case.live_impossible}")
            elif with_access == without and not case.live_fails:
                cells.append("✓ the same")
            elif with_access.verdict == "failed" and case.live_fails:
                cells.append(f"failed: {case.live_fails}")
            else:
                fine = False
                cells.append(f"✗ {with_access}")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines, fine


def write(file: Path, lines: list[str]) -> None:
    """Put the table between its marks in a document."""
    text = file.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise Problem(f"{file} has no lines {BEGIN} and {END}")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    file.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Play the cases and print the table."""
    parser = argparse.ArgumentParser(prog="lab.series", description=__doc__)
    parser.add_argument("--live", action="store_true", help="ask a real cluster, too: a local node of the series' own")
    parser.add_argument("--only", default="", help="play only cases whose name has this in it")
    parser.add_argument("--out", type=Path, help="keep the comments in this folder")
    parser.add_argument("--write", type=Path, help="put the table into this document, between its marks")
    given = parser.parse_args()
    node = owned.name("series") if given.live else "none"
    cases = [case for case in CASES if given.only in case.name]
    rows = []
    with tempfile.TemporaryDirectory(prefix="kubeauth-series-") as folder:
        try:
            clone = Clone(Path(folder), node)
            if given.live:
                with console.step("deploy the clone's dev stack on a node of its own", 90):
                    clone.up()
            for number, case in enumerate(cases, 1):
                with console.step(f"{number}/{len(cases)}: {case.name}", 10):
                    rows.append((case, *play(clone, case, given.live, given.out)))
        finally:
            if given.live:
                Node(node).reset()
    lines, fine = table(rows)
    print("\n".join(lines))
    if given.write:
        write(given.write, lines)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    console.run(main)
