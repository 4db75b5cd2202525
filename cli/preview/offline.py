"""What a change does, without any cluster, state or secret: git's base becomes a state, and the engine compares.

The base's own program is deployed into a folder of manifests (the provider's render mode), which gives a state. On
that state the engine previews the working tree. So replacements, aliases and deletions are the engine's own judgement.
"""

import hashlib
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import yaml

from .. import paths, programs, yaml_files
from .. import stacks as stacks_of
from ..console import Problem
from ..stack import PREVIEW_SECONDS, config, policy, refusals
from ..toolchain import Toolchain
from . import engine, git
from .model import Preview

Secrets = dict[str, str]


def preview(stack: str, base: str, tools: Toolchain) -> tuple[Preview, list[str]]:
    """Preview the working tree against a commit.

    Args:
        stack: The stack's name; either side may lack `Pulumi.<stack>.yaml`.
        base: The commit to compare with, or a branch: then where the working tree's branch left it.
        tools: The programs to use.

    Returns:
        What would happen, and notes for the reader.

    Raises:
        Problem: The base is unknown, or one of the sides cannot be evaluated; the message has the engine's words.
    """
    commit = git.merge_base(base)
    with tempfile.TemporaryDirectory(prefix="kubeauth-preview-") as folder:
        work = Path(folder)
        tree = export(commit, work / "base")
        run = _Runs(stack, tools, work)
        before, after = (root / f"Pulumi.{stack}.yaml" for root in (tree, paths.CHECKOUT))
        if not before.exists() and not after.exists():
            raise Problem(f"there is no stack {stack}: neither {base} nor the working tree has Pulumi.{stack}.yaml")
        notes = [f"Compared: `{commit[:10]}` and the working tree, without a cluster. Passwords are made-up."]
        if before.exists():
            run.deploy(tree)
        if not after.exists():
            notes.append(
                f"**`Pulumi.{stack}.yaml` is removed.** That alone changes nothing on the cluster. `make destroy "
                f"STACK={stack}` before the merge would do what follows; afterwards nobody manages these resources."
            )
            return run.ask(tree, "destroy", "--preview-only"), notes
        if not before.exists():
            notes.append("**This stack is new.** There is nothing to lose: only few rules of the gate judge it.")
        if _differ(tree / "requirements.txt", paths.CHECKOUT / "requirements.txt"):
            notes.append("`requirements.txt` changes; both sides were evaluated with the working tree's packages.")
        return run.ask(paths.CHECKOUT, "preview", *policy.options(stack)), notes


def way_back(stack: str, base: str, tools: Toolchain) -> Preview:
    """Preview the other direction: what the working tree makes becomes the state, and the base is asked for.

    Raises:
        Problem: One of the sides cannot be evaluated; the message has the engine's words.
    """
    with tempfile.TemporaryDirectory(prefix="kubeauth-preview-") as folder:
        work = Path(folder)
        tree = export(git.merge_base(base), work / "base")
        run = _Runs(stack, tools, work)
        run.deploy(paths.CHECKOUT)
        return run.ask(tree, "preview")


def stays(stack: str) -> bool:
    """Whether the working tree still has a stack."""
    return (paths.CHECKOUT / f"Pulumi.{stack}.yaml").exists()


