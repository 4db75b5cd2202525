"""The sides: each can make the same objects, change one value, preview, and remove them, by one command or two."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import inline, manifests, programs
from .programs import CHANGED_NOTE, NOTE
from .render import Resource
from .system import System

NAMESPACE = "bench"
PULUMI = ("--non-interactive", "--suppress-outputs", "--suppress-progress")
APPLY = ("kubectl", "apply", "--filename")
READY = (
    "kubectl", "wait", "--namespace", NAMESPACE, "--for=condition=Available", "deployment", "--all", "--timeout=600s"
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One way to run the stack. Each function runs to its end and returns the seconds that it took."""

    name: str
    up: Callable[[], float]
    """From whatever is there to what was asked for, and Ready."""
    again: Callable[[], float]
    """The same, where nothing changed; fails where it would change something."""
    preview: Callable[[], float]
    destroy: Callable[[], float]
    change: Callable[[str], None]
    """Ask for another value; takes no time of its own."""
    clean: Callable[[], None]
    """Forget files and state."""
    has_objects: bool = True


def pulumi(system: System, name: str, folder: Path, *, has_objects: bool = True) -> Side:
    """A Pulumi program in a folder of its own."""

    def run(*command: str) -> float:
        return system.run("pulumi", *command, *PULUMI, cwd=folder).seconds

    def change(note: str) -> None:
        system.run("pulumi", "config", "set", "note", note, cwd=folder)

    def clean() -> None:
        system.run("pulumi", "stack", "rm", "--yes", cwd=folder)
        programs.remove(folder)

    return Side(
        name,
        up=lambda: run("up", "--yes", "--skip-preview"),
        again=lambda: run("up", "--yes", "--skip-preview", "--expect-no-changes"),
        preview=lambda: run("preview", "--expect-no-changes"),
        destroy=lambda: run("destroy", "--yes", "--skip-preview"),
        change=change,
        clean=clean,
        has_objects=has_objects,
    )


def kubectl(system: System, resources: list[Resource]) -> Side:
    """`kubectl apply`, then `kubectl wait`."""
    path = system.folder / "manifests.yaml"
    manifests.write(resources, path, NOTE)
    file = str(path)

    def up() -> float:
        return system.run(*APPLY, file).seconds + system.run(*READY).seconds

    return Side(
        "kubectl",
        up=up,
        again=up,
        # `kubectl diff` exits with 1 where it finds a difference; here it finds none.
        preview=lambda: system.run("kubectl", "diff", "--filename", file).seconds,
        # The namespace goes first and takes with it what comes later in the file.
        destroy=lambda: system.run("kubectl", "delete", "--filename", file, "--wait", "--ignore-not-found").seconds,
        change=lambda note: manifests.write(resources, path, note),
        clean=path.unlink,
    )


def helm(system: System, resources: list[Resource]) -> Side:
    """Helm with a chart of the same manifests."""
    folder = system.folder / "chart"
    manifests.write_chart(resources, folder)
    value = [NOTE]

    def upgrade(*more: str) -> float:
        # The release is kept in another namespace, because the chart makes its own.
        where = ("--namespace", "default", "--set", f"note={value[0]}")
        return system.run("helm", "upgrade", "--install", NAMESPACE, str(folder), *where, *more).seconds

    def change(note: str) -> None:
        value[0] = note

    uninstall = ("helm", "uninstall", NAMESPACE, "--namespace", "default", "--wait", "--timeout", "10m")
    return Side(
        "helm",
        up=lambda: upgrade("--wait", "--timeout", "10m"),
        again=lambda: upgrade("--wait", "--timeout", "10m"),
        preview=lambda: upgrade("--dry-run=server"),
        destroy=lambda: system.run(*uninstall).seconds,
        change=change,
        clean=lambda: programs.remove(folder),
    )


def make(system: System, resources: list[Resource], databases: int, storage_class: str = "") -> dict[str, Side]:
    """All sides for so many databases, by name."""
    note = {"note": NOTE}
    files = {
        "components": (programs.shipped("components"), programs.values(databases, storage_class), "python"),
        "inline": ({"__main__.py": inline.python(resources)}, note, "python"),
        "untyped": ({"__main__.py": inline.untyped(resources)}, note, "python"),
        "yaml": ({"Pulumi.yaml": inline.pulumi_yaml(resources)}, note, "yaml"),
        "empty": (programs.shipped("empty"), note, "python"),
    }
    made = {
        name: pulumi(system, name, programs.write(system, name, *what), has_objects=name != "empty")
        for name, what in files.items()
    }
    return {**made, "kubectl": kubectl(system, resources), "helm": helm(system, resources)}


__all__ = ["CHANGED_NOTE", "NAMESPACE", "NOTE", "Side", "make"]
