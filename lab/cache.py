"""`python -m lab.cache`: what of the user's cache no checkout uses any more, and its removal.

Each checkout notes which programs and images its pins stand for. What was noted once and is no checkout's any more is
of an older version. What nobody ever noted may be used by an older kubeauth: it stays unless it is asked for.
"""

import argparse
import json
import os
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cli import console, locks, paths
from cli.console import Problem

#: The folders of the cache whose entries are noted, and what links to programs, by the beginning of its name.
PARTS, LINKS = ("toolchain", "images"), "bin-"


@dataclass(frozen=True)
class Left:
    """What could be removed from a cache."""

    superseded: list[Path]
    """Entries that were some checkout's and are none's any more."""
    unknown: list[Path]
    """Entries that no checkout ever noted."""

    def size(self) -> int:
        """The bytes that removing the superseded ones frees."""
        return size(self.superseded)


def note(cache: Path, part: str, entries: Iterable[str]) -> None:
    """Note what this checkout uses from now on; a cache that cannot be written to is no reason to stop.

    Args:
        cache: The cache's folder.
        part: One of PARTS.
        entries: The names of the entries in that part.
    """
    own = {"host": socket.gethostname(), part: sorted(entries)}
    with suppress(OSError, ValueError):
        uses = _read(cache)
        before = uses["checkouts"].get(str(paths.CHECKOUT), {})
        if before == {**before, **own}:
            return
        with locks.locked(cache / "uses.lock"):
            uses = _read(cache)
            uses["checkouts"] = {path: use for path, use in uses["checkouts"].items() if not _gone(path, use)}
            uses["checkouts"][str(paths.CHECKOUT)] = {**uses["checkouts"].get(str(paths.CHECKOUT), {}), **own}
            uses["known"] = sorted({*uses["known"], *(f"{part}/{name}" for name in own[part])})
            draft = cache / f".uses-{os.getpid()}"
            draft.write_text(json.dumps(uses, indent=1), encoding="utf-8")
            draft.replace(cache / "uses.json")


def left(cache: Path) -> Left:
    """What of a cache no checkout uses.

    Raises:
        Problem: Nobody can tell.
    """
    try:
        uses = _read(cache)
    except (OSError, ValueError) as error:
        raise Problem(
            f"which checkout uses what cannot be read: {cache / 'uses.json'}: {error}. Nothing was removed.",
            "remove that file, then make toolchain images in each checkout",
        ) from None
    needed = {
        f"{part}/{name}"
        for path, use in uses["checkouts"].items()
        if not _gone(path, use)
        for part in PARTS
        for name in use.get(part, ())
    }
    idle = {f"{path.parent.name}/{path.name}": path for path in _entries(cache)}
    idle = {name: path for name, path in idle.items() if name not in needed}
    known = set(uses["known"])
    return Left(
        [path for name, path in idle.items() if name in known],
        [path for name, path in idle.items() if name not in known],
    )


def tell(cache: Path) -> None:
    """Say how much older versions take, after a newer one was built."""
    with suppress(Problem):
        if old := left(cache).superseded:
            console.console.print(
                f"{len(old)} programs or images of older versions take {size(old) / 1e9:.1f} GB in {cache}; no checkout"
                " uses them. make cache-clean removes them.",
                markup=False,
            )


def clean(cache: Path, *, unknown: bool = False) -> list[str]:
    """Remove what no checkout uses and no process runs; return one line for each entry.

    Args:
        cache: The cache's folder.
        unknown: Whether entries that no checkout ever noted go, too.
    """
    lines = []
    # Nothing is built meanwhile.
    with locks.locked(cache / "toolchain" / ".lock"), locks.locked(cache / "uses.lock"):
        found = left(cache)
        going = found.superseded + (found.unknown if unknown else [])
        inodes = {file.stat().st_ino for entry in going for file in entry.rglob("*") if file.is_file()}
        links = [
            folder
            for folder in sorted((cache / "toolchain").glob(f"{LINKS}*"))
            if any(file.stat().st_ino in inodes for file in folder.iterdir())
        ]
        running = _running()
        for entry in [*going, *links]:
            if any(place.is_relative_to(entry) for place in running):
                lines.append(f"kept, a process runs from it: {entry}")
                continue
            freed = size([entry])
            shutil.rmtree(entry)
            entry.with_name(f"{entry.name}.seconds").unlink(missing_ok=True)
            lines.append(f"removed {freed / 1e6:.0f} MB: {entry}")
        if found.unknown and not unknown:
            lines.append(
                f"kept, {size(found.unknown) / 1e9:.1f} GB that no checkout ever noted (make cache-clean UNKNOWN=1"
                f" removes it): {', '.join(path.name for path in found.unknown)}"
            )
    return lines


def size(entries: Iterable[Path]) -> int:
    """The bytes of all files below some folders; a file with several names counts once."""
    files = (file.lstat() for entry in entries for file in entry.rglob("*") if file.is_file())
    return sum({(file.st_dev, file.st_ino): file.st_size for file in files}.values())


def _read(cache: Path) -> dict[str, Any]:
    try:
        uses = json.loads((cache / "uses.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"known": [], "checkouts": {}}
    if not isinstance(uses, dict) or not isinstance(uses.get("checkouts"), dict) or "known" not in uses:
        raise ValueError("it is not what kubeauth writes")
    return uses


def _gone(path: str, use: dict[str, Any]) -> bool:
    """Whether a checkout is gone for certain: another machine's, which shares the cache, cannot be seen from here."""
    return use.get("host") == socket.gethostname() and not Path(path).exists()


def _entries(cache: Path) -> Iterator[Path]:
    """The programs and images of a cache, but no links, locks and drafts."""
    for part in PARTS:
        for path in sorted((cache / part).glob("[!.]*")):
            if path.is_dir() and not path.name.startswith(LINKS):
                yield path


def _running() -> list[Path]:
    """What processes run, as far as they may be asked: a program's file, or what it was called by."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += [Path(word) for word in process.cmdline() if word.startswith("/")]
        with suppress(psutil.Error):
            found.append(Path(process.exe()))
    return found


def main() -> None:
    """Remove what the command line says."""
    parser = argparse.ArgumentParser(prog="lab.cache", description=__doc__)
    parser.add_argument("--unknown", action="store_true", help="also what no checkout ever noted")
    print("\n".join(clean(paths.CACHE, unknown=parser.parse_args().unknown)) or "nothing to remove")


if __name__ == "__main__":
    console.run(main)
