"""The sample auth service over real HTTP; the database is a fake where it is not the subject."""

import http.client
import json
import logging
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "examples" / "authenticate"
sys.path.insert(0, str(SOURCES))

import config  # noqa: E402
import metrics  # noqa: E402
import passwords  # noqa: E402
import run  # noqa: E402
import server as http_server  # noqa: E402
import traces  # noqa: E402
from api import Api  # noqa: E402
from store import MySqlUsers, Taken, Unavailable  # noqa: E402

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example:4318"}
GOOD = {"DB_HOST": "db.example:3306", "DB_USER": "admin", "DB_PASS": "hunter2"}
ALICE = {"username": "Alice", "password": "correct horse"}


class FakeUsers:
    """A dictionary that can be away or slow."""

    def __init__(self):
        self.rows, self.away, self.delay = {}, False, 0.0

    def check(self):
        time.sleep(self.delay)
        if self.away:
            raise Unavailable("the database is not reachable")

    def add(self, username, password):
        self.check()
        if username.lower() in self.rows:
            raise Taken
        self.rows[username.lower()] = (username, password)

    def find(self, username):
        self.check()
        return self.rows.get(username.lower())


@pytest.fixture
def users(monkeypatch):
    monkeypatch.setattr(passwords, "_LOG_N", 4)
    return FakeUsers()


@pytest.fixture
def service(users):
    server = http_server.Server(("", 0), Api(users))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def call(service, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", service.server_port, timeout=10)
    connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text), answer.headers


def raw(service, data, wait=5.0):
    with socket.create_connection(("127.0.0.1", service.server_port), timeout=wait) as client:
        client.sendall(data)
        return client.makefile("rb").read()


def test_register_then_login(service, users):
    assert call(service, "POST", "/register", ALICE)[:2] == (201, {"username": "Alice"})
    assert call(service, "POST", "/login", {**ALICE, "username": "alice"})[:2] == (200, {"username": "Alice"})
    assert call(service, "POST", "/register", ALICE)[:2] == (409, {"error": "the name is taken"})
    assert "correct horse" not in users.rows["alice"][1]


def test_unknown_user_and_wrong_password_get_the_same_answer_and_the_same_work(service, monkeypatch):
    call(service, "POST", "/register", ALICE)
    hashed = []
    real = passwords._scrypt
    monkeypatch.setattr(passwords, "_scrypt", lambda *args: hashed.append(args[2:]) or real(*args))
    wrong = call(service, "POST", "/login", {**ALICE, "password": "wrong"})[:2]
    unknown = call(service, "POST", "/login", {**ALICE, "username": "bob"})[:2]
    assert wrong == unknown == (401, {"error": "wrong name or password"})
    assert len(hashed) == 2


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ({"username": "a b", "password": "short"}, ["username: 1 to 64 letters, digits or . _ @ + -",
                                                    "password: 8 to 1024 characters"]),
        ({"username": 7}, ["username: must be given as text", "password: must be given as text"]),
        ({**ALICE, "admin": True}, ["admin: is not known"]),
        ({**ALICE, "password": "\ud800aaaaaaaa"}, ["password: is not valid Unicode"]),
    ],
)  # fmt: skip
def test_bad_registrations_name_every_reason(service, body, reasons):
    status, answer, _ = call(service, "POST", "/register", body)
    assert (status, answer["reasons"]) == (400, reasons)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 9000])
def test_a_body_that_is_no_json_object_is_refused(service, body):
    assert call(service, "POST", "/login", body)[0] == 400


