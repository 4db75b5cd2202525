"""The outputs of a component, registered under the names that its annotations give them."""

import re
from typing import Any

import pulumi


def camel_case(text: str) -> str:
    """Spell a name, or the names in a text, as other languages do: `node_port` is `nodePort`."""
    return re.sub(r"(?<=[a-z0-9])_([a-z0-9])", lambda match: match[1].upper(), text)


def of(component: pulumi.ComponentResource) -> dict[str, pulumi.Output[Any]]:
    """Return a component's outputs as other languages spell them, with the names inside objects, too."""
    return {
        camel_case(name): pulumi.Output.from_input(getattr(component, name)).apply(_spelled)
        for name in type(component).__annotations__
    }


def _spelled(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(entry, dict) for entry in value.values()):
        # A map of objects, whose keys are the program's own.
        return {key: _spelled(entry) for key, entry in value.items()}
    return {camel_case(key): entry for key, entry in value.items()}
