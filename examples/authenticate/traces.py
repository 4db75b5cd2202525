"""Traces: a span for each request, and in it one for each statement. Off unless the environment names a collector.

All settings are OpenTelemetry's own variables. No span holds what a client sent, nor the text of an error.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from config import Config

COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Traces(Protocol):
    """What the rest of the service needs of traces."""

    def request(self, method: str, path: str, parent: str | None) -> AbstractContextManager[Callable[[int], None]]:
        """A span around a request, below that of the header traceparent; call it with the status."""
        ...

    def query(self, text: str, database: "Config") -> AbstractContextManager[None]:
        """A span around a statement, which has placeholders and no values; without a text, around connecting."""
        ...

    def stop(self) -> None:
        """Send what is left."""
        ...


class Off:
    """No traces."""

    def request(self, method: str, path: str, parent: str | None) -> AbstractContextManager[Callable[[int], None]]:
        """Nothing."""
        return nullcontext(lambda status: None)

    def query(self, text: str, database: "Config") -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def stop(self) -> None:
        """Nothing."""


def wanted(env: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a collector and does not switch traces off."""
    off = env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(env.get(name) for name in COLLECTOR)


def problems(env: Mapping[str, str] = os.environ) -> list[str]:
    """What is missing for the traces that the environment asks for."""
    if not wanted(env):
        return []
    try:
        import otlp  # noqa: F401 - to see whether it can be
    except ImportError as error:
        name = next(name for name in COLLECTOR if env.get(name))
        return [f"{name} is set, but {error.name} is not installed: install requirements-traces.txt"]
    return []


def start(env: Mapping[str, str] = os.environ) -> Traces:
    """What the environment asks for."""
    if not wanted(env):
        return Off()
    # Only who asks for traces needs the packages.
    from otlp import Sent

    return Sent(env)
