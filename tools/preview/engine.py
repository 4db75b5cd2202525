"""How the engine is asked, the same with and without a cluster."""

import re
import subprocess
from collections.abc import Callable

from tools.console import Problem

from . import model
from .model import Preview

_LAST_LINES = 60


#: Runs a command in a stack's environment, with more variables as keywords.
Run = Callable[..., subprocess.CompletedProcess[str]]


def ask(runner: Run, *command: str) -> Preview:
    """Ask the engine what it would do, and change nothing.

    Args:
        runner: Runs a command in the stack's environment.
        command: `preview` or `destroy --preview-only`, with options.

    Raises:
        Problem: The program or its configuration is wrong; the message has the engine's words.
    """
    # What is protected is shown as well, and the gate says that `up` will refuse it.
    return model.read(run(runner, *command, "--ignore-protect"))


def run(runner: Run, *command: str) -> list[str]:
    """Run a command that previews, and return its events, a line each.

    Raises:
        Problem: It failed; the message has the engine's words.
    """
    options = ("--json", "--non-interactive", "--color=never")
    done = runner("pulumi", *command, *options, PULUMI_ENABLE_STREAMING_JSON_PREVIEW="true")
    lines = done.stdout.splitlines()
    # A policy pack that says no ends the run with an error, too, but the preview is whole.
    if done.returncode and not any(policy.startswith("mandatory") for policy in model.read(lines).policies):
        raise Problem(f"pulumi {command[0]} failed:\n{words(done)}")
    return lines


def words(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed run said, for people: its errors, or else its last lines, without the folders it ran in."""
    said = model.read(done.stdout.splitlines()).errors
    plain = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("{")]
    text = "\n".join(said or plain[-_LAST_LINES:]) or "it said nothing"
    return re.sub(r"\S*/kubeauth-preview-[^/\s]*/base", "<base>", text)
