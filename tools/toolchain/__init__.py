"""The programs that the project needs: what the machine has at a fitting version is used, the rest is built."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tools import paths
from tools.console import console, duration, step

from .build import build, check_go
from .pins import BUILT, Program, programs

PROVIDER = "pulumi-resource-kubernetes"
#: kubectl may be one minor version older or newer than the API server (Kubernetes' version skew policy).
KUBECTL = ("1.33", "1.34", "1.35")


@dataclass(frozen=True)
class Toolchain:
    """Programs that are ready to use."""

    bin: Path
    """A folder to put first on PATH: links to what was built."""
    pulumi_home: Path
    """PULUMI_HOME, with the Kubernetes provider installed."""

    def environment(self) -> dict[str, str]:
        """What a process needs to use the toolchain."""
        return {"PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", "PULUMI_HOME": str(self.pulumi_home)}


def ensure(*parts: str) -> Toolchain:
    """Make the programs of these parts ready.

    Args:
        parts: `engine` (pulumi, its Python host, the Kubernetes provider, kubectl), `node` (a local Kubernetes),
            `languages` (hosts of Pulumi YAML, TypeScript and Go).

    Raises:
        Problem: Something has to be built and cannot be; the message says what to install.
    """
    wanted = [program for program in programs() if program.part in parts]
    (provider_version,) = next(program for program in wanted if program.name == PROVIDER).set.values()
    own_home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    present = {name for name, fits in (("pulumi", _pulumi_fits), ("kubectl", _kubectl_fits)) if fits()}
    if "pulumi" in present:
        # A Pulumi installation brings its language hosts, and they must be of one version.
        present |= {program.name for program in wanted if program.name.startswith("pulumi-language-")}
    if (own_home / "plugins" / f"resource-kubernetes-v{provider_version}").is_dir():
        present.add(PROVIDER)
    needed = [program for program in wanted if program.name not in present]
    _build_all(needed)
    bin_folder = _links(needed)
    if PROVIDER in present:
        return Toolchain(bin_folder, own_home)
    return Toolchain(
        bin_folder, _home_with(next(program for program in needed if program.name == PROVIDER), bin_folder)
    )


def program(name: str) -> Path:
    """Make one program ready that needs no others, and return its path.

    Args:
        name: Its name in pins.toml.

    Raises:
        Problem: It has to be built and cannot be; the message says what to install.
    """
    found = next(program for program in programs() if program.name == name)
    _build_all([found])
    return found.binary


def _home_with(provider: Program, bin_folder: Path) -> Path:
    """Return a PULUMI_HOME of this provider's build, with the provider installed."""
    home = provider.folder.with_name(f"pulumi-home-{provider.folder.name.rpartition('-')[2]}")
    (version,) = provider.set.values()
    if not (home / "plugins" / f"resource-kubernetes-v{version}").is_dir():
        environment = {**os.environ, **Toolchain(bin_folder, home).environment()}
        command = ["pulumi", "plugin", "install", "resource", "kubernetes", version, "--file", str(provider.binary)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return home


def _build_all(needed: list[Program]) -> None:
    if all(program.is_built() for program in needed):
        return
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / ".lock").open("w") as lock:
        # A second build at the same time waits, then finds everything built.
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [program for program in needed if not program.is_built()]
        if not missing:
            return
        check_go(missing)
        total = sum(program.seconds for program in missing)
        console.print(f"Building {len(missing)} programs once for this user, about {duration(total)}.", markup=False)
        for number, program in enumerate(missing, 1):
            with step(f"build {number}/{len(missing)}: {program.name}", program.seconds):
                build(program)


def _links(needed: Iterable[Program]) -> Path:
    """Return a folder of links to the built programs and to nothing else."""
    targets = sorted(path for program in needed for path in program.folder.iterdir() if program.name != PROVIDER)
    folder = BUILT / f"bin-{hashlib.sha256(repr(targets).encode()).hexdigest()[:12]}"
    if not folder.exists():
        fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
        fresh.mkdir(parents=True, exist_ok=True)
        for target in targets:
            # Hard links, because Pulumi looks for its language hosts beside its real self.
            (fresh / target.name).hardlink_to(target)
        try:
            fresh.rename(folder)
        except OSError:
            shutil.rmtree(fresh)
    return folder


def _output(*command: str) -> str:
    found = shutil.which(command[0])
    # In the shell of `make env` the first on PATH is what was built; it brings no more than what was asked for then.
    if not found or Path(found).is_relative_to(BUILT):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _pulumi_fits() -> bool:
    project = yaml.safe_load((paths.CHECKOUT / "Pulumi.yaml").read_text(encoding="utf-8"))
    low, high = project["requiredPulumiVersion"].split()
    version = _version(_output("pulumi", "version"))
    return _version(low) <= version < _version(high) and shutil.which("pulumi-language-python") is not None


def _kubectl_fits() -> bool:
    output = _output("kubectl", "version", "--client", "--output", "json")
    version = json.loads(output)["clientVersion"]["gitVersion"] if output else ""
    return version.removeprefix("v").startswith(tuple(f"{minor}." for minor in KUBECTL))
