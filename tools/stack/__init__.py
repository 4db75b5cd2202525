"""A Pulumi stack of this checkout, and the commands that people run on it."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tools import paths
from tools.console import Problem, console
from tools.toolchain import Toolchain

from . import config, policy
from .state import StateFiles


class Stack:
    """One stack: its configuration, its environment, and the `pulumi` that works on it."""

    def __init__(self, name: str, tools: Toolchain, kubeconfig: Path | None) -> None:
        """Prepare to work on a stack.

        Args:
            name: The stack's name; `Pulumi.<name>.yaml` must exist.
            tools: The programs to use.
            kubeconfig: The cluster to work on; None where no cluster is needed.
        """
        if not config.tracked(name).exists():
            stacks = ", ".join(sorted(path.name.split(".")[1] for path in paths.CHECKOUT.glob("Pulumi.*.yaml")))
            raise Problem(f"there is no stack {name}: Pulumi.{name}.yaml is missing", f"use one of: {stacks}")
        self.name = name
        self.kubeconfig = kubeconfig
        self.own_secrets = config.has_own_secrets(name)
        self.config_file = config.tracked(name) if self.own_secrets else config.local(name)
        self._tools = tools

    @property
    def backend(self) -> str:
        """Where the state is kept, as Pulumi names it."""
        return os.environ.get("PULUMI_BACKEND_URL") or f"file://{paths.LOCAL / 'state'}"

    @property
    def files(self) -> StateFiles | None:
        """The state's files; None where another kind of backend keeps it."""
        project = config.read(config.project_file())["name"]
        return StateFiles(self.backend, project, self.name) if self.backend.startswith("file://") else None

    def identity(self) -> dict[str, str]:
        """The variables that all processes of this stack's runs have, and no others."""
        return {"PULUMI_STACK": self.name, "PULUMI_BACKEND_URL": self.backend}

    def exports(self) -> dict[str, str]:
        """The variables with which plain `pulumi` and `kubectl` work on this stack."""
        variables = {
            **self._tools.environment(),
            "PULUMI_STACK": self.name,
            "PULUMI_OPTION_CONFIG_FILE": str(self.config_file),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        if "PULUMI_BACKEND_URL" not in os.environ:
            variables["PULUMI_BACKEND_URL"] = self.backend
        if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(os.environ) and not self.own_secrets:
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(config.passphrase_file())
        if self.kubeconfig:
            variables["KUBECONFIG"] = str(self.kubeconfig)
        return variables

    def run(
        self, *command: str, cwd: Path | None = None, text: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this stack and return its output."""
        env = {**os.environ, **self.exports(), **variables}
        return subprocess.run(
            command, cwd=cwd or paths.CHECKOUT, env=env, input=text, capture_output=True, text=True, check=False
        )

    def call(self, *command: str, **variables: str) -> None:
        """Run a command on this stack with its output shown; its failure ends the program with its exit status."""
        env = {**os.environ, **self.exports(), **variables}
        status = subprocess.run(command, cwd=paths.CHECKOUT, env=env, check=False).returncode
        if status:
            console.print(f"error: {' '.join(command[:2])} failed; the lines above say why", style="red", markup=False)
            sys.exit(status)

    def prepare(self) -> None:
        """Make the stack ready for `pulumi up`: state, configuration and, where git has none, passwords."""
        (paths.LOCAL / "state").mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.own_secrets:
            self._checked("pulumi", "stack", "select", "--create", self.name)
            return
        config.ensure_passphrase()
        config.merge(self.name)
        # `pulumi stack init` writes next to Pulumi.yaml; in a folder of its own, git's file stays as it is.
        shutil.copyfile(config.project_file(), paths.LOCAL / "Pulumi.yaml")
        self._checked("pulumi", "stack", "select", "--create", self.name, cwd=paths.LOCAL)
        for key, declaration in config.missing(self.name, self.config_file).items():
            if declaration.get("secret"):
                password = secrets.token_urlsafe(24)
                self._checked("pulumi", "config", "set", "--secret", key, cwd=paths.LOCAL, text=password)

    def check(self) -> None:
        """Refuse, before anything starts, what Pulumi would refuse with fewer words."""
        missing = config.missing(self.name, self.config_file)
        if missing:
            commands = "\n       ".join(
                f"pulumi config set {'--secret ' if declaration.get('secret') else ''}{key} <value>"
                for key, declaration in missing.items()
            )
            raise Problem(f"stack {self.name} has no value for: {', '.join(missing)}", commands)
        done = self.run("pulumi", "config", "--show-secrets", "--json")
        if done.returncode:
            raise Problem(
                f"the secrets of stack {self.name} cannot be read: {_last_line(done.stderr)}",
                "set PULUMI_CONFIG_PASSPHRASE_FILE (or PULUMI_CONFIG_PASSPHRASE) to the passphrase they were made with;"
                f" by default that is {config.passphrase_file()}",
            )

    @contextmanager
    def offline(self, out: Path) -> Iterator[dict[str, str]]:
        """A copy of this stack that has no cluster: what `up` would create there becomes manifests in a folder.

        Args:
            out: The folder for the manifests.

        Yields:
            The variables with which `run` works on the copy; it is gone afterwards.
        """
        with tempfile.TemporaryDirectory() as temporary:
            scratch = Path(temporary, f"Pulumi.{self.name}.yaml")
            content = config.read(self.config_file)
            content["config"]["kubernetes:renderYamlToDirectory"] = str(out.resolve())
            config.write_private(scratch, yaml.safe_dump(content, sort_keys=False))
            shutil.copyfile(config.project_file(), scratch.with_name("Pulumi.yaml"))
            variables = {"PULUMI_BACKEND_URL": f"file://{temporary}", "PULUMI_OPTION_CONFIG_FILE": str(scratch)}
            self._checked("pulumi", "stack", "init", self.name, cwd=scratch.parent, **variables)
            yield variables

    def render(self, out: Path) -> None:
        """Write the stack's manifests to a folder, without a cluster and without touching the stack's state.

        Raises:
            Problem: The stack is refused, for example by the policy pack; nothing was written.
        """
        options = ["--yes", "--skip-preview", "--suppress-progress", *policy.options(self.name)]
        with tempfile.TemporaryDirectory() as temporary:
            with self.offline(Path(temporary)) as variables:
                self._checked("pulumi", "up", *options, **variables)
            shutil.copytree(temporary, out, dirs_exist_ok=True)

    def check_policies(self) -> None:
        """Show what the policy pack says about this stack, built from nothing and without a cluster."""
        with tempfile.TemporaryDirectory() as unused, self.offline(Path(unused)) as variables:
            self.call("pulumi", "preview", "--suppress-progress", *policy.options(self.name), **variables)

    def _checked(self, *command: str, **options: object) -> None:
        done = self.run(*command, **options)  # pyright: ignore[reportArgumentType] - passed through as it is
        if done.returncode:
            raise Problem(f"{' '.join(command[:3])} failed:\n{(done.stdout + done.stderr).strip()}")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line), "no message")
