"""What a change does, asked with access: the stack's own state and its cluster."""

import base64
import json
import urllib.parse

from ..stack import Stack, policy
from . import engine
from .model import Preview

#: Shorter secrets are not searched for: they would be found inside other words.
SHORTEST = 6


def preview(stack: Stack) -> tuple[Preview, list[str]]:
    """Preview the working tree against the stack's state.

    Args:
        stack: The stack, prepared.

    Returns:
        What would happen, and notes for the reader.

    Raises:
        Problem: The program, the state or the cluster refused; the message has the engine's words.
    """
    found = engine.ask(stack.run, "preview", *policy.options(stack.name))
    return found, ["Compared: the stack's state and the working tree, with access to the cluster."]


def plain(stack: Stack) -> list[str] | None:
    """The secrets of the stack's configuration that are long enough to be searched for; None: they cannot be read."""
    done = stack.run("pulumi", "config", "--show-secrets", "--json")
    if done.returncode:
        return None
    values = json.loads(done.stdout).values()
    found = (str(entry["value"]) for entry in values if entry.get("secret") and entry.get("value"))
    return [value for value in found if len(value) >= SHORTEST]


def secrets(stack: Stack) -> list[str]:
    """Every secret of the stack's configuration in the forms in which it could appear, longest first."""
    forms = {
        form
        for value in plain(stack) or []
        for form in (
            value,
            base64.b64encode(value.encode()).decode(),
            urllib.parse.quote(value),
            json.dumps(value)[1:-1],
        )
    }
    return sorted(forms, key=lambda form: (-len(form), form))


def without(text: str, forms: list[str]) -> str:
    """Text without these secrets, should one have slipped through the engine's own masks."""
    for form in forms:
        text = text.replace(form, "[secret]")
    return text
