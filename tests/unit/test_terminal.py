"""What Ctrl-C, Ctrl-Z, a closed window and a closed pipe do to `make up`: in a terminal, with a shell and make.

A stand-in plays Pulumi: it draws in raw mode, starts a plugin, and needs a while to finish when it is interrupted.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli import paths

PULUMI = """#!{python}
import json, os, signal, subprocess, sys, time, tty
log = open(sys.argv[sys.argv.index('--event-log') + 1], 'a')
def event(**event): print(json.dumps(event), file=log, flush=True)
seen = []
def interrupted(*_):
    seen.append(1)
    event(stdoutEvent={{'message': '^C received; ' + ('cancelling.' if len(seen) == 1 else 'terminating')}})
signal.signal(signal.SIGINT, interrupted)
event(preludeEvent={{}})
sleep = 'import time; time.sleep(60)'
plugin = subprocess.Popen([sys.executable, '-c', sleep], start_new_session=True)
if os.isatty(0) and os.isatty(1): tty.setraw(0)
print('drawing\\r', flush=True)
open('began', 'w').close()
begun = time.monotonic()
while not seen and time.monotonic() - begun < 60:
    time.sleep(0.02)
    if os.path.exists('enough'): break
begun = time.monotonic()
while len(seen) == 1 and time.monotonic() - begun < {finish}: time.sleep(0.02)
if len(seen) < 2: plugin.kill()
open('ended', 'w').write(str(len(seen)))
sys.exit(1 if seen else 0)
"""
#: `make up` without the checks before Pulumi and the proof after it.
UP = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from cli import console, paths
from cli.stack import change
stack = SimpleNamespace(name='dev', exports=dict)
paths.CHECKOUT = Path.cwd()
def main():
    change._run(stack, os.open(os.devnull, os.O_RDONLY), ['up'])
    print('it is up')
console.run(main)
"""
MAKEFILE = """SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
up:
\t@'{python}' -c "$$UP"
"""


class Shell:
    """An interactive shell in a terminal of its own, in a folder with a stand-in for the project.

    There `make up` runs the program `up` instead.
    """

    def __init__(self, folder: Path, mark: str, up: str = UP) -> None:
        self.folder, self._mark, self.shown, self.everything = folder, mark, "", ""
        path = f"{folder}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "PS1": "$ ", "TERM": "xterm", "UP": up, "PYTHONPATH": str(paths.CHECKOUT)}
        self.pid, self._terminal = pty.fork()
        if not self.pid:
            os.chdir(folder)
            # Bash keeps a terminal's jobs as people's shells do.
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**env, "KUBEAUTH_TEST_MARK": mark})  # noqa: S606

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def wait_for(self, pattern: str, seconds: float = 60) -> str:
        """Read until a pattern has been shown; return what was shown, and forget it."""
        until = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown)):
            assert select.select([self._terminal], [], [], max(0, until - time.monotonic()))[0], self.shown
            read = os.read(self._terminal, 65536).decode(errors="replace")
            self.shown += read
            self.everything += read
        before, self.shown = self.shown[: found.end()], self.shown[found.end() :]
        return before

    def start(self, command: str = "make up") -> None:
        self.type(f"{command}\n")
        wait_until(lambda: (self.folder / "began").exists())
        self.listens()

    def listens(self) -> None:
        """Wait until Ctrl-C and Ctrl-Z are signals: our look at the terminal comes after Pulumi's change of it."""
        time.sleep(0.6)
        wait_until(lambda: bool(termios.tcgetattr(self._terminal)[3] & termios.ISIG))

    def status(self) -> str:
        """Wait for the command's end; return its exit status."""
        self.type("echo status=$?.\n")
        return re.sub(r"(?s).*status=", "", self.wait_for(r"status=\d+\.")).rstrip(".")

    def is_as_it_was(self) -> bool:
        """Whether the terminal takes lines, and keys for signals."""
        self.type("stty -a | tr ' ' '\\n' | grep -x -e isig -e icanon -e opost | sort; echo the end\n")
        return bool(re.search(r"icanon\s+isig\s+opost\s", self.wait_for(r"\nthe end")))

    def close(self) -> None:
        """Close the window."""
        os.close(self._terminal)
        self._terminal = -1

    def gone(self) -> None:
        """Nothing runs any more that was started here, but for the shell."""
        wait_until(lambda: [item for item in self.processes() if item.pid != self.pid] == [])

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("KUBEAUTH_TEST_MARK") == self._mark and process.status() != "zombie":
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def end(self) -> None:
        for process in self.processes():
            process.kill()
        if self._terminal >= 0:
            self.close()
        os.waitpid(self.pid, 0)


def wait_until(true, seconds: float = 45) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(params=[1.0])
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    """The stand-in takes so many seconds to finish after the first interrupt."""
    script = tmp_path / "pulumi"
    script.write_text(PULUMI.format(python=sys.executable, finish=request.param))
    script.chmod(0o755)
    with opened(tmp_path) as shell:
        yield shell


