"""What the service counts, in Prometheus' text format; no label holds what a client sent."""

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Routes whose requests are counted each by itself; all others are one.
ROUTES = {"/login": "login", "/register": "register", "/healthz": "healthz", "/readyz": "readyz"}
OUTCOMES = ("ok", "refused", "invalid", "unavailable", "error", "abandoned")
#: Seconds; one hash takes a quarter of a second of a core.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TIMED, SERVED = ("login", "register"), ("ok", "refused")


def outcome(status: int) -> str:
    """The word for an answer's status; 0 is a client that went away before it."""
    if not status:
        return "abandoned"
    if status < 400:
        return "ok"
    words = {401: "refused", 409: "refused", 503: "unavailable"}
    return words.get(status, "invalid" if status < 500 else "error")


class Metrics:
    """Counters of one process. What may be counted is there from the start, so that a first error is an increase."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = {(route, word): 0 for route in TIMED for word in OUTCOMES}
        self._buckets = {route: [0] * (len(BUCKETS) + 1) for route in TIMED}
        self._seconds = dict.fromkeys(TIMED, 0.0)
        self._database_errors: dict[str, int] = {}
        self._turned_away = 0

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that is over.

        Args:
            path: Its path, without what stands behind `?`.
            status: The answer's status; 0 where there was none.
            seconds: How long it took.
        """
        key = (ROUTES.get(path, "other"), outcome(status))
        with self._lock:
            self._requests[key] = self._requests.get(key, 0) + 1
            # How fast it is, who was served knows: a quick refusal by a database that is away is not fast.
            if key[0] in TIMED and key[1] in SERVED:
                place = next((number for number, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
                self._buckets[key[0]][place] += 1
                self._seconds[key[0]] += seconds

    def database_error(self, reason: str) -> None:
        """Count a use of the database that failed; the reason is one of store.py's few."""
        with self._lock:
            self._database_errors[reason] = self._database_errors.get(reason, 0) + 1

    def turned_away(self) -> None:
        """Count a connection that was closed because there were too many."""
        with self._lock:
            self._turned_away += 1

    def text(self) -> str:
        """All of it."""
        with self._lock:
            return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _head("authenticate_requests_total", "counter", "Requests by route and outcome.")
        for (route, word), count in sorted(self._requests.items()):
            yield _line("authenticate_requests_total", {"route": route, "outcome": word}, count)
        name = "authenticate_request_duration_seconds"
        yield from _head(name, "histogram", "Time from a request's first byte to its answer's last.")
        for route in TIMED:
            below = 0
            for most, count in zip((*map(str, BUCKETS), "+Inf"), self._buckets[route], strict=True):
                below += count
                yield _line(f"{name}_bucket", {"route": route, "le": most}, below)
            yield _line(f"{name}_sum", {"route": route}, self._seconds[route])
            yield _line(f"{name}_count", {"route": route}, below)
        yield from _head("authenticate_database_errors_total", "counter", "Uses of the database that failed.")
        for reason, count in sorted(self._database_errors.items()):
            yield _line("authenticate_database_errors_total", {"reason": reason}, count)
        yield from _head("authenticate_connections_turned_away_total", "counter", "Connections closed at the limit.")
        yield _line("authenticate_connections_turned_away_total", {}, self._turned_away)


def _head(name: str, kind: str, about: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


class Exposition(ThreadingHTTPServer):
    """Serves the metrics at a port of its own, which nobody but a scraper has to reach."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], metrics: Metrics) -> None:
        self.metrics = metrics
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Exposition  # pyright: ignore[reportIncompatibleVariableOverride]
    server_version, sys_version, timeout = "authenticate", "", 5

    def do_GET(self) -> None:
        """Answer a scrape."""
        found = self.path.partition("?")[0] == "/metrics"
        body = (self.server.metrics.text() if found else "there is /metrics\n").encode()
        self.send_response_only(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a scrape is no news."""
