"""Runs the shell steps of a job as a runner does: one bash per step, its variables, its conditions; no actions."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cli import paths

FOLDER = paths.CHECKOUT / ".github/workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def workflow(name: str) -> dict[Any, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text())


@dataclass
class Job:
    """A job on a runner of its own: the files that steps write for the runner, and what each step did."""

    name: str
    checkout: Path
    home: Path
    """An empty folder: the runner's files."""
    expressions: dict[str, str]
    """What `${{ … }}` stands for; one that is missing here fails the test."""
    variables: dict[str, str] = field(default_factory=dict)
    did: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)

    def run(self, of: str) -> "Job":
        """Run the steps of the job in a workflow; one without `if` only while none has failed."""
        self.home.mkdir(parents=True, exist_ok=True)
        for step in workflow(of)["jobs"][self.name]["steps"]:
            if "run" not in step:
                continue
            condition = step.get("if")
            if condition == "${{ !cancelled() }}":
                wanted = True
            else:
                # As an expression that the test gives a value, where there is one.
                wanted = not self.failed() and (not condition or _EXPRESSION.sub(self._value, condition) == "true")
            if wanted:
                self.did[step["name"]] = self._step(step)
        return self

    def failed(self) -> bool:
        return any(done.returncode for done in self.did.values())

    def read(self, file: str) -> str:
        return (self.home / file).read_text()

    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.read("GITHUB_OUTPUT").splitlines())

    def log(self) -> str:
        return "\n".join(f"== {name}: {done.returncode}\n{done.stdout}{done.stderr}" for name, done in self.did.items())

    def _step(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        files = {name: self.home / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        script = self.home / "step.sh"
        script.write_text(step["run"])
        foreign = ("PULUMI_", "KUBECONFIG", "MAKE", "MFLAGS", "GITHUB_", "ALLOW", "KUBEAUTH")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        env |= {name: str(file) for name, file in files.items()} | {"RUNNER_TEMP": str(self.home), "CI": "true"}
        env |= self.variables
        env |= dict(line.split("=", 1) for line in self.read("GITHUB_ENV").splitlines())
        env |= {name: _EXPRESSION.sub(self._value, str(value)) for name, value in step.get("env", {}).items()}
        # As GitHub starts it where a step names no shell.
        command = ["bash", "-e", str(script)]
        return subprocess.run(command, cwd=self.checkout, env=env, capture_output=True, text=True, check=False)

    def _value(self, match: re.Match[str]) -> str:
        return self.expressions[match[1]]
