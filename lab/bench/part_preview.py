"""Previews: of the project's own stack, of the same by components and inline, and of an empty program."""

import shutil
from pathlib import Path
from typing import Any

import yaml

from cli import paths

from . import inline, programs, render, stats
from .parts import Given, Part
from .programs import NOTE
from .sides import NAMESPACE, PULUMI
from .system import System


def run(system: System, given: Given) -> dict[str, Any]:
    """Preview in turn, first with nothing deployed, then with everything, each in a namespace of its own."""
    resources = render.render(system, 1)
    folders = {
        "project": project(system),
        "components": programs.write(system, "components", programs.shipped("components"), programs.values(1)),
        "inline": programs.write(
            system, "inline", {"__main__.py": elsewhere(inline.python(resources))}, {"note": NOTE}
        ),
        "empty": programs.write(system, "empty", programs.shipped("empty"), {}),
    }
    nothing = _previews(system, folders, given.count)
    for folder in folders.values():
        system.run("pulumi", "up", "--yes", "--skip-preview", *PULUMI, cwd=folder)
    deployed = _previews(system, folders, given.count)
    for folder in folders.values():
        system.run("pulumi", "destroy", "--yes", "--skip-preview", *PULUMI, cwd=folder)
        system.run("pulumi", "stack", "rm", "--yes", cwd=folder)
        programs.remove(folder)
    return {"nothing": nothing, "deployed": deployed, "imports": _imports(system, given.count)}


def project(system: System) -> Path:
    """The project's own program with the configuration of its stack dev, for plain Pulumi: no wrapper, no policies."""
    folder = system.folder / "kubeauth"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy2(paths.CHECKOUT / name, folder / name)
    (folder / ".venv").symlink_to(paths.CHECKOUT / ".venv")
    system.run("pulumi", "stack", "init", "bench", cwd=folder)
    own = yaml.safe_load((paths.CHECKOUT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    file = folder / "Pulumi.bench.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text(encoding="utf-8")), **own}), encoding="utf-8")
    for key, password in {"mysqlPassword": "password", "mysqlRootPassword": "rootPassword"}.items():
        system.run("pulumi", "config", "set", "--secret", key, programs.PASSWORDS[password], cwd=folder)
    return folder


def elsewhere(text: str) -> str:
    """The inline program in a namespace of its own."""
    return text.replace(f"'{NAMESPACE}'", f"'{NAMESPACE}-inline'").replace(
        f".{NAMESPACE}.svc", f".{NAMESPACE}-inline.svc"
    )


def _previews(system: System, folders: dict[str, Path], count: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in folders}
    for _ in range(count):
        for name, folder in folders.items():
            seconds[name].append(system.run("pulumi", "preview", *PULUMI, cwd=folder).seconds)
    return seconds


def _imports(system: System, count: int) -> dict[str, list[float]]:
    """Seconds that Python takes to start and import, as a program's first lines do."""
    python = str(paths.CHECKOUT / ".venv/bin/python")
    lines = {"python": "pass", "pulumi": "import pulumi", "pulumi and the components": "import pulumi, components"}
    seconds: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(count):
        for name, line in lines.items():
            seconds[name].append(system.run(python, "-c", line).seconds)
    return seconds


def summary(results: dict[str, Any]) -> list[str]:
    """Medians of all, and their ratios to the empty program."""
    lines: list[str] = []
    for case in ("nothing", "deployed"):
        for name, values in results[case].items():
            times = stats.ratio(values, results[case]["empty"])
            lines.append(f"{case} {name:<11}{stats.spread(values)}  {times:.2f} × empty")
    return lines + [f"import {name}: {stats.spread(values)}" for name, values in results["imports"].items()]


PART = Part("previews", run, summary, lambda given: 60 + 13 * given.count)
