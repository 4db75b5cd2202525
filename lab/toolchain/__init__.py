"""The programs that the project needs: what the machine has at a fitting version is used, the rest is built."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import psutil

import cli.toolchain
from cli import locks, programs
from cli.console import Problem, console, duration, step
from cli.toolchain import Toolchain
from lab import cache

from . import found, preflight
from .build import build, check_go, scratch
from .pins import BUILT, Program, folders, pinned

PROVIDER = "pulumi-resource-kubernetes"
#: How long `pulumi plugin install` may take, in seconds; the provider's archive has 40 MB.
INSTALL_SECONDS = 180
#: What a build of the provider needs at its peak, in bytes of memory; below twice as much, one is built at a time.
MEMORY_PER_BUILD = 5 * 10**9


def ensure(*parts: str) -> Toolchain:
    """Make the programs of these parts ready.

    Args:
        parts: `engine` (pulumi, its Python host, the Kubernetes provider, kubectl), `node` (a local Kubernetes),
            `languages` (hosts of Pulumi YAML, TypeScript and Go).

    Raises:
        Problem: Something has to be built and cannot be; the message says what to install.
    """
    # Nothing works without the engine.
    wanted = [program for program in pinned() if program.part in {"engine", *parts}]
    provider = next(program for program in wanted if program.name == PROVIDER)
    (version,) = provider.set.values()
    there = found.present({program.name for program in wanted}, version, with_node="node" in parts)
    home = cli.toolchain.home()
    if PROVIDER not in there and "pulumi" in there and not provider.is_built() and _installed(home, version, {}):
        there[PROVIDER] = f"{version}, installed"
    needed = [program for program in wanted if program.name not in there]
    _build_all(needed, wanted, there)
    tools = Toolchain(_links(needed), home)
    if PROVIDER not in there:
        _installed(home, version, tools.environment(), provider.binary)
    return tools


def _installed(home: Path, version: str, environment: dict[str, str], file: Path | None = None) -> bool:
    """Install the Kubernetes provider with Pulumi's own command; from the registry, without a file, if that can be had.

    Raises:
        Problem: The file cannot be installed.
    """
    command = ["pulumi", "plugin", "install", "resource", "kubernetes", version]
    env = {**os.environ, "PULUMI_HOME": str(home), **environment}
    if file:
        programs.run([*command, "--file", str(file)], seconds=INSTALL_SECONDS, purpose="install the provider", env=env)
        return True
    try:
        with step(f"install the Kubernetes provider {version}", 10):
            programs.run(command, seconds=INSTALL_SECONDS, purpose="install the provider", env=env)
    except programs.Failed as failure:
        console.print(f"{failure}; it will be built", markup=False)
    return found.has_provider(home, version)


def program(name: str) -> Path:
    """Make one program ready that needs no others, and return its path; see `all_of`."""
    return all_of(name)[0]


def all_of(*names: str) -> list[Path]:
    """Make programs ready that need no others, and return their paths.

    They are built one after another: those of one module share most of their packages, which two builds at the same
    time would both compile.

    Args:
        names: Their names in pins.toml.

    Raises:
        Problem: One has to be built and cannot be; the message says what to install.
    """
    wanted = [program for program in pinned() if program.name in names]
    _build_all(wanted, wanted, {}, most=1)
    paths = {program.name: program.binary for program in wanted}
    return [paths[name] for name in names]


def _build_all(needed: list[Program], wanted: list[Program], there: dict[str, str], most: int = 2) -> None:
    cache.note(BUILT.parent, "toolchain", folders())
    if all(program.is_built() for program in needed):
        return
    BUILT.mkdir(parents=True, exist_ok=True)
    # A second build at the same time waits, then finds everything built.
    with locks.locked(BUILT / ".lock"):
        missing = [program for program in needed if not program.is_built()]
        if not missing:
            return
        workers = min(most, max(1, psutil.virtual_memory().total // MEMORY_PER_BUILD), len(missing))
        preflight.show(wanted, there, missing, workers)
        check_go(missing)
        preflight.check_disk(missing)
        title = f"build {len(missing)} programs, once for this user"
        with scratch() as work, step(title, preflight.estimate(missing, workers)):
            _build_side_by_side(missing, work, workers)
    cache.tell(BUILT.parent)


def _build_side_by_side(missing: list[Program], work: Path, workers: int) -> None:
    """Build programs, the longest first: the compiler of one fills the processors that another's linker leaves idle."""
    begun = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        longest_first = sorted(missing, key=lambda program: -program.seconds)
        running = {pool.submit(build, program, work): program for program in longest_first}
        try:
            for number, done in enumerate(as_completed(running), 1):
                done.result()
                passed = duration(time.monotonic() - begun)
                console.print(f"  {number}/{len(missing)} {running[done].name} ({passed})", markup=False)
        except BaseException as error:
            # What has begun goes on to its end; the error is told when it has.
            what = "a build failed" if isinstance(error, Problem) else "stopping"
            console.print(f"{what}; waiting for the builds that have begun", markup=False)
            pool.shutdown(wait=False, cancel_futures=True)
            raise


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
