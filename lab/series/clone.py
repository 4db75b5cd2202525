"""A scratch clone of the project, and what its comment on a commit says."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.console import Problem
from lab import toolchain
from tests import copies, environment
from tests.series_cases import Case


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
        self.run(sys.executable, "-m", "lab", "up", "--stack", "dev", "--node", self._node)

    def say(self, case: Case, keep: Path | None, *options: str) -> Said:
        """Let the clone's own tools comment the commit of a case; keep the comment in a folder if one is given."""
        out = keep.resolve() if keep else self.root / ".kubeauth/out"
        command = [sys.executable, "-m", "lab", "comment", "--stack", case.stack, "--out", str(out)]
        self.run(*command, "--node", self._node, *options, statuses=(0, 1, 3), ALLOW_TEXT=case.allow)
        return Said.of(json.loads((out / f"{case.stack}.json").read_text(encoding="utf-8")))
