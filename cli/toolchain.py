"""The programs that commands start: Pulumi and kubectl, as they are installed on this machine."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import paths, programs, yaml_files
from .console import Problem

#: The oldest Pulumi that is taken, and the first that is not any more, where a project's Pulumi.yaml says no other.
LOWEST, TOO_HIGH = "3.259.0", "4.0.0"
#: How long a program may take to say its version, in seconds.
VERSION_SECONDS = 30


@dataclass(frozen=True)
class Toolchain:
    """Programs that are ready to use."""

    bin: Path
    """A folder to put first on PATH: links to what was built, or where the installed Pulumi is."""
    pulumi_home: Path
    """PULUMI_HOME: plugins, and what `pulumi login` remembers."""

    def environment(self) -> dict[str, str]:
        """What a process needs to use the toolchain."""
        path = os.environ.get("PATH", os.defpath)
        return {"PATH": f"{self.bin}{os.pathsep}{path}", "PULUMI_HOME": str(self.pulumi_home)}


def installed() -> Toolchain:
    """Return what is installed; the provider of Kubernetes is Pulumi's to install.

    Raises:
        Problem: A program is missing or too old; all at once, each with where to get it.
    """
    missing = []
    if not pulumi():
        low, high = versions()
        missing.append(f"pulumi {low} or newer, below {high}: https://www.pulumi.com/docs/install")
    if not kubectl():
        missing.append("kubectl: https://kubernetes.io/docs/tasks/tools")
    if missing:
        raise Problem("programs are missing on PATH, or too old", "install\n       " + "\n       ".join(missing))
    return Toolchain(Path(str(shutil.which("pulumi"))).parent, home())


def home() -> Path:
    """The user's PULUMI_HOME."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def version(text: str) -> tuple[int, ...]:
    """The numbers of a version: `v3.259.0-dev` is (3, 259, 0)."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def versions() -> tuple[str, str]:
    """The oldest Pulumi that the project takes, and the first that it does not take any more."""
    asked = str(yaml_files.read(paths.CHECKOUT / "Pulumi.yaml").get("requiredPulumiVersion") or "")
    low = re.search(r">=\s*v?([\d.]+)", asked)
    high = re.search(r"<\s*v?([\d.]+)", asked)
    return low[1] if low else LOWEST, high[1] if high else TOO_HIGH


def pulumi(beside: Path | None = None) -> str:
    """The version of the Pulumi on PATH, if it fits the project and has its Python host beside it; else nothing.

    Args:
        beside: A folder whose programs do not count.
    """
    low, high = versions()
    said = _said(beside, "pulumi", "version").strip()
    fits = version(low) <= version(said) < version(high) and shutil.which("pulumi-language-python") is not None
    return said if fits else ""


def kubectl(beside: Path | None = None) -> str:
    """The version of the kubectl on PATH; nothing without one.

    Args:
        beside: A folder whose programs do not count.
    """
    said = _said(beside, "kubectl", "version", "--client", "--output", "json")
    try:
        return str(json.loads(said)["clientVersion"]["gitVersion"]) if said else ""
    except (ValueError, KeyError, TypeError):
        # A wrapper of that name, or a version that says it in another way.
        return ""


def _said(beside: Path | None, *command: str) -> str:
    found = shutil.which(command[0])
    if not found or (beside and Path(found).is_relative_to(beside)):
        return ""
    try:
        return programs.run(command, seconds=VERSION_SECONDS, check=False).stdout
    except programs.Failed:
        return ""