@contextmanager
def opened(folder: Path, up: str = UP) -> Iterator[Shell]:
    """A shell; what it started is ended with it."""
    (folder / "Makefile").write_text(MAKEFILE.format(python=sys.executable))
    shell = Shell(folder, uuid.uuid4().hex, up)
    try:
        shell.wait_for(r"\$ ")
        yield shell
    finally:
        shell.end()


def ended(shell: Shell) -> str:
    return (shell.folder / "ended").read_text()


def test_ctrl_c_lets_pulumi_finish_and_says_how_to_go_on(shell):
    shell.start()
    shell.type("\x03")
    shell.wait_for("interrupted; make up STACK=dev goes on from here")
    assert shell.status() == "130"
    assert ended(shell) == "1"
    shell.gone()


@pytest.mark.parametrize("shell", [30.0], indirect=True)
def test_ctrl_c_twice_ends_it_now(shell):
    shell.start()
    shell.type("\x03")
    time.sleep(0.5)
    shell.type("\x03")
    shell.wait_for("interrupted; make up STACK=dev goes on from here", 10)
    assert shell.status() == "130"
    assert ended(shell) == "2"
    shell.gone()


def test_a_terminal_that_pulumi_left_as_it_drew_is_put_back(shell):
    """Shells do so only for jobs that were stopped or killed."""
    shell.start()
    (shell.folder / "enough").touch()
    shell.wait_for("it is up")
    assert shell.is_as_it_was()


def test_ctrl_z_stops_it_and_fg_goes_on(shell):
    shell.start()
    shell.type("\x1a")
    shell.wait_for(r"Stopped.*make up[^\n]*\n")
    stopped = [item.status() for item in shell.processes() if item.name() in {"pulumi", "make"}]
    assert stopped == ["stopped", "stopped"]
    assert shell.is_as_it_was()
    shell.type("fg\n")
    shell.wait_for("make up")
    (shell.folder / "enough").touch()
    shell.wait_for("it is up")
    assert ended(shell) == "0"
    shell.gone()


def test_after_ctrl_z_and_fg_ctrl_c_still_works(shell):
    shell.start()
    shell.type("\x1a")
    shell.wait_for(r"Stopped.*make up[^\n]*\n")
    shell.type("fg\n")
    shell.wait_for("make up")
    shell.listens()
    shell.type("\x03")
    shell.wait_for("interrupted; make up STACK=dev goes on from here")
    wait_until(lambda: (shell.folder / "ended").exists())
    assert ended(shell) == "1"
    shell.gone()


def test_a_closed_window_ends_it_as_ctrl_c_does(shell):
    shell.start()
    shell.close()
    wait_until(lambda: (shell.folder / "ended").exists())
    assert ended(shell) == "1"
    wait_until(lambda: shell.processes() == [])


def test_a_closed_window_is_seen_without_a_shell_that_tells(shell):
    """Where the terminal's first process is not a shell, nobody sends a hang-up to the job."""
    shell.start("trap '' HUP; make up")
    shell.close()
    wait_until(lambda: (shell.folder / "ended").exists())
    assert ended(shell) == "1"


def test_a_closed_pipe_ends_it_as_ctrl_c_does(shell):
    shell.start("make up | (sleep 2; head -0)")
    shell.status()
    assert ended(shell) == "1"
    shell.gone()
    assert not re.search("Traceback|Exception|rror:", shell.everything)


def test_ctrl_z_stops_it_with_a_pipe_behind_it_too(shell):
    shell.start("make up | cat")
    shell.type("\x1a")
    shell.wait_for(r"Stopped.*make up[^\n]*\n")
    assert [item.status() for item in shell.processes() if item.name() == "pulumi"] == ["stopped"]
    shell.type("fg\n")
    shell.wait_for("make up")
    (shell.folder / "enough").touch()
    shell.wait_for("it is up")
    shell.gone()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 130), (signal.SIGINT, 130)])
def test_without_a_terminal_a_signal_ends_it_the_same_way(shell, number, status):
    env = {**os.environ, "PATH": f"{shell.folder}:{os.environ['PATH']}", "PYTHONPATH": str(paths.CHECKOUT)}
    up = subprocess.Popen(
        [sys.executable, "-c", UP],
        cwd=shell.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: (shell.folder / "began").exists())
    up.send_signal(number)
    said = up.communicate(timeout=20)[0]
    assert up.returncode == status, said
    assert said.endswith("interrupted; make up STACK=dev goes on from here\n")
    assert ended(shell) == "1"


def test_nohup_keeps_it_running_when_the_window_is_closed(shell):
    assert shutil.which("nohup")
    shell.start("nohup make up >out 2>&1 &")
    shell.close()
    time.sleep(1)
    assert not (shell.folder / "ended").exists()
    (shell.folder / "enough").touch()
    wait_until(lambda: (shell.folder / "ended").exists())
    assert ended(shell) == "0"
    wait_until(lambda: "it is up" in (shell.folder / "out").read_text())
