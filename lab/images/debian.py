"""Root file systems from Debian packages, by mmdebstrap."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from cli import programs
from cli.console import Problem, step
from lab import apt

#: For machines that are not Debian: where to get Debian packages from.
MIRROR_VARIABLE = "KUBEAUTH_DEBIAN_MIRROR"
_NEEDED = {"mmdebstrap": "mmdebstrap", "gpgv": "gpgv"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ARCHITECTURES = ("amd64", "arm64")
# Debian keeps everything in /usr and reaches it by these links; the package that brings them is not unpacked here.
_SKELETON = (
    'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d" && ln -s "usr/$d" "$1/$d"; done; '
    'mkdir -p "$1/proc" "$1/sys" "$1/dev" "$1/run" "$1/root"'
)


def architecture() -> str:
    """Debian's name of this machine's architecture, which is Docker's name, too (tested on amd64 only)."""
    name = _output("dpkg", "--print-architecture").strip()
    if name not in _ARCHITECTURES:
        what = f"images are built on Debian for {' or '.join(_ARCHITECTURES)}; this machine is {name or 'not Debian'}"
        raise Problem(what, "on such a machine run `python -m lab.images --out DIR`, then load the archives here")
    return name


def mirror() -> str:
    """The mirror this machine's own apt uses; empty where it has none, as on Ubuntu: then Debian's own is used."""
    if chosen := os.environ.get(MIRROR_VARIABLE):
        return chosen
    only_main = ("Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main")
    addresses = _output("apt-get", "indextargets", "--format", "$(REPO_URI)", *only_main).split()
    return addresses[0] if addresses else ""


def require_tools() -> None:
    """Install mmdebstrap and the archive's keys when they are missing and this is root; else say what to install."""
    missing = [package for program, package in _NEEDED.items() if not shutil.which(program)]
    if not _KEYRING.exists():
        missing.append("debian-archive-keyring")
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(f"building images needs {', '.join(missing)}", "sudo " + " ".join(install))
    with step(f"Installing {', '.join(missing)}", 20):
        wrong = apt.install(*missing)
    if wrong:
        raise Problem(wrong, " ".join(install))


def unpack(suite: str, packages: tuple[str, ...], hooks: list[str], out: Path) -> None:
    """Write a tar of `packages` and all they depend on to `out`; `hooks` run before that, with the root as `$1`."""
    command = ["mmdebstrap", "--variant=extract", "--include=" + ",".join(packages), "--setup-hook=" + _SKELETON]
    # The index of unstable may be a frozen copy that is past its date; its signature is checked all the same.
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "3"']
    command += ["--extract-hook=" + hook for hook in hooks]
    # Without a mirror, mmdebstrap takes Debian's own.
    command += ["--skip=output/dev", suite, str(out), *filter(None, [mirror()])]
    done = programs.run(command, seconds=apt.SECONDS, purpose="unpack Debian packages", check=False)
    if done.returncode:
        what = f"could not unpack {', '.join(packages)} from Debian {suite}: {_errors(done.stderr)}"
        raise Problem(what, f"check the network and the mirror ({MIRROR_VARIABLE} names another one), then repeat")


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _errors(text: str) -> str:
    """What apt and mmdebstrap call an error; the first lines name the cause, the rest repeat the command."""
    lines = [line.removeprefix("E: ").strip() for line in text.splitlines() if line.startswith("E:")]
    # A mirror's address may carry a password.
    return re.sub(r"//[^/@\s]+@", "//", "; ".join(lines[:2])) or "no reason given"
