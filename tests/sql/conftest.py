"""A bare mysqld for each test, in memory."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import programs as mysql
from .pods import BackupPod, DatabasePod, beside

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where the machine has one, readable for whom the servers run as."""
    folder = Path(tempfile.mkdtemp(prefix="kubeauth-", dir=_MEMORY if _MEMORY.is_dir() else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def programs(memory: Path) -> mysql.Programs:
    """MySQL's programs."""
    return mysql.unpack(memory)


@pytest.fixture(scope="session")
def newborn(programs: mysql.Programs, memory: Path) -> DatabasePod:
    """A database that was made with no options of its own and never started: its volume serves any number of tests."""
    folder = memory / "newborn"
    folder.mkdir(mode=0o755)
    made = DatabasePod(programs, folder)
    made.declare()
    done = made.initialize()
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def pod(programs: mysql.Programs, memory: Path, newborn: DatabasePod) -> Iterator[Callable[..., DatabasePod]]:
    """Makes database pods, started with the inputs that are given: `pod(settings={...})`.

    One that starts at once begins with a copy of `newborn` where its own data directory would be the same.
    """
    made: list[DatabasePod] = []

    def start(shell: str = "bash", *, begin: bool = True, **given: Any) -> DatabasePod:
        folder = Path(tempfile.mkdtemp(prefix="p", dir=memory))
        folder.chmod(0o755)
        made.append(DatabasePod(programs, folder, shell))
        made[-1].declare(**given)
        if begin:
            if made[-1].birth() == newborn.birth():
                made[-1].take_volume(newborn)
            made[-1].start()
        return made[-1]

    yield start
    for each in made:
        # Its data goes with it.
        each.stop(signal.SIGKILL)
        shutil.rmtree(each.folder)


@pytest.fixture
def jobs(pod: Callable[..., DatabasePod]) -> Callable[..., BackupPod]:
    """Makes a database with backups, started, and the pod of its jobs: `jobs("dash", backup={...})`."""

    def make(shell: str = "bash", *, backup: dict[str, Any] | None = None, **given: Any) -> BackupPod:
        database = pod(shell, backup={"schedule": "@daily", **(backup or {})}, **given)
        return BackupPod(database, beside(database))

    return make