def test_the_wrong_path_method_or_length_is_refused(service):
    assert call(service, "GET", "/nothing")[0] == 404
    status, _, headers = call(service, "GET", "/login")
    assert (status, headers["Allow"]) == (405, "POST")
    assert call(service, "POST", "/healthz", ALICE)[0] == 405
    assert call(service, "POST", "/login", b"x" * 500_000)[0] == 413
    assert raw(service, b"POST /login HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(service, b"POST /login HTTP/1.1\r\nContent-Length: -5\r\n\r\n").startswith(b"HTTP/1.1 411 ")
    assert raw(service, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_without_its_database_it_lives_and_says_what_is_missing(service, users):
    assert call(service, "GET", "/readyz")[:2] == (200, {"status": "ready"})
    users.away = True
    assert call(service, "GET", "/healthz")[:2] == (200, {"status": "alive"})
    for method, path, body in (("GET", "/readyz", None), ("POST", "/login", ALICE), ("POST", "/register", ALICE)):
        status, answer, headers = call(service, method, path, body)
        assert (status, answer["reasons"], headers["Retry-After"]) == (503, ["the database is not reachable"], "5")
    users.away = False
    assert call(service, "GET", "/readyz")[0] == 200


def test_a_slow_client_is_cut_off_although_it_keeps_sending(service, monkeypatch):
    monkeypatch.setattr(http_server, "REQUEST_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", service.server_port), timeout=5) as client:
        client.sendall(b"POST /login HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        for _ in range(80):
            if select.select([client], [], [], 0.1)[0]:
                break
            client.sendall(b"x")
        else:
            pytest.fail("it lets a client go on for ever")
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 408 ")


def test_too_many_connections_are_closed_and_the_others_still_served(users, monkeypatch):
    monkeypatch.setattr(http_server, "CONNECTIONS", 1)
    server = http_server.Server(("", 0), Api(users))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with socket.create_connection(("127.0.0.1", server.server_port)) as first:
        time.sleep(0.1)
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as second:
            assert second.recv(1) == b""
        first.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")
    server.shutdown()
    server.server_close()


def test_stopping_finishes_what_is_in_flight_and_takes_nothing_new(service, users, monkeypatch):
    monkeypatch.setattr(run, "LINGER_SECONDS", 0.2)
    users.delay = 0.6
    answers = []
    slow = threading.Thread(target=lambda: answers.append(call(service, "POST", "/login", ALICE)[0]))
    slow.start()
    time.sleep(0.1)
    stopper = threading.Thread(target=run._stop, args=(service,))
    stopper.start()
    time.sleep(0.05)
    assert call(service, "GET", "/readyz")[:2] == (503, {"error": "stopping"})
    stopper.join()
    assert not slow.join(1)
    assert answers == [401]
    with pytest.raises(ConnectionRefusedError):
        call(service, "GET", "/healthz")


def test_logs_hold_no_password(service, caplog):
    caplog.set_level(logging.DEBUG)
    call(service, "POST", "/register", ALICE)
    call(service, "POST", "/login?password=hunter2", {**ALICE, "password": "hunter3!"})
    raw(service, b"GET /\x1b[31m HTTP/1.1\r\n\r\n")
    assert service.drain(30)  # a request's line comes after its answer
    assert "POST /login 401" in caplog.text
    assert not [word for word in ("horse", "hunter", "Alice", "\x1b") if word in caplog.text]


def test_hashes_carry_their_salt_and_parameters():
    stored = passwords.hash_password("pässword")
    assert stored.startswith("scrypt$14$8$5$")
    assert stored != passwords.hash_password("pässword")
    assert passwords.verify("pa\u0308ssword", stored)
    assert not passwords.verify("password", stored)
    assert not passwords.verify("", None)
    assert not passwords.verify("x", "md5$x")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mysqlauth-service.production-cloud.svc.cluster.local:3306",
         ("mysqlauth-service.production-cloud.svc.cluster.local", 3306)),
        ("db", ("db", 3306)), ("10.0.0.1:33", ("10.0.0.1", 33)),
        ("[::1]:33", ("::1", 33)), ("fd00::1", ("fd00::1", 3306)),
    ],
)  # fmt: skip
def test_addresses(text, address):
    settings = config.load({**GOOD, "DB_HOST": text})
    assert (settings.host, settings.port) == address