def export(commit: str, folder: Path) -> Path:
    """The files of a commit, with this checkout's packages: those of its language that git does not keep."""
    archive = folder.with_suffix(".tar")
    git.archive(commit, archive)
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    options = config.read(folder / "Pulumi.yaml").get("runtime") or {}
    environment = options.get("options", {}).get("virtualenv", "venv") if isinstance(options, dict) else "venv"
    for name in (environment, "node_modules", "sdks"):
        if (paths.CHECKOUT / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to(paths.CHECKOUT / name)
    return folder


def _differ(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() != other.read_bytes()


def run(
    root: Path, env: dict[str, str], *command: str, seconds: float = PREVIEW_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a program on one side of a change, and end it when it takes too long."""
    return programs.run(command, seconds=seconds, env=env, cwd=root, check=False, purpose=" ".join(command[:2]))


class _Runs:
    """Runs of the engine on one scratch state."""

    def __init__(self, stack: str, tools: Toolchain, work: Path) -> None:
        self._stack = stack
        self._work = work
        self._salt = ""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self._env = {
            **inherited,
            **tools.environment(),
            "PULUMI_BACKEND_URL": f"file://{work}",
            "PULUMI_CONFIG_PASSPHRASE": "nothing in this state is secret",
            "PULUMI_STACK": stack,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "KUBECONFIG": str(work / "none"),
        }

    def deploy(self, root: Path) -> None:
        """Make the state what this program would make of an empty one."""
        self._configure(root)
        self._checked(root, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--suppress-progress")

    def ask(self, root: Path, *command: str) -> Preview:
        """Ask the engine what this program would do on the state."""
        self._configure(root)
        return engine.ask(lambda *arguments: self._run(root, *arguments), *command)

    def _configure(self, root: Path) -> None:
        """Write this side's configuration with made-up secrets, the same on both sides where git has the same."""
        file = self._work / f"Pulumi.{self._stack}.yaml"
        self._env["PULUMI_OPTION_CONFIG_FILE"] = str(file)
        project = yaml_files.project(root / "Pulumi.yaml")
        given = yaml_files.read(root / f"Pulumi.{self._stack}.yaml")
        refusals.refuse_environments(root / f"Pulumi.{self._stack}.yaml")
        values, secrets = without_secrets(given.get("config") or {})
        for key, declaration in (project.get("config") or {}).items():
            full = f"{project['name']}:{key}"
            if isinstance(declaration, dict) and declaration.get("secret") and full not in {*values, *secrets}:
                secrets[full] = made_up(full, "")
        values["kubernetes:renderYamlToDirectory"] = str(self._work / "manifests")
        content = {"config": values, **({"encryptionsalt": self._salt} if self._salt else {})}
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        # `stack init` and `config` write next to Pulumi.yaml: here, not in the checkout.
        (self._work / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")
        if not self._salt:
            self._checked(self._work, "pulumi", "stack", "init", self._stack)
            self._salt = yaml.safe_load(file.read_text(encoding="utf-8"))["encryptionsalt"]
        if secrets:
            pairs = [part for path, value in secrets.items() for part in ("--secret", f"{path}={value}")]
            self._checked(self._work, "pulumi", "config", "set-all", "--path", *pairs)

    def _run(self, root: Path, *command: str) -> subprocess.CompletedProcess[str]:
        return run(root, self._env, *command)

    def _checked(self, root: Path, *command: str) -> None:
        done = self._run(root, *command)
        if done.returncode:
            where = "the base" if root == self._work / "base" else "the working tree"
            raise Problem(f"{' '.join(command[:3])} failed on {where}:\n{engine.words(done)}")


def made_up(key: str, cipher: str) -> str:
    """A password that stands for a secret: another one when git has another ciphertext."""
    return "made-up-" + hashlib.sha256(f"{key}\n{cipher}".encode()).hexdigest()[:24]


def without_secrets(config: dict[str, Any]) -> tuple[dict[str, Any], Secrets]:
    """Split a configuration into its plain values and, by their paths, made-up values for its encrypted ones."""
    secrets: Secrets = {}

    def plain(value: Any, path: str) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"secure"}:
                secrets[path] = made_up(path, str(value["secure"]))
                return None
            kept = ((key, plain(entry, f'{path}["{key}"]')) for key, entry in value.items())
            return {key: entry for key, entry in kept if entry is not None}
        if isinstance(value, list):
            return [plain(entry, f"{path}[{number}]") for number, entry in enumerate(value)]
        return value

    values = {key: plain(value, key) for key, value in config.items()}
    return {key: value for key, value in values.items() if value is not None}, secrets


def stacks(base: str) -> list[str]:
    """The names of every stack that the working tree or the base has.

    Raises:
        Problem: The working tree has files of stacks where nobody looks for them.
    """
    refusals.refuse_another_folder()
    refusals.refuse_strays()
    there = {stacks_of.name_of(name) for name in git.names("ls-tree", "-z", "--name-only", git.merge_base(base))}
    return sorted(filter(None, {*there, *stacks_of.names(paths.CHECKOUT)}))
