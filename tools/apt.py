"""Debian packages that this machine lacks."""

import os
import subprocess
from pathlib import Path

#: Another installation may be at work, for example a second `make up` on a new machine.
_WAIT = ("-o", "DPkg::Lock::Timeout=600")


def install(*packages: str) -> str:
    """Install packages; return what went wrong, or nothing."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = [["install", "-q", "-y", "--no-install-recommends", *packages]]
    if not any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        commands.insert(0, ["update", "-q"])
    for command in commands:
        done = subprocess.run(["apt-get", *_WAIT, *command], env=environment, capture_output=True, text=True)
        if done.returncode:
            return f"apt-get {command[0]} failed: {done.stderr.strip()[-500:]}"
    return ""
