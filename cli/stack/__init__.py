"""A Pulumi stack of this checkout, and the commands that people run on it."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from .. import paths, programs
from ..console import Problem, console, duration
from ..toolchain import Toolchain
from . import backends, config, policy, proxies, refusals
from .state import StateFiles

#: How long one question to Pulumi or to the cluster may take, in seconds. Updates have limits of their own.
ANSWER_SECONDS = 180
#: How long a preview, a refresh or a rendering may take, in seconds.
PREVIEW_SECONDS = 900


class Stack:
    """One stack: its configuration, its environment, and the `pulumi` that works on it."""

    def __init__(self, name: str, tools: Toolchain, kubeconfig: Path | None) -> None:
        """Prepare to work on a stack.

        Args:
            name: The stack's name; `Pulumi.<name>.yaml` must exist.
            tools: The programs to use.
            kubeconfig: The cluster to work on; None where no cluster is needed.
        """
        refusals.require(name)
        refusals.refuse_two_homes(name)
        self.name = name
        self.kubeconfig = kubeconfig
        self.own_secrets = config.has_own_secrets(name)
        self.config_file = config.tracked(name) if self.own_secrets else config.local(name)
        self._tools = tools
        self._settings: dict[str, Any] | None = None

    @property
    def backend(self) -> str:
        """Where the state is kept: PULUMI_BACKEND_URL, the project's, a login's, or this checkout's folder."""
        return backends.of(self.name, self._tools.pulumi_home)

    @property
    def files(self) -> StateFiles | None:
        """The state's files; None where another kind of backend keeps it."""
        project = config.project_name()
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
        if not os.environ.get("PULUMI_BACKEND_URL"):
            variables["PULUMI_BACKEND_URL"] = self.backend
        if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(os.environ) and not self.own_secrets:
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(config.passphrase_file())
        if self.kubeconfig:
            variables["KUBECONFIG"] = str(self.kubeconfig)
            variables |= proxies.around(self.kubeconfig)
        return variables

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        text: str | None = None,
        source: Path | None = None,
        seconds: float = ANSWER_SECONDS,
        purpose: str = "",
        check: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on this stack and return its output; `programs.run` has the inputs and errors.

        `variables` are set on top of the stack's own.
        """
        env = {**os.environ, **self.exports(), **(variables or {})}
        place = cwd or paths.CHECKOUT
        given: Any = {"text": text, "source": source}
        return programs.run(command, seconds=seconds, purpose=purpose, env=env, cwd=place, check=check, **given)

    def ask(self, *command: str, purpose: str, **options: Any) -> str:
        """Run a command on this stack that has to succeed, and return what it printed.

        Raises:
            Failed: It ended with an error; see `programs.run` for the kinds.
        """
        return self.run(*command, purpose=purpose, check=True, **options).stdout

    def call(self, *command: str, seconds: float = PREVIEW_SECONDS, variables: Mapping[str, str] | None = None) -> None:
        """Run a command on this stack with its output shown; its failure ends the program with its exit status."""
        env = {**os.environ, **self.exports(), **(variables or {})}
        try:
            status = subprocess.run(command, cwd=paths.CHECKOUT, env=env, check=False, timeout=seconds).returncode
        except subprocess.TimeoutExpired:
            raise Problem(f"waited {duration(seconds)} for {' '.join(command[:2])} and ended it") from None
        if status:
            console.print(f"error: {' '.join(command[:2])} failed; the lines above say why", style="red", markup=False)
            sys.exit(status)

    def settings(self) -> dict[str, Any]:
        """The stack's configuration with its defaults, by key; secrets are left out. Read once after `prepare`."""
        if self._settings is None:
            values = json.loads(self.ask("pulumi", "config", "--json", purpose="read the configuration"))
            self._settings = {
                key.partition(":")[2]: entry["value"] for key, entry in values.items() if "value" in entry
            }
        return self._settings

    def mark(self) -> str:
        """Whose the stack's objects are, as the program writes it on each: `<organization>/<project>/<stack>`."""
        project = config.project_name()
        organization = "organization"
        if self.backend.startswith("https://"):
            organization = self.ask("pulumi", "org", "get-default", purpose="ask for the organization").strip()
        return f"{organization}/{project}/{self.name}"

    def prepare(self) -> None:
        """Make the stack ready for `pulumi up`: state, configuration and, where git has none, passwords."""
        with config.alone():
            self._prepare()
        self._settings = None

    def _prepare(self) -> None:
        (paths.LOCAL / "state").mkdir(mode=0o700, parents=True, exist_ok=True)
        select = ("pulumi", "stack", "select", "--create", self.name)
        if self.own_secrets:
            self.ask(*select, purpose=f"select stack {self.name}")
            return
        config.ensure_passphrase()
        config.merge(self.name)
        # `pulumi stack init` writes next to Pulumi.yaml; in a folder of its own, git's file stays as it is.
        shutil.copyfile(config.project_file(), paths.LOCAL / "Pulumi.yaml")
        self.ask(*select, purpose=f"select stack {self.name}", cwd=paths.LOCAL)
        for key, declaration in config.missing(self.name, self.config_file).items():
            if declaration.get("secret"):
                password = secrets.token_urlsafe(24)
                keep = ("pulumi", "config", "set", "--secret", key)
                self.ask(*keep, purpose=f"keep a new {key}", cwd=paths.LOCAL, text=password)

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
            # A cluster of the stack's own would win over the folder.
            own = {"kubernetes:kubeconfig", "kubernetes:context", "kubernetes:cluster"}
            kept = {key: value for key, value in (content.get("config") or {}).items() if key not in own}
            content["config"] = {**kept, "kubernetes:renderYamlToDirectory": str(out.resolve())}
            config.write_private(scratch, yaml.safe_dump(content, sort_keys=False))
            shutil.copyfile(config.project_file(), scratch.with_name("Pulumi.yaml"))
            variables = {"PULUMI_BACKEND_URL": f"file://{temporary}", "PULUMI_OPTION_CONFIG_FILE": str(scratch)}
            self.ask(
                *("pulumi", "stack", "init", self.name),
                purpose="make a stack without a cluster",
                cwd=scratch.parent,
                variables=variables,
            )
            yield variables

    def render(self, out: Path) -> None:
        """Write the stack's manifests to a folder, without a cluster and without touching the stack's state.

        Raises:
            Problem: The stack is refused, for example by the policy pack; nothing was written.
        """
        options = ["--yes", "--skip-preview", "--suppress-progress", *policy.options(self.name)]
        with tempfile.TemporaryDirectory() as temporary:
            with self.offline(Path(temporary)) as variables:
                done = self.run("pulumi", "up", *options, seconds=PREVIEW_SECONDS, variables=variables)
            if done.returncode:
                raise Problem(f"stack {self.name} was not rendered:\n{(done.stdout + done.stderr).strip()}")
            shutil.copytree(temporary, out, dirs_exist_ok=True)

    def check_policies(self) -> None:
        """Show what the policy pack says about this stack, built from nothing and without a cluster."""
        with tempfile.TemporaryDirectory() as unused, self.offline(Path(unused)) as variables:
            self.call("pulumi", "preview", "--suppress-progress", *policy.options(self.name), variables=variables)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.strip().splitlines()) if line), "no message")
