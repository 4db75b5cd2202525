"""A stack's state as files of Pulumi's file backend: is it whole, what can stand in for it, who locked it."""

import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil

from ..console import Problem


@dataclass(frozen=True)
class PulumiLock:
    """Pulumi's own lock: a file that stays behind when its process is killed."""

    path: Path
    pid: int = 0
    user: str = ""
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        """Return it as people say it."""
        return (
            f"{self.user}@{self.host} (pid {self.pid}, since {self.since})" if self.pid else "a run that left no name"
        )

    def elsewhere(self) -> bool:
        """Whether it was taken on another machine, so that nobody here can tell whether its run is alive."""
        return elsewhere(self.host)

    def alive(self) -> bool:
        """Whether the very process that took it still runs on this machine."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("pulumi"):
                return False
            # A later process may have got the same pid; clocks of two sources differ a little.
            return process.create_time() <= _seconds(self.since) + 2
        except psutil.NoSuchProcess:
            return False


def elsewhere(host: str) -> bool:
    """Whether a machine is another one than this; a name that is not known is not."""
    # A Mac's name gets another domain with each network; its first label stays.
    return bool(host) and _label(host) != _label(socket.gethostname())


def _label(host: str) -> str:
    return host.partition(".")[0].lower()


def _seconds(timestamp: str) -> float:
    # Go writes nanoseconds, which Python 3.11 reads as far as it can.
    return datetime.fromisoformat(timestamp).timestamp()


def deployment(path: Path) -> dict[str, Any] | None:
    """The content of a state file, or None when it is not a whole one. A stack that was never deployed has {}."""
    try:
        content = json.loads(path.read_bytes())
        latest = content["checkpoint"].get("latest")
        if not isinstance(latest, dict | None) or not isinstance(content["version"], int):
            return None
        if latest and ("manifest" not in latest or not all("urn" in item for item in latest.get("resources") or [])):
            return None
        return latest or {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _cut_off(path: Path) -> bool:
    """Whether a file is there and no whole JSON."""
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:
        return False
    except ValueError:
        return True
    return False


class StateFiles:
    """Where the file backend keeps one stack."""

    def __init__(self, backend: str, project: str, stack: str) -> None:
        """Name the stack.

        Args:
            backend: The backend's URL, `file://…`.
            project: The project's name.
            stack: The stack's name.
        """
        root = Path(unquote(urlsplit(backend).path)).expanduser() / ".pulumi"
        self._root = root
        self.path = root / "stacks" / project / f"{stack}.json"
        self._locks = root / "locks" / "organization" / project / stack
        self._backups = root / "backups" / project / stack
        self.history = root / "history" / project / stack
        """The folder with an entry, and the state after it, for each change."""
        self.journal = root.parent / ".kubeauth-journal" / project / stack
        """The folder of cli/stack/journal.py: beside the state, so that whoever has the one has the other."""

    def torn(self) -> list[Path]:
        """The check sums, one beside each file, whose writing was cut off: Pulumi ends at them with nothing but `EOF`.

        The backend writes them in place, and the file that they belong to, which is whole, under another name first.
        """
        names = ("json", "json.bak", "pulumi-tags")
        files = [self._root / "meta.yaml", *(self.path.with_suffix(f".{ending}") for ending in names)]
        beside = [path.with_name(f"{path.name}.attrs") for path in files]
        torn = [path for path in beside if _cut_off(path)]
        if torn:
            # That of a live run is whole a moment later.
            time.sleep(0.2)
        return [path for path in torn if _cut_off(path)]

    def compressed(self) -> bool:
        """Whether the state is compressed, on the user's demand (PULUMI_DIY_BACKEND_GZIP): only Pulumi reads it."""
        return any(self.path.with_name(f"{self.path.name}.{ending}").exists() for ending in ("gz", "zst"))

    def damaged(self) -> bool:
        """Whether the state is there and not whole, or was there once."""
        if self.compressed():
            return False
        if not self.path.exists():
            # `pulumi stack rm` removes the history, too; an accident does not.
            return any(self.history.glob("*.json"))
        return deployment(self.path) is None

    def backup(self) -> Path | None:
        """The newest backup that is whole."""
        candidates = [self.path.with_name(f"{self.path.name}.bak"), *self._backups.glob("*.json")]
        whole = [path for path in candidates if deployment(path)]
        return max(whole, key=lambda path: path.stat().st_mtime_ns, default=None)

    def restore(self, backup: Path) -> Path | None:
        """Put a backup in the place of the state.

        Returns:
            Where the damaged state is kept, if there was one.
        """
        kept = None
        if self.path.exists():
            kept = self.path.with_name(f"{self.path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
            self.path.rename(kept)
        draft = self.path.with_name(f".{self.path.name}.new")
        draft.write_bytes(backup.read_bytes())
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(self.path)
        # The backend keeps a check sum beside each file; that of the damaged one is of no use.
        self.path.with_name(f"{self.path.name}.attrs").unlink(missing_ok=True)
        return kept

    def pending(self) -> int:
        """How many operations a run began and did not finish; a live one has some, too."""
        return len((deployment(self.path) or {}).get("pending_operations") or [])

    def last_change(self) -> tuple[dict[str, Any], str]:
        """The newest entry of the stack's history, and the user whose file it is; nothing where there is none.

        Raises:
            OSError, ValueError: It cannot be read.
        """
        newest = max(self.history.glob("*.history.json"), key=lambda path: path.name, default=None)
        if newest is None:
            return {}, ""
        return json.loads(newest.read_bytes()), owner(newest)

    def tags(self) -> dict[str, str]:
        """The stack's tags; none where there is no whole file of them."""
        try:
            found = json.loads(self.path.with_suffix(".pulumi-tags").read_bytes())["tags"]
            return found if isinstance(found, dict) else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def locks(self) -> list[PulumiLock]:
        """Pulumi's locks on the stack. A process killed while it wrote one leaves a file without content."""
        found = []
        for path in sorted(self._locks.glob("*")):
            if path.name.endswith(".attrs"):
                continue
            try:
                content = json.loads(path.read_bytes())
                lock = PulumiLock(
                    path, int(content["pid"]), content["username"], content["hostname"], content["timestamp"]
                )
                _seconds(lock.since)
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError):
                lock = PulumiLock(path)
            found.append(lock)
        return found

    def clear(self, lock: PulumiLock) -> None:
        """Remove one lock, and no other: `pulumi cancel` would remove a live run's, too."""
        lock.path.unlink(missing_ok=True)
        lock.path.with_name(f"{lock.path.name}.attrs").unlink(missing_ok=True)


def refuse_damage(files: StateFiles, stack: str) -> None:
    """Refuse to work on a state that is not whole.

    Raises:
        Problem: Names the file and the backup that can stand in for it, or the command that does without.
    """
    if torn := files.torn():
        raise Problem(
            f"a killed run left {torn[0]}, a check sum of the state, half written. Nothing was changed.",
            f"make repair STACK={stack}",
        )
    if not files.damaged():
        return
    backup = files.backup()
    what = "missing" if not files.path.exists() else "not whole (cut off or overwritten)"
    raise Problem(
        f"the state of stack {stack} is {what}: {files.path}. Nothing was changed.",
        f"make repair STACK={stack} puts back the backup {backup} of {age(backup)}, then compares it with the cluster"
        if backup
        else f"no backup is left beside it; bring {files.path} back from a backup of yours",
    )


def owner(path: Path) -> str:
    """Whose a file is; empty where it is a user of another machine."""
    try:
        return path.owner()
    except KeyError:
        return ""


def age(path: Path) -> str:
    """When a file was written, as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(path.stat().st_mtime))
