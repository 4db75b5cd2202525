"""`python -m lab.rehearsal`: make a change on a throw-away node under a writer, take it back, and say what it cost.

The stack as the base has it is deployed first; the working tree is deployed over it, then the base again. Passwords are
made for it, and the node goes with it: nothing of a real stack is there.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cli import console
from cli.console import Problem, step
from cli.preview import git, offline
from lab.faults.bench import Bench
from lab.faults.writer import Writer
from lab.node import Node, owned
from tests import copies

STACK = "dev"
#: What a checkout keeps besides its commit's files: packages, state, passwords.
_KEPT = (".venv", ".kubeauth")
_REFUSED = 3


@dataclass(frozen=True)
class Turn:
    """One deployment under the writer and the reader."""

    succeeded: bool
    seconds: float
    """How long `up` took."""
    away: float
    """The longest time without an acknowledged write, in seconds."""
    written: int
    """Acknowledged writes."""
    lost: int
    """Of those, how many the database does not have."""
    unserved: float
    """The longest time in which no pod of the service was ready, in seconds."""
    said: str = ""
    """Where it failed, the end of what `up` said."""


class Reader(threading.Thread):
    """Looks all the time whether the auth service has a pod that is ready."""

    def __init__(self, bench: Bench) -> None:
        """Take the system."""
        super().__init__(daemon=True)
        self._bench, self._ended, self.longest = bench, threading.Event(), 0.0

    def run(self) -> None:
        """Look until told to stop."""
        last = time.monotonic()
        while not self._ended.wait(0.5):
            served, now = self._bench.served("authenticate-service"), time.monotonic()
            if served:
                last = now
            else:
                self.longest = max(self.longest, now - last)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop."""
        self._ended.set()
        self.join(20)


def turn(bench: Bench) -> Turn:
    """Deploy what the checkout holds now, with a writer and a reader on the system."""
    with Writer(bench) as writer, Reader(bench) as reader:
        time.sleep(2)
        begun = time.monotonic()
        done = bench.command("up")
        seconds = time.monotonic() - begun
        # The last write before and the first one after both count.
        time.sleep(2)
    acknowledged, said = len(writer.acknowledged), "" if done.returncode == 0 else done.stdout[-1500:]
    try:
        there = {int(line) for line in bench.sql("SELECT id FROM writes").split()}
    except RuntimeError as problem:
        # What cannot be read counts as lost.
        said = f"{said}\nerror: the database cannot be read: {problem}"
        return Turn(False, seconds, writer.longest, acknowledged, acknowledged, reader.longest, said)
    lost = sum(number not in there for number in writer.acknowledged)
    return Turn(not done.returncode, seconds, writer.longest, acknowledged, lost, reader.longest, said)


def sentence(there: Turn, back: Turn) -> str:
    """What the change costs, in a sentence."""
    if not there.succeeded:
        return f"it cannot be deployed: {_last(there.said)}"
    told = (
        f"database away {there.away:.1f} s, service away {there.unserved:.1f} s, {there.lost} of {there.written} "
        f"acknowledged writes lost; deployed in {there.seconds:.0f} s"
    )
    if not back.succeeded:
        return f"{told}; it cannot be taken back: {_last(back.said)}"
    away = f"database away {back.away:.1f} s, {back.lost} of {back.written} writes lost"
    return f"{told}; taken back in {back.seconds:.0f} s ({away})"


def well(there: Turn, back: Turn) -> bool:
    """Whether the change came and went without a loss."""
    return all(one.succeeded and not one.lost for one in (there, back))


def _last(said: str) -> str:
    errors = [line.strip() for line in said.splitlines() if "error" in line]
    return errors[0] if errors else said.strip().rpartition("\n")[2]


def put(commit: str, checkout: Path) -> None:
    """Make a checkout hold the files of a commit, or without one the working tree's, and nothing else but _KEPT."""
    for entry in checkout.iterdir():
        if entry.name in _KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not commit:
        copies.make(checkout, packages=False)
        return
    offline.export(commit, checkout)


def rehearse(base: str, node: Node, folder: Path) -> tuple[Turn, Turn]:
    """Make the change and take it back.

    Raises:
        Problem: The base itself cannot be deployed.
    """
    checkout = folder / "kubeauth"
    checkout.mkdir()
    put(base, checkout)
    with step("deploy the base", 60):
        try:
            bench = Bench(checkout, node)
            bench.must("up")
        except RuntimeError as problem:
            raise Problem(f"the base cannot be deployed: {problem}", "rehearse against another BASE=") from None
    put("", checkout)
    with step("deploy the change, with a writer and a reader", 40):
        there = turn(bench)
    put(base, checkout)
    with step("take it back", 40):
        back = turn(bench)
    return there, back


def main() -> None:
    """Rehearse, and say what it cost; 3 where something was lost, or does not come or go."""
    parser = argparse.ArgumentParser(prog="lab.rehearsal", description=__doc__)
    parser.add_argument("--base", default="origin/main", help="the commit to begin with (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a folder for rehearsal.md and rehearsal.json")
    given = parser.parse_args()
    base, node = git.merge_base(given.base), Node(owned.name("rehearse"))
    with tempfile.TemporaryDirectory(prefix="kubeauth-rehearsal-") as folder:
        try:
            there, back = rehearse(base, node, Path(folder))
        finally:
            node.reset()
    told = sentence(there, back)
    print(told)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "rehearsal.md").write_text(f"**Rehearsed on a throw-away node:** {told}.\n", encoding="utf-8")
        result = {"sentence": told, "well": well(there, back), "there": asdict(there), "back": asdict(back)}
        (given.out / "rehearsal.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if not well(there, back):
        raise SystemExit(_REFUSED)


if __name__ == "__main__":
    console.run(main)
