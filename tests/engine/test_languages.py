"""The components as a package: what other languages get through the real CLI."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tools import interface, toolchain

pytestmark = pytest.mark.engine

PASSWORDS = {"mysqlPassword": 'it\'s "one"', "mysqlRootPassword": "an\\other"}


def rendered(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*.yaml")}


def test_the_cli_prints_the_recorded_schema(stack, checkout):
    # As for a team that uses it for the first time: Pulumi installs the package's own packages.
    (checkout / "components/venv").unlink()
    done = stack("dev").run("pulumi", "package", "get-schema", "./components")
    assert done.returncode == 0, done.stderr
    schema = json.loads(done.stdout)
    assert (schema.pop("version"), schema.pop("config")) == ("0.1.0", {})
    assert schema == json.loads(interface.SCHEMA.read_text())


def test_the_same_system_in_yaml_renders_the_same_manifests(stack, checkout, tmp_path):
    dev = stack("dev")
    with dev.offline(tmp_path / "python") as variables:
        for key, value in PASSWORDS.items():
            dev.run("pulumi", "config", "set", "--secret", key, text=value, **variables)
        done = dev.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", **variables)
        assert done.returncode == 0, done.stdout

    project = checkout / "examples/yaml"
    tools = toolchain.ensure("engine", "languages").environment()
    env = {**os.environ, **dev.exports(), **tools, "PULUMI_BACKEND_URL": f"file://{tmp_path}"}
    del env["PULUMI_OPTION_CONFIG_FILE"], env["PULUMI_STACK"]

    def pulumi(*arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            ["pulumi", *arguments], cwd=project, env=env, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    pulumi("stack", "init", "dev")
    for key, value in PASSWORDS.items():
        pulumi("config", "set", "--secret", key, stdin=value)
    pulumi("config", "set", "kubernetes:renderYamlToDirectory", str(tmp_path / "yaml"))
    pulumi("up", "--yes", "--skip-preview", "--non-interactive")
    assert rendered(tmp_path / "yaml") == rendered(tmp_path / "python")
