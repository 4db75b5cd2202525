"""`kubeauth backup`, `restore` and `import`: the database's backup CronJob, run now with other arguments."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..console import Problem, console, step
from . import Stack
from .jobs import Failure, Jobs

#: The name in the place of a backup's that removes what earlier restores replaced.
DROP_OLD = "drop-old"
#: What the script takes for the application's schema.
_FIRST = "-"
#: The slowest way to a cluster that is waited for, in bytes per second.
_SLOWEST = 100_000

#: How the line of a backup begins.
_MADE = re.compile(r"\S+-\d{8}T\d{6}Z\.sql\.gz \d+ ")
#: What to type next, by what a job says.
_NEXT = (
    ("Lost connection", "make status says why the server ended; a large value needs several times its size in memory"),
    (
        "Can't connect",
        "make status says whether a server is away; then run it again, which first puts right what this one left",
    ),
    ("is in use", "run it again when nobody uses that table for long; the old content is as it was"),
    ("has rows", "to replace them: make restore STACK={stack} {what} FORCE=1"),
    ("reaches to", "make restore STACK={stack} says the last second that can be restored"),
    ("there is no backup", "make restore STACK={stack} lists the backups"),
    ("earlier version", "make import STACK={stack} FILE={name} makes one of this version of it"),
)


def backup(stack: Stack, database: str = "") -> None:
    """Make a backup now."""
    with step("make a backup"):
        printed = _run(stack, database, "backup")
    for line in printed.strip().splitlines():
        if _MADE.match(line):
            _made(line)
        else:
            console.print(line, markup=False)


def restore(stack: Stack, name: str, *, force: bool, database: str = "") -> None:
    """Put the database's schema back to a backup; or list the backups, or remove what restores have replaced.

    Args:
        stack: The stack.
        name: The backup's file name; empty for a list; `drop-old` to remove what earlier restores replaced.
        force: Whether rows that are there may be replaced.
        database: The database's name where the stack backs up several. Default: the only one.
    """
    if not name:
        listed = _run(stack, database, "list").strip()
        print(listed or "There are no backups.")
        return
    if name == DROP_OLD:
        with step("remove what restores have replaced"):
            done = _run(stack, database, "drop_old")
        console.print(done.strip() or "There is nothing to remove.", markup=False)
        return
    with step(f"restore {name}"):
        done = _run(stack, database, "restore", name, *(["force"] if force else []))
    _restored(stack, done)


@dataclass(frozen=True)
class Second:
    """A moment to which a schema is restored."""

    asked: str
    """As it was typed: UTC, unless it says how far from that it is."""
    schema: str = ""
    """Default: the application's."""

    def in_utc(self) -> str:
        """Return it as files' names have it.

        Raises:
            Problem: It is no time, or it is still to come.
        """
        try:
            when = datetime.fromisoformat(self.asked)
        except ValueError:
            raise Problem(f"{self.asked} is not a time", "--to '2026-11-26 03:14:15', in UTC") from None
        when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
        if when > datetime.now(UTC):
            raise Problem(f"{when:%Y-%m-%d %H:%M:%S} UTC is still to come", "kubeauth restore says the last second")
        return f"{when:%Y%m%dT%H%M%SZ}"


def restore_second(stack: Stack, second: Second, *, force: bool, database: str = "") -> None:
    """Put a schema back to what it was at a second: from the backup before it and the binary log in the bucket.

    Args:
        stack: The stack.
        second: Which one; what was committed before it is there.
        force: Whether rows that are there may be replaced.
        database: The database's name where the stack backs up several. Default: the only one.
    """
    when = second.in_utc()
    jobs = Jobs(stack, database)
    with step(f"restore {second.schema or 'the schema'} to {second.asked} from the backup before and the binary log"):
        job = jobs.start("restore_second", second.schema or _FIRST, when, *(["force"] if force else []))
        schema = f" SCHEMA={second.schema}" if second.schema else ""
        done = _result(stack, jobs, job, "restore", when, f"TO='{second.asked}'{schema}")
    _restored(stack, done)


def _restored(stack: Stack, said: str) -> None:
    console.print(f"{said.rstrip()}\nRemove it with: make restore STACK={stack.name} BACKUP={DROP_OLD}", markup=False)


def import_(stack: Stack, file: Path, database: str = "") -> str:
    """Make a backup of a dump from elsewhere, which `restore` puts in place; the living schema is not touched.

    Args:
        stack: The stack.
        file: The dump: SQL as mysqldump or mariadb-dump write it, of one schema, compressed by gzip or not. A name
            that is no file here is one of the backups' volume, for example of a backup by an earlier version.
        database: The database's name where the stack backs up several. Default: the only one.

    Returns:
        The backup's name.
    """
    if not file.is_file() and file.name != str(file):
        raise Problem(f"there is no file {file}", "name a dump: make import FILE=dump.sql.gz")
    jobs = Jobs(stack, database)
    job = _send(stack, jobs, file) if file.is_file() else jobs.start("import_", file.name)
    with step("load it into a server of its own, and make a backup of that"):
        printed = _result(stack, jobs, job, "import", file.name)
    name = _made(next(line for line in printed.splitlines() if _MADE.match(line)))
    console.print(f"Put it in place with: make restore STACK={stack.name} BACKUP={name}", markup=False)
    return name


def _send(stack: Stack, jobs: Jobs, file: Path) -> str:
    """Start the job of an import and give its pod the dump; return the job's name."""
    size = file.stat().st_size
    place = f".import-{secrets.token_hex(4)}{'.gz' if file.suffix == '.gz' else ''}"
    with step(f"send {file.name} ({size:,} bytes) to the backups' volume"):
        job = jobs.start("receive", place, str(size))
        pod = jobs.pod(job)
        # The folder of the volume is what the pod's script works in.
        send = ("exec", "--stdin", pod, "--", "sh", "-c", 'cat > "/backups/$0"', place)
        stack.ask(*jobs.kubectl, *send, purpose="send the dump", source=file, seconds=60 + size / _SLOWEST)
    return job


def _made(line: str) -> str:
    """Say what backup a line of a job names; return its name."""
    name, size, state = line.split(" ", 2)
    console.print(f"{name} ({int(size):,} bytes), {state}", markup=False)
    return name


def _run(stack: Stack, database: str, *arguments: str) -> str:
    jobs = Jobs(stack, database)
    return _result(stack, jobs, jobs.start(*arguments), arguments[0], arguments[1] if len(arguments) > 1 else "")


def _result(stack: Stack, jobs: Jobs, job: str, done: str, name: str, what: str = "") -> str:
    """What a job printed.

    Args:
        stack: The stack.
        jobs: The jobs of its database.
        job: The job's name.
        done: What it does, in a word.
        name: The backup's or the dump's name.
        what: How the command line named that. Default: as a backup's name.
    """
    try:
        return jobs.result(job)
    except Failure as failure:
        fix = next((fix for word, fix in _NEXT if word in str(failure)), failure.fix)
        given = {"stack": stack.name, "name": name, "what": what or f"BACKUP={name}"}
        raise Failure(f"{done} failed: {failure}", fix.format(**given)) from None
