"""Runs the shell steps of an action in a project outside this repository, but for those that install."""

import json
import re
import subprocess
from pathlib import Path

import yaml

from tests.conftest import ROOT

from .consumers import Consumer

_INSTALLING = ("Install", "Packages of the program")
_INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")


def run(
    consumer: Consumer, home: Path, action: str, tool: Path, description: str = "", /, **given: str
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the steps of an action.

    Args:
        consumer: The project; `Packages of the program` are there.
        home: A folder to make: the runner's.
        action: Its name.
        tool: The virtual environment with the command, as `Install` makes it.
        description: The pull request's.
        given: The action's inputs, where they are not its defaults.

    Returns:
        What each step did, by its name.
    """
    home.mkdir()
    (home / "kubeauth").symlink_to(tool)
    (home / "event.json").write_text(json.dumps({"pull_request": {"labels": [], "body": description}}))
    env = {**consumer.env, "RUNNER_TEMP": str(home), "GITHUB_EVENT_PATH": str(home / "event.json")}
    env |= {"GITHUB_STEP_SUMMARY": str(home / "summary.md"), "GITHUB_ENV": str(home / "variables")}
    (home / "variables").touch()
    content = yaml.safe_load((ROOT / f".github/actions/{action}/action.yml").read_text())
    inputs = {key: value.get("default", "") for key, value in content["inputs"].items()} | given
    did: dict[str, subprocess.CompletedProcess[str]] = {}
    for step in content["runs"]["steps"]:
        condition = step.get("if", "")
        only = re.search(r"inputs\.does == '(\w+)'", condition)
        unless = re.search(r"inputs\.does != '(\w+)'", condition)
        if step["name"] in _INSTALLING or (only and only[1] != inputs["does"]):
            continue
        if unless and unless[1] == inputs["does"]:
            continue
        if any(done.returncode for done in did.values()) and "!cancelled()" not in condition:
            continue
        named = {key: inputs[_INPUT.fullmatch(value)[1]] for key, value in step.get("env", {}).items()}  # pyright: ignore[reportOptionalSubscript]
        env |= dict(line.split("=", 1) for line in (home / "variables").read_text().splitlines())
        command = ["bash", "-e", "-c", step["run"]]
        did[step["name"]] = subprocess.run(
            command, cwd=consumer.folder, env=env | named, capture_output=True, text=True, check=False
        )
    return did