def test_every_mistake_is_reported_at_once_without_a_traceback_or_a_secret():
    env = {"DB_HOST": "db:99999", "DB_PASS": "hunter2", "DB_NAME": "a b", "PORT": "x", "DB_TLS": "maybe"}
    done = subprocess.run([sys.executable, "run.py"], env=env, cwd=SOURCES, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    lines = [line.split(":")[1].split()[0] for line in done.stderr.splitlines()]
    assert lines == ["DB_USER", "DB_HOST", "PORT", "DB_NAME", "DB_TLS"]
    assert "hunter2" not in done.stderr + repr(config.load(GOOD))


def test_a_missing_ca_file_is_a_mistake(tmp_path):
    (tmp_path / "ca.pem").write_text("nonsense")
    for path in (tmp_path / "none.pem", tmp_path / "ca.pem"):
        with pytest.raises(config.BadConfig, match="DB_TLS_CA"):
            config.load({**GOOD, "DB_TLS_CA": str(path)})


def test_a_database_without_tls_gets_no_password():
    greeting = b"\x0a9.7.4\x00" + b"\x01\0\0\0" + b"saltsalt\0" + b"\xff\xf7\xff\x02\0\xff\xdf\x15" + b"\0" * 10
    greeting += b"saltsaltsalt\0caching_sha2_password\0"
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pretend():
            client = listener.accept()[0]
            client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
            heard.append(client.recv(1000))
            client.close()

        threading.Thread(target=pretend, daemon=True).start()
        settings = config.load({**GOOD, "DB_HOST": f"127.0.0.1:{listener.getsockname()[1]}"})
        with pytest.raises(Unavailable, match="the database does not offer TLS"):
            MySqlUsers(settings).check()
        time.sleep(0.1)
    assert heard == [b""]


def test_an_absent_database_is_named_by_kind():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for host, reason in ((f"127.0.0.1:{port}", "not reachable"), ("no-such-host.invalid:1", "does not resolve")):
        with pytest.raises(Unavailable, match=reason) as caught:
            MySqlUsers(config.load({**GOOD, "DB_HOST": host})).check()
        assert "admin" not in str(caught.value)


def scraped(service):
    """The values of the service's metrics, by series."""
    server = metrics.Exposition(("127.0.0.1", 0), service.api.metrics)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    server.shutdown()
    server.server_close()
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "text/plain")
    return text, {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"
    }


def counted(route, outcome):
    return f'authenticate_requests_total{{route="{route}",outcome="{outcome}"}}'


def test_requests_are_counted_by_route_and_outcome(service, users):
    _, before = scraped(service)
    assert before[counted("login", "unavailable")] == 0, "a first error has to be an increase"
    call(service, "POST", "/register", ALICE)
    call(service, "POST", "/register", ALICE)
    call(service, "POST", "/login", ALICE)
    call(service, "POST", "/login", {**ALICE, "password": "wrong"})
    call(service, "POST", "/login", b"{")
    users.away = True
    call(service, "POST", "/login", ALICE)
    call(service, "GET", "/users/Alice")
    time.sleep(0.1)
    _, found = scraped(service)
    assert {series: count for series, count in found.items() if "requests_total" in series and count} == {
        counted("register", "ok"): 1,
        counted("register", "refused"): 1,
        counted("login", "ok"): 1,
        counted("login", "refused"): 1,
        counted("login", "invalid"): 1,
        counted("login", "unavailable"): 1,
        counted("other", "invalid"): 1,
    }
    assert found['authenticate_database_errors_total{reason="the database is not reachable"}'] == 1
    assert found['authenticate_request_duration_seconds_count{route="login"}'] == 2, "only of who was served"


def test_the_histogram_counts_up_to_each_bound(service):
    for seconds in (0.04, 0.3, 20):
        service.api.metrics.request("/login", 200, seconds)
    _, found = scraped(service)
    bucket = 'authenticate_request_duration_seconds_bucket{{route="login",le="{}"}}'
    assert [found[bucket.format(most)] for most in ("0.05", "0.25", "0.5", "10.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert found['authenticate_request_duration_seconds_sum{route="login"}'] == pytest.approx(20.34)


def test_metrics_hold_nothing_that_a_client_sent(service, users):
    users.away = True
    for path in ("/login", "/login?password=hunter2", "/hunter2"):
        call(service, "POST", path, {"username": "Alice", "password": "hunter2"})
    text, _ = scraped(service)
    assert "hunter2" not in text
    assert "Alice" not in text


def test_metrics_are_not_at_the_services_own_port(service):
    assert call(service, "GET", "/metrics")[0] == 404


@pytest.mark.parametrize("port", ["99999", "x", "5010"])
def test_a_port_for_metrics_that_cannot_be_is_a_mistake(port):
    with pytest.raises(config.BadConfig, match="METRICS_PORT"):
        config.load({**GOOD, "METRICS_PORT": port})


def test_a_collector_without_the_packages_is_a_mistake_of_the_environment_and_told_with_the_others(monkeypatch):
    monkeypatch.delitem(sys.modules, "otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(config.BadConfig) as caught:
        config.load({**GOOD, **COLLECTOR, "PORT": "x"})
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but opentelemetry" in caught.value.args[-1]
    assert "PORT" in caught.value.args[0]


@pytest.mark.parametrize("off", [{}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_traces_are_off_unless_asked_for_and_need_no_package_then(off, monkeypatch):
    monkeypatch.delitem(sys.modules, "otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert isinstance(traces.start({**GOOD, **(COLLECTOR if off else {}), **off}), traces.Off)
    assert config.load({**GOOD, **(COLLECTOR if off else {}), **off}).port == 3306
