"""One way to run another program: always with a limit, and with an error for each kind of failure."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from .console import Problem, duration

#: A program that was told to end gets this long before it is killed.
GRACE_SECONDS = 5


class Failed(Problem):
    """A program ended with an error."""

    def __init__(self, what: str, fix: str = "", said: str = "") -> None:
        """Take the message, what to type next, and what the program printed."""
        super().__init__(what, fix)
        self.said = said


class Missing(Failed):
    """The program is not on this machine."""


class TimedOut(Failed):
    """The program did not end in time, and was ended."""


class NotFound(Failed):
    """The API server answered that there is no such object, or no such kind."""


class Forbidden(Failed):
    """The API server answered that this user may not do that."""


class Unreachable(Failed):
    """The API server did not answer."""


#: What kubectl prints for each kind of failure.
_KINDS: tuple[tuple[str, type[Failed]], ...] = (
    (r"\(NotFound\)|the server doesn't have a resource type|no matches for kind", NotFound),
    (r"\(Forbidden\)", Forbidden),
    (
        r"Unable to connect to the server|connection refused|was refused - did you specify the right host"
        r"|i/o timeout|no route to host|Client\.Timeout exceeded|context deadline exceeded|TLS handshake"
        r"|x509: |\(Unauthorized\)|must be logged in|invalid configuration|does not exist$",
        Unreachable,
    ),
)


def failure(command: Sequence[str], said: str, purpose: str = "") -> Failed:
    """Return the error for what a failed command printed.

    Args:
        command: The program and its arguments.
        said: What it printed as its error.
        purpose: What the command was for, as people say it.
    """
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, said, re.MULTILINE)), Failed)
    last = next((line.strip() for line in reversed(said.strip().splitlines()) if line.strip()), "it printed nothing")
    # Of a plugin for credentials that is missing, kubectl ends with hints of the plugin's maker.
    plugin = re.search(r"executable (\S+) not found", said)
    cause, fix = (plugin[0], f"put {plugin[1]} on PATH") if plugin else (last, "")
    return kind(f"{purpose or 'command'} failed ({' '.join(command[:3])}): {cause}", fix, said)


def run(
    command: Sequence[str],
    *,
    seconds: float,
    purpose: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    text: str | None = None,
    source: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it printed.

    Args:
        command: The program and its arguments.
        seconds: How long it may take.
        purpose: What it is for, for the errors: `read the services of the cluster`.
        env: Its whole environment (default: this process's).
        cwd: Its folder (default: this process's).
        text: What it reads as its input (default: nothing).
        source: The file that it reads as its input, in the place of `text`.
        check: Whether a status other than 0 is an error.

    Raises:
        Missing: The program is not there.
        TimedOut: It took longer, and was ended with all that it started.
        Failed: It ended with an error; `NotFound`, `Forbidden` and `Unreachable` where kubectl says so.
    """
    try:
        with (
            source.open("rb")
            if source
            else nullcontext(subprocess.DEVNULL if text is None else subprocess.PIPE) as given
        ):
            process = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                # A group of its own, so that all it started can be ended with it.
                process_group=0,
            )
    except FileNotFoundError as error:
        raise Missing(f"{command[0]} is not on this machine", f"put {command[0]} on PATH") from error
    except PermissionError as error:
        raise Missing(f"{command[0]} may not be run by this user: {error.strerror}") from error
    try:
        out, err = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        raise TimedOut(
            f"waited {duration(seconds)} for {purpose or ' '.join(command[:3])} and ended it ({' '.join(command[:3])})",
            "see whether the cluster and the network answer, then type the same command again",
        ) from None
    except BaseException:
        _end(process)
        raise
    done = subprocess.CompletedProcess(list(command), process.returncode, out, err)
    if check and done.returncode:
        raise failure(command, err or out, purpose)
    return done


def _end(process: subprocess.Popen[str]) -> None:
    """End a program and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE_SECONDS)
        except (ProcessLookupError, PermissionError):
            break
        except subprocess.TimeoutExpired:
            continue
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
