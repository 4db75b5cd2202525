"""Traces of a login: the real service against a real server; a stand-in for the collector reads what it is sent."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lab.images.recipes import AUTHENTICATE_SOURCES

from .pods import LIMIT, DatabasePod, free_port

NAME, PASSWORD = "alice-canary", "pass-canary-word"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def spans(self) -> list[Any]:
        """Every span, and `service.name` of whoever sent it."""
        sent = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for each in sent
            for group in each.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@contextmanager
def service(database: DatabasePod, **env: str) -> Iterator[Callable[..., int]]:
    """The auth service, which ends in order; call it with a path and what to post for the status."""
    port, secret = free_port(), database.secrets_of("admin")
    given = {
        "PATH": os.environ["PATH"], "PORT": str(port), "DB_HOST": f"localhost:{database.port}", "DB_NAME": "admin",
        "DB_USER": secret["username"], "DB_PASS": secret["password"], **env,
    }  # fmt: skip
    running = subprocess.Popen([sys.executable, "run.py"], cwd=AUTHENTICATE_SOURCES, env=given)

    def ask(path: str, headers: dict[str, str] | None = None, **body: str) -> int:
        until = time.monotonic() + LIMIT
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
                connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers or {})
                return connection.getresponse().status
            except ConnectionRefusedError:
                assert running.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)

    try:
        yield ask
    finally:
        running.terminate()
        assert running.wait(timeout=LIMIT) == 0


def attributes(span: Any) -> dict[str, Any]:
    return {item.key: item.value.string_value or item.value.int_value for item in span.attributes}


def test_a_login_is_one_trace_from_the_client_to_the_statement_and_holds_nothing_of_the_login(pod, collector):
    database = pod()
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    with service(database, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint) as ask:
        assert ask("/readyz") == 200
        assert ask("/register", username=NAME, password=PASSWORD) == 201
        assert ask("/login", {"traceparent": f"00-{TRACE}-{PARENT}-01"}, username=NAME, password=PASSWORD) == 200
        assert ask(f"/{PASSWORD}") == 404
        database.stop()
        assert ask("/login", username=NAME, password=PASSWORD) == 503
    spans = collector.spans()
    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    assert [span.name for span in ours] == ["CONNECT admin", "SELECT admin", "POST /login"]
    connect, select, login = ours
    assert login.parent_span_id.hex() == PARENT
    assert {connect.parent_span_id, select.parent_span_id} == {login.span_id}
    assert attributes(select) == {
        "db.system.name": "mysql",
        "db.namespace": "admin",
        "db.operation.name": "SELECT",
        "db.query.text": "SELECT username, password FROM users WHERE username = %s",
        "server.address": "localhost",
        "server.port": database.port,
    }
    assert attributes(login)["http.response.status_code"] == 200
    away = [attributes(span)["error.type"] for span in spans if span.status.code == span.status.STATUS_CODE_ERROR]
    assert away == ["2003", "503"]
    assert {span.name for span in spans} >= {"POST /register", "GET other", "INSERT admin"}
    assert not [span.name for span in spans if "readyz" in span.name]
    everything = b"".join(collector.bodies)
    assert b"authenticate" in everything
    for secret in (NAME, PASSWORD, database.secrets_of("admin")["password"]):
        assert secret.encode() not in everything


def test_a_collector_that_is_away_costs_a_login_nothing(pod):
    with service(pod(), OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}") as ask:
        assert ask("/register", username=NAME, password=PASSWORD) == 201
        assert ask("/login", username=NAME, password=PASSWORD) == 200
