"""Projects that use the components, outside the checkout, as other teams have them."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab import toolchain
from lab.bench.objects import RANDOM
from tests import copies
from tests.conftest import ROOT

IMAGES = {"mysqlImage": "mysql:9.7", "authImage": "registry.example.com/authenticate:1.0.0"}
PASSWORDS = {"mysqlPassword": 'it\'s "one"', "mysqlRootPassword": "an\\other"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
EXAMPLES = {"go": "main.go", "python": "__main__.py", "typescript": "index.ts", "yaml": "Pulumi.yaml"}
"""The examples, and the file of each that names the inputs."""


def copy_of_the_project(target: Path) -> Path:
    """What git would check out, in which this checkout's Python packages serve the project and the components."""
    copies.make(target)
    # Pulumi runs `python -m venv` on it, which refuses a link.
    virtual_environment(target / "components/venv")
    return target


def virtual_environment(folder: Path) -> Path:
    """Make a virtual environment that finds this checkout's Python packages after its own; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = (folder / "lib").glob("python3*/site-packages")
    (of_this_checkout,) = (ROOT / ".venv/lib").glob("python3*/site-packages")
    (site / "dependencies.pth").write_text(f"{of_this_checkout}\n")
    return folder / "bin/python"


def environment(home: Path) -> dict[str, str]:
    """The variables of a user with Pulumi, its languages, and a file as the state; nothing of this process's stack."""
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        **toolchain.ensure("engine", "languages").environment(),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Types are checked once, by tsc.
        "PULUMI_NODEJS_TRANSPILE_ONLY": "true",
    }


def need(program: str, why: str) -> None:
    """Skip where a program is missing that a developer may lack; CI must have it."""
    if not shutil.which(program):
        message = f"{program} is not on PATH, so {why} cannot be tested: install it, then run make test-engine again"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@dataclass
class Consumer:
    """One Pulumi project and its stack `dev`."""

    folder: Path
    env: dict[str, str]
    manifests: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=lambda: IMAGES)

    def run(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def checked(self, *command: str, stdin: str | None = None) -> str:
        done = self.run(*command, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-6000:]}"
        return done.stdout

    def start(self, **more: str) -> None:
        """Make the stack, with its images, its passwords and what else is given."""
        self.checked("pulumi", "stack", "init", "dev")
        plain = [f"--plaintext={key}={value}" for key, value in {**self.images, **more}.items()]
        secret = [f"--secret={key}={value}" for key, value in PASSWORDS.items()]
        self.checked("pulumi", "config", "set-all", *plain, *secret)

    def render(self, out: Path) -> "Consumer":
        """Preview, then write what it would create as manifests to a folder."""
        self.start(**{"kubernetes:renderYamlToDirectory": str(out)})
        assert re.search(r"\+ \d+ to create", self.checked("pulumi", "preview", "--non-interactive"))
        self.checked("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
        self.manifests = {_comparable(path.name): _comparable(path.read_text()) for path in out.rglob("*.yaml")}
        return self


def _comparable(text: str) -> str:
    """A manifest without what differs in each project and each run: the stack's mark, and what is random."""
    text = re.sub("kubeauth/stack: .*", "kubeauth/stack: mark", text)
    text = re.sub("backup-password: .*", "backup-password: random", text)
    return RANDOM.sub(r"\1-random", text)
