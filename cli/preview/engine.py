"""How the engine is asked, the same with and without a cluster."""

import re
import subprocess
from collections.abc import Callable

from . import model
from .model import Preview

_LAST_LINES = 60
#: Makes `preview --json` print the engine's events, one a line, not their digest.
_STREAMED = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true"
TESTED = "docs/reference/matrix.md has the versions of Pulumi that were tried"


#: Runs a command in a stack's environment, with more variables as keywords.
Run = Callable[..., subprocess.CompletedProcess[str]]


def ask(runner: Run, *command: str) -> Preview:
    """Ask the engine what it would do, and change nothing.

    Args:
        runner: Runs a command in the stack's environment.
        command: `preview` or `destroy --preview-only`, with options.

    Returns:
        What it would do; with its words and what it saw so far where it failed.
    """
    # What is protected is shown as well, and the gate says that `up` will refuse it.
    done = run(runner, *command, "--ignore-protect")
    preview = model.read(done.stdout.splitlines())
    # A policy pack that says no ends the run with an error, too, but of these words only, and the preview is whole.
    stopped = any(policy.startswith("mandatory") for policy in preview.policies)
    if done.returncode and not (stopped and set(preview.errors) <= {"error: preview failed"}):
        preview.failure = f"pulumi {command[0]} failed:\n{words(done)}"
    elif not done.returncode and not preview.ended:
        # Else a Pulumi that no longer knows _STREAMED, which its documentation does not name, would change nothing.
        preview.failure = f"pulumi {command[0]} did not print its events; {TESTED}"
    return preview


def run(runner: Run, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that previews; what it prints are the engine's events."""
    options = ("--json", "--non-interactive", "--color=never")
    return runner("env", _STREAMED, "pulumi", *command, *options)


def words(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed run said, for people: its errors, or else its last lines, without the folders it ran in."""
    said = model.read(done.stdout.splitlines()).errors
    plain = [line for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("{")]
    text = "\n".join(said or plain[-_LAST_LINES:]) or "it said nothing"
    return re.sub(r"\S*/kubeauth-preview-[^/\s]*/base", "<base>", text)
