"""Debian packages that this machine lacks."""

import os
from pathlib import Path

from cli import programs

#: Another installation may be at work, for example a second `make up` on a new machine.
_WAIT = ("-o", "DPkg::Lock::Timeout=600")
#: How long apt-get may take in all, in seconds: that wait, and 100 MB over a slow line.
SECONDS = 1800


def install(*packages: str) -> str:
    """Install packages; return what went wrong, or nothing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = [["install", "-q", "-y", "--no-install-recommends", *packages]]
    if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        commands.insert(0, ["update", "-q"])
    for command in commands:
        try:
            done = programs.run(
                ["apt-get", *_WAIT, *command],
                seconds=SECONDS,
                purpose="install Debian packages",
                env=environment,
                check=False,
            )
        except programs.Failed as failure:
            return str(failure)
        if done.returncode:
            return f"apt-get {command[0]} failed: {done.stderr.strip()[-500:]}"
    return ""
