"""Where the tools keep things. One place, so that a clone, a user and a machine each own what is theirs."""

import hashlib
import os
from pathlib import Path


def _project() -> Path:
    """The working folder, or the nearest one above it, that has a Pulumi.yaml; the working folder where none has."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").is_file()), here)


#: The project that commands work on.
CHECKOUT = _project()
#: Belongs to this checkout, ignored by git: passphrase, Pulumi state, stack configuration with its secrets.
LOCAL = CHECKOUT / ".kubeauth"


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "kubeauth"


#: Belongs to the user and can be made again: built programs and images, keyed by what they are made from.
CACHE = _xdg("XDG_CACHE_HOME", ".cache")
#: Belongs to the user and is data: the local nodes.
STATE = _xdg("XDG_STATE_HOME", ".local/state")


def default_node() -> str:
    """The node that `make up` uses: one per checkout, so that two checkouts never share a cluster by accident."""
    return "dev-" + hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:6]
