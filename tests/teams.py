"""A project outside this repository, made from a template, with an environment that its pull requests get."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cli.clusters import loading
from tests.engine.consumers import copy_of_the_project, virtual_environment

Run = Callable[..., str]
"""Runs a command in the project's folder and returns what it printed; `ok=False` where it has to fail."""
ENVIRONMENT = (sys.executable, "-m", "cli", "environment")
_SECONDS = 600


def orders(folder: Path, env: Mapping[str, str], word: dict[str, Any]) -> Run:
    """Make a project called orders, whose real stack is prod.eu, with the images of a local node.

    Args:
        folder: An empty folder.
        env: The variables of its commands, but for the state and its passphrase.
        word: Its kubeauth-environment.yaml, but for `from`.
    """
    copy_of_the_project(folder / "kubeauth")
    (folder / "state").mkdir()
    project = folder / "orders"
    project.mkdir()
    own = {"PULUMI_BACKEND_URL": f"file://{folder}/state", "PULUMI_CONFIG_PASSPHRASE": "the environments'"}
    strange = ("PULUMI_STACK", "PULUMI_OPTION_", "PULUMI_CONFIG_PASSPHRASE_FILE", "KUBEAUTH")
    env = {name: value for name, value in env.items() if not name.startswith(strange)} | own

    def run(*command: str, stdin: str = "", ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=project, env=env, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("pulumi", "new", "../kubeauth/template/python", "--offline", "--yes", "--generate-only", "--name", "orders")
    python = str(virtual_environment(project / "venv"))
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "-r", "requirements.txt")
    settings = {"mysqlImage": loading.REFERENCES["mysql"], "authImage": loading.REFERENCES["authenticate"]}
    config = {f"orders:{key}": value for key, value in settings.items()}
    (project / "Pulumi.prod.eu.yaml").write_text(yaml.safe_dump({"config": config}))
    (project / "kubeauth-environment.yaml").write_text(yaml.safe_dump({"from": "prod.eu", **word}))
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-qm", "orders")):
        run("git", *arguments)
    return run
