"""The HTTP side: a bounded number of connections, each with a deadline, and an orderly end."""

import io
import json
import logging
import re
import socket
import socketserver
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from api import Api, Problem
from deadline import Deadline
from traces import Off, Traces

CONNECTIONS = 128
REQUEST_SECONDS = 10.0
BODY_BYTES = 16 * 1024
log = logging.getLogger("authenticate")


class Server(socketserver.ThreadingMixIn, HTTPServer):
    """One thread per connection, one request per connection."""

    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def __init__(self, address: tuple[str, int], api: Api, traces: Traces | None = None) -> None:
        self.api, self.traces = api, traces or Off()
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle = threading.Condition()
        self._busy = 0
        self._probes: dict[str, int] = {}
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Listen on IPv4 and IPv6 at once where the machine can; skip the base class's look-up of its own name."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for the connection, or close it when there are too many."""
        if not self._slots.acquire(blocking=False):
            self.api.metrics.turned_away()
            self.shutdown_request(request)
            return
        with self._idle:
            self._busy += 1
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._done()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve the connection and count it out."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._done()

    def _done(self) -> None:
        self._slots.release()
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of this service; the base class would print a traceback."""

    def worth_a_line(self, path: str, status: int) -> bool:
        """Whether the log should have the request: of the probes only what changed since the last one."""
        if path not in ("/healthz", "/readyz"):
            return True
        before, self._probes[path] = self._probes.get(path), status
        return status != before

    def drain(self, seconds: float) -> bool:
        """Wait until no request is in flight; False when the time is over."""
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout=seconds)


class Handler(BaseHTTPRequestHandler):
    """Reads one request, asks the Api, answers in JSON."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "authenticate", ""
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    _input: Deadline
    _status = 0
    _unread = 0
    _reason = ""

    def setup(self) -> None:
        """Put a deadline on the whole request: a timeout per read would let a slow client stay for ever."""
        super().setup()
        self._input = Deadline(self.connection, REQUEST_SECONDS)
        self.rfile = io.BufferedReader(self._input)

    def handle(self) -> None:
        """One request, then close: replicas share the load, and nobody holds an idle connection."""
        self.close_connection = True
        started = time.monotonic()
        self.command = self.path = ""
        self.handle_one_request()
        took = time.monotonic() - started
        path = _printable(self.path)
        # A connection that asked for nothing, such as a probe by TCP, is no request.
        if self.command:
            self.server.api.metrics.request(path, self._status, took)
        if self._status and self.server.worth_a_line(path, self._status):
            log.info("%s %s %d %.0f ms%s", self.command or "-", path, self._status, took * 1000, self._reason)

    def _serve(self) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        self._unread = int(length) if re.fullmatch("[0-9]{1,12}", length) else -1
        path = self.path.partition("?")[0]
        with self.server.traces.request(self.command, path, self.headers.get("traceparent")) as traced:
            status, answer, headers = self._answer(path)
            traced(status)
        self._send(status, answer, headers)

    def _answer(self, path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        try:
            return *self.server.api.answer(self.command, path, self._body), {}
        except Problem as problem:
            if problem.status == 503:
                self._reason = f" {', '.join((problem.error, *problem.reasons))}"
            return problem.status, problem.answer(), problem.headers
        except TimeoutError:
            return 408, {"error": "the request took too long to arrive"}, {}
        except ConnectionError:
            raise
        except Exception as error:
            # Only kind and place: the text of an unknown error may hold what the user typed.
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("unexpected %s at %s:%d", type(error).__name__, place.filename, place.lineno or 0)
            return 500, {"error": "internal error"}, {}

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815 - the base class names them so

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `handle` logs each request once, without what the client sent."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer in JSON where the base class would send HTML: malformed requests, unknown methods."""
        # A line without a version counts as HTTP/0.9, which has no status line.
        self.request_version = self.protocol_version
        self._send(code, {"error": HTTPStatus(code).phrase}, {})

    def _body(self) -> bytes:
        length, self._unread = self._unread, 0
        if self.headers.get("Transfer-Encoding") or length < 0:
            raise Problem(411, "Content-Length is required")
        if length > BODY_BYTES:
            self._unread = length
            raise Problem(413, f"the body is over {BODY_BYTES} bytes")
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(length)

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps(answer).encode() + b"\n"
        self._status = status
        self.connection.settimeout(REQUEST_SECONDS)
        self.send_response_only(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body)),
                            "Connection": "close", "Cache-Control": "no-store"}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if self._unread > 0:
            # Closing with unread input resets the connection, and the client may never see the answer.
            self.connection.shutdown(socket.SHUT_WR)
            self._input.extend(1.0)
            self.rfile.read(min(self._unread, 64 * BODY_BYTES))


def _printable(path: str) -> str:
    # The part behind ? may hold a password that somebody put there by mistake.
    return re.sub("[^!-~]", "?", path.partition("?")[0][:100])
