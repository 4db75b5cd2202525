"""The control groups of a node: made before it starts, removed after it stopped. Version 1, hybrid and version 2."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

#: The daemons; pods go into `kubepods` beside it. Version 2 wants processes in leaves only.
DAEMONS = "daemons"


def hierarchies() -> list[Path]:
    """Where control groups are mounted: one place on version 2, one for each controller on version 1."""
    places = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in {"cgroup", "cgroup2"}:
            places.append(Path(before.split()[4]))
    return sorted(set(places))


def _enable_controllers(group: Path) -> None:
    """Version 2: what a group does not hand down its children cannot use. Some may be taken: then they stay off."""
    for controller in (group / "cgroup.controllers").read_text().split():
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            continue


def _create(group: Path) -> None:
    group.mkdir(exist_ok=True)
    # Version 1: a new cpuset is empty and takes no process before it has processors and memory.
    for setting in ("cpuset.cpus", "cpuset.mems"):
        if (group / setting).exists() and not (group / "cgroup.controllers").exists():
            (group / setting).write_text((group.parent / setting).read_text())


def create(name: str) -> None:
    """Make the node's groups in every hierarchy."""
    for place in hierarchies():
        if (place / "cgroup.controllers").exists():
            _enable_controllers(place)
        _create(place / name)
        if (place / "cgroup.controllers").exists():
            _enable_controllers(place / name)
        _create(place / name / DAEMONS)


def join(name: str, pid: int) -> None:
    """Put a process, and whatever it starts from now on, into the node's group for daemons."""
    for place in hierarchies():
        (place / name / DAEMONS / "cgroup.procs").write_text(str(pid))


def members(name: str) -> Iterator[int]:
    """The processes in the node's groups, by their pids on the host. Ended ones that nobody reaped do not count."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                groups = (entry / "cgroup").read_text()
                ended = (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            except (FileNotFoundError, ProcessLookupError):
                continue
            if not ended and any(f"/{name}/" in f"{line}/" for line in groups.splitlines()):
                yield int(entry.name)


def existing(name: str) -> list[Path]:
    """The node's groups that are still there."""
    return [place / name for place in hierarchies() if (place / name).exists()]


def remove(name: str, patience: float = 5) -> None:
    """Remove the node's groups, deepest first. The kernel frees a group a moment after its last process ended."""
    deadline = time.monotonic() + patience
    while groups := existing(name):
        for group in groups:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    continue
        if time.monotonic() > deadline:
            return
        if existing(name):
            time.sleep(0.1)
