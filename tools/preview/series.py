"""`python -m tools.preview.series`: play commits in a scratch clone, show what was expected beside what was said.

Without a cluster by default. `--live` deploys the clone's dev stack on a local node of its own and asks there, too.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import console, copies, environment, toolchain
from tools.cluster import Node
from tools.console import Problem

from .series_cases import CASES, Case

BEGIN, END = "<!-- series: begin -->", "<!-- series: end -->"


@dataclass(frozen=True)
class Said:
    """What one comment and the gate said, as far as a case expects something of it."""

    verdict: str
    findings: frozenset[str]
    restarts: frozenset[str]
    host: str | None

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Said":
        """What a report in JSON says."""
        changed = [host["after"] for host in data["database_hosts"] if host["before"] != host["after"]]
        return cls(
            data["verdict"],
            frozenset(f"{found['rule']} {found['resource'].split()[-1]}" for found in data["findings"]),
            frozenset(name.split()[-1] for name in data["restarts"]),
            changed[0] if changed else None,
        )

    def __str__(self) -> str:
        """Return it in a few words."""
        parts = [self.verdict]
        parts += sorted(self.findings)
        parts += [f"restarts {name}" for name in sorted(self.restarts)]
        parts += [f"DB_HOST → {self.host or 'none'}"] if self.host is not None else []
        return "<br>".join(parts)


class Clone:
    """A scratch clone of the project whose dev stack keeps encrypted secrets in git, as teams do."""

    def __init__(self, folder: Path, node: str, begins: str = "series") -> None:
        """Make the clone and its first commit.

        Args:
            folder: Where to make it.
            node: The local node that `up` uses.
            begins: What the passwords begin with.
        """
        self.root = folder / "kubeauth"
        self._node = node
        tools = toolchain.ensure("engine")
        self._env = {
            **environment.passing(os.environ),
            **tools.environment(),
            "PULUMI_CONFIG_PASSPHRASE": "series",
            "PULUMI_BACKEND_URL": f"file://{self.root}/.kubeauth/state",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        copies.make(self.root)
        (self.root / ".kubeauth/state").mkdir(parents=True)
        self.run("git", "init", "-q", "--initial-branch", "main")
        self.run("pulumi", "stack", "init", "dev")
        for key in ("mysqlPassword", "mysqlRootPassword"):
            self.run("pulumi", "config", "set", "--secret", key, f"{begins} {key}", "--stack", "dev")
        self.commit("base")

    def run(self, *command: str, statuses: tuple[int, ...] = (0,), **env: str) -> str:
        """Run a command in the clone and return what it printed."""
        done = subprocess.run(
            command, cwd=self.root, env={**self._env, **env}, capture_output=True, text=True, check=False
        )
        if done.returncode not in statuses:
            raise Problem(f"{' '.join(command[:4])} failed in the clone:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "-A")
        who = ("-c", "user.name=series", "-c", "user.email=series@example.com")
        self.run("git", *who, "commit", "-q", "--allow-empty", "-m", message)

    def prepare(self, case: Case) -> None:
        """Check out the commit that a case starts from."""
        self.run("git", "checkout", "-q", "-B", "case", "main")
        self.edit(case.first)
        self.commit("before")

    def edit(self, edits: tuple) -> None:
        """Apply edits in the clone's environment."""
        old = dict(os.environ)
        os.environ.update(self._env)
        try:
            for edit in edits:
                edit(self.root)
        finally:
            os.environ.clear()
            os.environ.update(old)

    def up(self) -> None:
        """Deploy the clone's dev stack on the series' node."""
        self.run(sys.executable, "-m", "tools.stack", "up", "--stack", "dev", "--node", self._node)

    def say(self, case: Case, keep: Path | None, *options: str) -> Said:
        """Let the clone's own tools comment the commit of a case; keep the comment in a folder if one is given."""
        out = keep.resolve() if keep else self.root / ".kubeauth/out"
        command = [sys.executable, "-m", "tools.preview", "comment", "--stack", case.stack, "--out", str(out)]
        self.run(*command, "--node", self._node, *options, statuses=(0, 1, 3), ALLOW_TEXT=case.allow)
        return Said.of(json.loads((out / f"{case.stack}.json").read_text(encoding="utf-8")))


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
    with_access = clone.say(case, folder, "--live") if live and not case.live_impossible else None
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
    parser = argparse.ArgumentParser(prog="tools.preview.series", description=__doc__)
    parser.add_argument("--live", action="store_true", help="ask a real cluster, too: a local node of the series' own")
    parser.add_argument("--only", default="", help="play only cases whose name has this in it")
    parser.add_argument("--out", type=Path, help="keep the comments in this folder")
    parser.add_argument("--write", type=Path, help="put the table into this document, between its marks")
    given = parser.parse_args()
    node = f"series-{os.getpid()}"
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
