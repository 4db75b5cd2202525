"""What a run without checkpoints is about to do and has done: on disk until the state says it. docs/adr/0013.

With a state in files the engine writes the whole state twice for each resource. A run of ours has it written once, at
its end, where all that it makes can be found again after a kill: by its plan, its events, and the stack's mark.
"""

import json
import os
import socket
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..console import Problem
from . import Stack, config, recorded
from .recorded import Step
from .state import StateFiles, deployment, elsewhere

#: Pulumi's own variable. Who sets it decides: `false` keeps the checkpoints.
VARIABLE = "PULUMI_SKIP_CHECKPOINTS"
#: A run that changes fewer objects keeps its checkpoints: they take next to no time, and were killed most often.
FEW = 50
#: For so many seconds another machine's run may have a journal and no lock of Pulumi's, which is taken once the program
#: is loaded, and given back a moment before the journal goes.
UNLOCKED_SECONDS = 60


class Journal:
    """The files beside a stack's state."""

    def __init__(self, files: StateFiles) -> None:
        """Name the state."""
        self.files = files
        self._plan = files.journal / "plan.json"
        self.events = files.journal / "events"

    def left(self) -> bool:
        """Whether a run did not come to write its state. Nobody else may run: ask under the stack's lock."""
        return self._plan.exists()

    def begin(self, planned: Iterable[Step]) -> None:
        """Write down what a run is about to do, before it may.

        Raises:
            OSError: That cannot be written.
        """
        self.files.journal.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"host": socket.gethostname(), "steps": [asdict(step) for step in planned]}
        config.write_private(self.events, "")
        config.write_private(self._plan, json.dumps(told))
        _flush(self.files.journal)

    def read(self) -> tuple[list[Step], list[Step]]:
        """What the run was about to do, and what it began.

        Raises:
            Problem: The files were damaged since, or another machine may still write to them.
        """
        try:
            told = json.loads(self._plan.read_bytes())
            host, planned = str(told["host"]), [Step(**entry) for entry in told["steps"]]
            lines = self.events.read_text(encoding="utf-8", errors="replace").splitlines()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Problem(
                f"a run did not come to write its state, and its journal cannot be read: {error}",
                f"bring {self._plan.parent} back; or remove it when every object in the cluster is in the state",
            ) from None
        if elsewhere(host) and self._idle() < UNLOCKED_SECONDS:
            raise Problem(
                f"{host}, another machine, began or ended a run a moment ago: whether it lives cannot be seen here",
                f"wait until it ends there; was it killed, type the same again in {UNLOCKED_SECONDS} s",
            )
        return planned, recorded.steps(lines)

    def _idle(self) -> float:
        """For how many seconds nobody has written to it, by the clock of whatever keeps the files."""
        with tempfile.NamedTemporaryFile(dir=self.files.journal) as now:
            return os.stat(now.name).st_mtime - max(path.stat().st_mtime for path in (self._plan, self.events))

    def drop(self) -> None:
        """Forget the run: the state says what it did."""
        for path in (self._plan, self.events):
            path.unlink(missing_ok=True)
        # With it go the folders above it that no other stack's journal is in.
        for folder in (self.files.journal, *self.files.journal.parents[:2]):
            with suppress(OSError):
                folder.rmdir()


@dataclass(frozen=True)
class Kept:
    """Where a run's events go, and what tells Pulumi to do without checkpoints."""

    log: Path | None = None
    """None for a file that nobody needs afterwards."""
    journal: Journal | None = None
    written: str = ""
    """When the state was written before the run."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the run."""
        return {VARIABLE: "true"} if self.journal else {}

    def ended(self, status: int) -> None:
        """Forget the journal when the state was written since, whole, or Pulumi ended before it began.

        Args:
            status: Pulumi's exit status; negative when it was killed.
        """
        if not self.journal:
            return
        began = self.journal.events.exists() and self.journal.events.stat().st_size
        now = _written(self.journal.files)
        # One that was killed is looked at anew in any case: that finds nothing where it was done already.
        if status >= 0 and now and now != self.written:
            for path in (self.journal.files.path, self.journal.files.path.parent):
                _flush(path)
            self.journal.drop()
        elif status > 0 and not began:
            self.journal.drop()


def begin(stack: Stack, planned: list[Step]) -> Kept:
    """Begin a run without checkpoints, or with them where a kill would leave what cannot be found again.

    Args:
        stack: The stack; whatever an earlier run left is settled.
        planned: What the run will do.
    """
    files = stack.files
    if not files or refusal(stack, files, planned):
        return Kept()
    journal = Journal(files)
    try:
        journal.begin(planned)
    except OSError:
        # No room, for example: the run says so itself.
        with suppress(OSError):
            journal.drop()
        return Kept()
    return Kept(journal.events, journal, _written(files))


def of(stack: Stack) -> Journal | None:
    """The journal that a killed run left; None where there is none."""
    journal = Journal(stack.files) if stack.files else None
    return journal if journal and journal.left() else None


def notice(stack: Stack) -> str:
    """What to say before a preview, which cannot know what a killed run made; empty where none was."""
    if not of(stack):
        return ""
    return (
        f"A run of stack {stack.name} was killed: what follows compares with the state from before it. First:"
        f" make repair STACK={stack.name}"
    )


def refusal(stack: Stack, files: StateFiles, planned: Sequence[Step]) -> str:
    """Why a run needs checkpoints; empty if it does not."""
    given = os.environ.get(VARIABLE, "").lower()
    # As Pulumi reads it: everything but these two is no.
    if given and given not in ("true", "1"):
        return f"{VARIABLE} is {given}"
    if not given and (changes := sum(step.custom and not step.provider for step in planned)) < FEW:
        return f"{changes} objects change: fewer than {FEW}"
    if files.compressed() or os.environ.get("PULUMI_DIY_BACKEND_GZIP"):
        return "the state is compressed"
    if Journal(files).left():
        return "an earlier run is not settled"
    mark = stack.mark()
    reasons = (f"{step.urn}: {why}" for step in planned if (why := recorded.unrecognizable(step, mark)))
    return "" if given else next(reasons, "")


def removals(files: StateFiles) -> list[Step]:
    """What a destroy will do, by the state."""
    resources = (deployment(files.path) or {}).get("resources") or []
    return [
        Step("delete", {key: item[key] for key in ("urn", "type", "custom", "inputs") if key in item})
        for item in resources
    ]


def _written(files: StateFiles) -> str:
    return str(((deployment(files.path) or {}).get("manifest") or {}).get("time", ""))


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
