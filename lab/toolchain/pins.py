"""What is pinned: the programs of pins.toml, and where each lies once built."""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import paths

HERE = Path(__file__).parent
BUILT = paths.CACHE / "toolchain"
#: Other versions than the pinned ones, for `make matrix`: `pulumi=3.274.1 kubernetes=1.34.4`. Each has a folder
#: `modules/<module>@<version>`.
VERSIONS = "KUBEAUTH_VERSIONS"


@dataclass(frozen=True)
class Program:
    """One program of pins.toml; the fields are explained there."""

    name: str
    part: str
    module: str
    package: str
    seconds: float
    megabytes: int
    set: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, Any] = field(default_factory=dict)
    embed: dict[str, dict[str, str]] = field(default_factory=dict)
    edit: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    test: bool = False

    @property
    def sources(self) -> Path:
        """The folder with go.mod and go.sum."""
        return HERE / "modules" / self.module

    @property
    def folder(self) -> Path:
        """Where the built program lies: named by a hash of everything it is made from."""
        more = [part for part in (self.edit, self.tags, self.test) if part]
        recipe = json.dumps([self.package, self.set, self.scripts, self.embed, *more]).encode()
        made_from = (recipe, *((self.sources / name).read_bytes() for name in ("go.mod", "go.sum")))
        return BUILT / f"{self.name}-{hashlib.sha256(b''.join(made_from)).hexdigest()[:12]}"

    @property
    def binary(self) -> Path:
        """The built program."""
        return self.folder / self.name

    @property
    def record(self) -> Path:
        """The file with the seconds that its build took on this machine, for `make bench`."""
        return self.folder.with_name(f"{self.folder.name}.seconds")

    def is_built(self) -> bool:
        """Whether it need not be built."""
        return self.binary.exists()


def chosen() -> dict[str, str]:
    """The modules that are wanted at another version than the pinned one, each with that version."""
    return dict(pair.split("=", 1) for pair in os.environ.get(VERSIONS, "").split())


def pinned(others: Mapping[str, str] | None = None) -> list[Program]:
    """Read pins.toml.

    Args:
        others: Modules that come from the folder of another version, each with that version. Default: what is `chosen`.
    """
    pins = tomllib.loads((HERE / "pins.toml").read_text(encoding="utf-8"))
    modules, others = pins.pop("module"), chosen() if others is None else others
    programs = []
    for entry in pins["program"]:
        variables = {**modules.get(entry["module"], {}).get("set", {}), **entry.get("set", {})}
        if version := others.get(entry["module"]):
            variables = {name: _at(name, value, version) for name, value in variables.items()}
            entry["module"] = f"{entry['module']}@{version}"
        programs.append(Program(**{**entry, "set": variables}))
    return programs


def folders() -> set[str]:
    """The names of the folders of all programs that this checkout may build, those of `make matrix` included."""
    others = [folder.name.split("@") for folder in (HERE / "modules").glob("*@*")]
    every = [pinned({}), *(pinned({module: version}) for module, version in others)]
    return {program.folder.name for programs in every for program in programs}


def _at(variable: str, value: str, version: str) -> str:
    """A version variable's value at another version."""
    major, minor, *_ = version.split(".")
    if variable.endswith("gitMajor"):
        return major
    return minor if variable.endswith("gitMinor") else f"{'v' if value[0] == 'v' else ''}{version}"
