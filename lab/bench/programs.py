"""Pulumi programs as folders: the project file, the stack, its configuration."""

import shutil
from pathlib import Path

import yaml

from cli import paths
from lab import images

from .system import System

HERE = Path(__file__).parent / "sources"
#: What a change changes: an annotation of the auth service's Service.
NOTE, CHANGED_NOTE = "before-the-change", "after-the-change"
PASSWORDS = {"password": "bench-password", "rootPassword": "bench-root-password"}


def write(system: System, name: str, files: dict[str, str], values: dict[str, str], runtime: str = "python") -> Path:
    """Write a program with its stack `bench`, and return its folder.

    Args:
        system: Where.
        name: The project's name and its folder's; its state is its own.
        files: The program, by file name.
        values: Configuration besides the passwords.
        runtime: `python` or `yaml`.
    """
    folder = system.folder / name
    folder.mkdir()
    options = {"toolchain": "pip", "virtualenv": str(paths.CHECKOUT / ".venv")}
    how = {"name": runtime, "options": options} if runtime == "python" else {"name": runtime}
    project = {"name": name, "runtime": how, **(yaml.safe_load(files.pop("Pulumi.yaml", "{}")))}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
    for file, text in files.items():
        (folder / file).write_text(text)
    system.run("pulumi", "stack", "init", "bench", cwd=folder)
    plain = [part for key, value in values.items() for part in ("--plaintext", f"{key}={value}")]
    secret = [part for key, value in PASSWORDS.items() for part in ("--secret", f"{key}={value}")]
    system.run("pulumi", "config", "set-all", *plain, *secret, cwd=folder)
    return folder


def values(databases: int, storage_class: str = "") -> dict[str, str]:
    """The configuration of the program `components`, which all others are made from."""
    return {
        "databases": str(databases),
        "databaseImage": images.REFERENCES["mysql"],
        "authImage": images.REFERENCES["authenticate"],
        "storageClass": storage_class,
        "note": NOTE,
    }


def shipped(name: str) -> dict[str, str]:
    """The files of a program that lies in lab/bench/sources."""
    return {path.name: path.read_text(encoding="utf-8") for path in (HERE / name).glob("*.py")}


def remove(folder: Path) -> None:
    """Forget a program's files."""
    shutil.rmtree(folder)
