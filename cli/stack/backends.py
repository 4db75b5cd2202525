"""Where a stack's state is kept: what the user says, else where it is, else this checkout."""

import json
import os
from pathlib import Path

from .. import paths
from . import config


def of(stack: str, pulumi_home: Path) -> str:
    """Return the URL of the backend that keeps a stack's state.

    In this order: PULUMI_BACKEND_URL; `backend: url` in Pulumi.yaml; this checkout, where it has the stack's state
    already; the user's `pulumi login`; this checkout.

    Args:
        stack: The stack's name.
        pulumi_home: PULUMI_HOME, where Pulumi remembers a login.
    """
    project = config.read(config.project_file())
    here = f"file://{paths.LOCAL / 'state'}"
    given = os.environ.get("PULUMI_BACKEND_URL") or (project.get("backend") or {}).get("url")
    if given:
        return given
    if (paths.LOCAL / "state/.pulumi/stacks" / config.project_name() / f"{stack}.json").exists():
        return here
    return login(pulumi_home) or here


def login(pulumi_home: Path) -> str:
    """Return the backend of the user's `pulumi login`; nothing without one."""
    try:
        credentials = json.loads((pulumi_home / "credentials.json").read_text(encoding="utf-8"))
        return str(credentials.get("current") or "")
    except (OSError, ValueError, AttributeError):
        return ""
