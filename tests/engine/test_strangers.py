"""The README's commands that need no cluster, as strangers run them: with next to nothing set, in odd places.

All of it happens in a checkout whose path has a blank and an umlaut. A Python that is not on this machine is listed as
a skipped test, with its version.
"""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from cli import paths
from lab import matrix
from lab.toolchain import Toolchain
from lab.toolchain.pins import pinned
from tests import copies, environment

pytestmark = pytest.mark.engine

#: What a stranger lacks of what may pass: it says how people are greeted, not where packages and programs are.
UNSET = ("LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "COLUMNS", "LINES", "CI", "KUBEAUTH_*", "USER", "LOGNAME", "XDG_*")
COMMANDS = {
    "help": ["make"],
    "policy": ["make", "policy", "STACK=prod"],
    "render": ["make", "render", "STACK=prod", "OUT=out/my manifests"],
    "stacks": ["make", "preview-stacks", "BASE=HEAD"],
    "env": ["make", "-s", "env"],
}
SHOWS = {
    "help": "make up",
    "policy": "kubeauth@v",
    "render": "Wrote out/my manifests.",
    "stacks": '"prod"',
    "env": "export PULUMI_STACK=dev",
}
#: Besides the one that runs the tests: each takes a minute, for its packages.
VERSIONS = ("3.13", "3.14")
NOBODY = 65534


def copy_to(folder: Path, *, packages: bool) -> Path:
    """A checkout in a folder; with this checkout's Python packages, or with none yet."""
    return copies.make(folder / "Häuser und mehr" / "kubeauth", packages=packages, commit=True)


@dataclass
class Stranger:
    """Somebody with a checkout."""

    checkout: Path
    variables: dict[str, str] = field(default_factory=dict)
    """What is set, on top of where packages come from."""
    before: tuple[str, ...] = ()
    """What runs the commands: `setpriv …`."""
    umask: int = 0o022
    terminal: bool = False

    def env(self) -> dict[str, str]:
        found = {key: value for key, value in os.environ.items() if not any(fnmatchcase(key, name) for name in UNSET)}
        # Python compiles what is imported; pip would compile the thousands of modules that nobody here imports.
        return {**environment.passing(found), "PIP_COMPILE": "0", **self.variables}

    def run(self, *command: str, seconds: int = 240) -> str:
        """Run a command that has to succeed, and return what it printed."""
        status, said = self.ends(*command, seconds=seconds)
        assert status == 0, said
        return said

    def ends(self, *command: str, seconds: int = 240) -> tuple[int, str]:
        """Run a command, and return its exit status and what it printed."""
        line = [*self.before, *command]
        status, said = self._on_a_terminal(line, seconds) if self.terminal else self._without(line, seconds)
        assert "Traceback" not in said
        return status, said

    def _without(self, line: list[str], seconds: int) -> tuple[int, str]:
        done = subprocess.run(
            line,
            cwd=self.checkout,
            env=self.env(),
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        return done.returncode, done.stdout

    def _on_a_terminal(self, line: list[str], seconds: int) -> tuple[int, str]:
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.checkout)
            os.execvpe(line[0], line, {**self.env(), "TERM": "xterm"})  # noqa: S606 - no shell is wanted
        said, until = b"", time.monotonic() + seconds
        while select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
            try:
                said += os.read(terminal, 65536)
            except OSError:
                # All that had it open have ended.
                break
        # What still runs loses its terminal, and ends.
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode(errors="replace")

    def does(self, *names: str) -> None:
        """Run commands of the README, and see what they show and leave."""
        for name in names:
            assert SHOWS[name] in self.run(*COMMANDS[name]), name
        if "render" in names:
            assert list((self.checkout / "out/my manifests").rglob("*deployment*.yaml"))
            shutil.rmtree(self.checkout / "out")
        changed = ["git", "-c", f"safe.directory={self.checkout}", "status", "--porcelain"]
        assert subprocess.run(changed, cwd=self.checkout, capture_output=True, text=True, check=True).stdout == ""


@pytest.fixture(scope="module")
def shared(engine: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkout for all that differ in their environment only."""
    return copy_to(tmp_path_factory.mktemp("strangers"), packages=True)


def test_with_home_and_path_only(shared):
    Stranger(shared).does(*COMMANDS)


def test_with_a_umask_that_lets_nobody_else_read(shared):
    Stranger(shared, umask=0o077).does("render", "env")


def test_with_the_locale_c(shared):
    Stranger(shared, {"LANG": "C", "LC_ALL": "C"}).does("help", "render", "stacks")


def test_with_an_empty_home(shared, tmp_path):
    """Only the programs that were built stay where they are, or they would be built again."""
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(paths.CACHE.parent)}
    Stranger(shared, places).does(*COMMANDS)


def test_on_a_terminal(shared):
    Stranger(shared, terminal=True).does("policy")


def own_programs(cache: Path) -> None:
    """Give a user the engine's programs that this user has built."""
    for program in pinned():
        if program.part == "engine" and program.is_built():
            target = cache / program.folder.relative_to(paths.CACHE)
            shutil.copytree(program.folder, target)


@pytest.fixture(scope="module")
def ordinary(engine: Toolchain) -> Iterator[Stranger]:
    """An ordinary user with a fresh clone, and a Python that all users have, into which make installs the packages."""
    outside = Path(tempfile.mkdtemp(prefix="kubeauth-stranger-"))
    # pytest's own folders are this user's.
    outside.chmod(0o755)
    try:
        (outside / "home").mkdir()
        places = {"HOME": str(outside / "home"), "XDG_CACHE_HOME": str(outside / "cache")}
        if os.geteuid():
            yield Stranger(copy_to(outside, packages=True), {"HOME": str(outside / "home")})
            return
        become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        found = [python for python in ("/usr/bin/python3", "/usr/local/bin/python3") if matrix.fits([*become, python])]
        if not found:
            pytest.skip("no Python 3.11 or newer that an ordinary user may run is on this machine")
        checkout = copy_to(outside, packages=False)
        own_programs(outside / "cache/kubeauth")
        give_away(outside)
        yield Stranger(checkout, {**places, "PYTHON": found[0]}, become)
    finally:
        shutil.rmtree(outside)


def give_away(folder: Path) -> None:
    """Make an ordinary user the owner of a folder and all in it."""
    for path in [*folder.rglob("*"), folder]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def test_as_an_ordinary_user(ordinary):
    ordinary.does("help", "policy", "render", "stacks")


PULUMI = """#!/bin/sh
echo "pulumi $*" >> "$LAPTOP/asked"
case "$1" in
  version) echo v3.259.0;;
  plugin) mkdir -p "$PULUMI_HOME/plugins/resource-kubernetes-v$5"
          touch "$PULUMI_HOME/plugins/resource-kubernetes-v$5/pulumi-resource-kubernetes";;
  *) cat "$KUBECONFIG" >> "$LAPTOP/contexts"; echo "error: a stand-in keeps no state" >&2; exit 1;;
esac
"""
KUBECTL = """#!/bin/sh
echo "kubectl $*" >> "$LAPTOP/asked"
echo '{"clientVersion": {"gitVersion": "v1.37.0"}}'
"""
RECORDS = '#!/bin/sh\necho "$(basename "$0") $*" >> "$LAPTOP/asked"\n'


@pytest.fixture
def laptop(ordinary: Stranger) -> Iterator[Callable[..., Stranger]]:
    """The ordinary user's laptop, with a kubeconfig, and programs that note how they are called instead of working."""
    home = Path(ordinary.variables["HOME"])
    folder = home.parent / "laptop"
    programs = {"pulumi": PULUMI, "pulumi-language-python": RECORDS, "kubectl": KUBECTL, "go": RECORDS}

    def made(*contexts: str, current: str, more: tuple[str, ...] = ()) -> Stranger:
        (folder / "bin").mkdir(parents=True)
        (home / ".kube").mkdir()
        for name, text in {**programs, **dict.fromkeys(more, RECORDS)}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        server = "https://{}.example:6443"
        content = {
            "current-context": current,
            "clusters": [{"name": name, "cluster": {"server": server.format(name)}} for name in contexts],
            "users": [{"name": name, "user": {"token": name}} for name in contexts],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts],
        }
        (home / ".kube/config").write_text(yaml.safe_dump(content))
        if not os.geteuid():
            give_away(home)
            give_away(folder)
        own = {
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "LAPTOP": str(folder),
            "PULUMI_HOME": str(folder / "pulumi"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        return Stranger(ordinary.checkout, {**ordinary.variables, **own}, ordinary.before)

    yield made
    for path in (folder, home / ".kube", ordinary.checkout / ".kubeauth"):
        shutil.rmtree(path, ignore_errors=True)


def asked(stranger: Stranger) -> list[str]:
    path = Path(stranger.variables["LAPTOP"], "asked")
    return path.read_text().splitlines() if path.exists() else []


def test_a_laptop_with_kind_and_pulumi_goes_there_installs_the_provider_and_builds_nothing(laptop):
    user = laptop("prod", "kind-a", current="kind-a", more=("kind", "docker"))
    _, said = user.ends("make", "up")
    assert (
        "Stack dev goes to context kind-a, https://kind-a.example:6443 (the current context of ~/.kube/config)." in said
    )
    assert any(line.startswith("pulumi plugin install resource kubernetes ") for line in asked(user))
    assert not [line for line in asked(user) if line.startswith("go ")]
    assert "to be built" not in said
    for text in [
        Path(user.variables["LAPTOP"], "contexts").read_text(),
        (user.checkout / ".kubeauth/clusters/dev").read_text(),
    ]:
        assert "kind-a.example" in text
        assert "prod.example" not in text


def test_a_laptop_with_production_alone_stops_at_once_with_the_four_ways_and_has_built_nothing(laptop):
    user = laptop("prod", current="prod")
    status, said = user.ends("make", "up")
    assert status != 0
    assert "Context prod, https://prod.example:6443, of ~/.kube/config is not plainly local" in said
    for way in ("make up CONTEXT=", "minikube start", "Docker and kind", "sudo make up"):
        assert way in said
    assert asked(user) == []


@pytest.mark.parametrize("version", [version for version in VERSIONS if not sys.version.startswith(f"{version}.")])
def test_with_another_python(engine, tmp_path, version):
    """This one's version runs all other tests."""
    python = matrix.pythons().get(version)
    if not python:
        pytest.skip(f"Python {version} is not on this machine")
    checkout = copy_to(tmp_path, packages=False)
    Stranger(checkout, {"PYTHON": python}).does("policy")
    shown = subprocess.run([checkout / ".venv/bin/python", "-V"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(f"Python {version}.")
