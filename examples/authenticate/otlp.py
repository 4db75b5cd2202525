"""Traces that go to an OpenTelemetry collector by OTLP over HTTP; needs requirements-traces.txt."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from config import Config
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# What is still to be sent at the end may take this long.
FLUSH_SECONDS = 3
_SERVICE = "authenticate"
# The paths of which a span may have the name; whatever else a client asks for is "other".
_ROUTES = ("/login", "/register")
_PROBES = ("/healthz", "/readyz")


class Sent:
    """Spans with the words of OpenTelemetry's conventions for HTTP and databases."""

    def __init__(self, env: Mapping[str, str]) -> None:
        name = {} if env.get("OTEL_SERVICE_NAME") else {"service.name": _SERVICE}
        self._provider = TracerProvider(resource=Resource.create(name))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE)
        self._parent = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, method: str, path: str, parent: str | None) -> Iterator[Callable[[int], None]]:
        """A span around a request; the probes', which ask all the time, have none."""
        if path in _PROBES:
            yield lambda status: None
            return
        route = path if path in _ROUTES else "other"
        above = self._parent.extract({"traceparent": parent or ""})
        given = {"http.request.method": method, "http.route": route}
        with self._span(f"{method} {route}", SpanKind.SERVER, given, above) as span:

            def end(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    _failed(span, str(status))

            yield end

    @contextmanager
    def query(self, text: str, database: Config) -> Iterator[None]:
        """A span around a statement; only within a request's."""
        if not get_current_span().is_recording():
            yield
            return
        operation = text.split(maxsplit=1)[0] if text else "CONNECT"
        given = {"db.system.name": "mysql", "db.namespace": database.database, "db.operation.name": operation}
        # As DB_HOST has them.
        given |= {"server.address": database.host, "server.port": database.port}
        given |= {"db.query.text": text} if text else {}
        with self._span(f"{operation} {database.database}", SpanKind.CLIENT, given) as span:
            try:
                yield
            except Exception as error:
                code = error.args[0] if error.args and isinstance(error.args[0], int) else type(error).__name__
                _failed(span, str(code))
                raise

    def _span(
        self, name: str, kind: SpanKind, given: dict[str, Any], above: Context | None = None
    ) -> AbstractContextManager[Span]:
        # Never the message of an error: it may name the user and the address.
        return self._tracer.start_as_current_span(
            name, above, kind, given, record_exception=False, set_status_on_exception=False
        )

    def stop(self) -> None:
        """Send what is left, as far as FLUSH_SECONDS reach."""
        self._provider.force_flush(FLUSH_SECONDS * 1000)


def _failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
