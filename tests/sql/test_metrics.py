"""The exporter's account and options against a real server: what it says, and what it may."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import exported

from .pods import LIMIT, DatabasePod, Pod, free_port

SERVICE = "mysqlauth-service-live.shop.svc.cluster.local"


@contextmanager
def exporter(database: DatabasePod, folder: Path) -> Iterator[Callable[[], dict[str, float]]]:
    """The pod of a database's metrics; call it for the values, by series."""
    assert database.recorder
    template = database.recorder.one("Deployment", "mysqlauth-metrics").inputs["spec"]["template"]
    pod = Pod(database.programs, folder, "bash", database.port)
    pod.mount(template["spec"], database.secrets, {})
    port = free_port()
    args = [
        word.replace(SERVICE, "127.0.0.1").replace(":9104", f"127.0.0.1:{port}")
        for word in template["spec"]["containers"][0]["args"]
    ]
    running = pod.begin(["prometheus-mysqld-exporter", *args], folder / "log")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read() -> dict[str, float]:
        until = time.monotonic() + LIMIT
        while True:
            try:
                with direct.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    lines = answer.read().decode().splitlines()
                return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}
            except urllib.error.URLError:
                assert running.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.1)

    try:
        yield read
    finally:
        running.terminate()
        running.wait(timeout=LIMIT)


@pytest.fixture
def folder(memory: Path, request: pytest.FixtureRequest) -> Path:
    made = memory / request.node.name
    made.mkdir()
    made.chmod(0o777)
    return made


def test_the_exporter_reads_what_alerts_and_dashboards_need_and_says_when_the_server_is_away(pod, folder):
    server = pod(metrics={})
    with exporter(server, folder) as read:
        found = read()
        assert exported.OF_MYSQL - {series.partition("{")[0] for series in found} == set()
        assert 'mysql_global_status_connection_errors_total{error="max_connections"}' in found
        assert found["mysql_up"] == 1
        asked = {series: ok for series, ok in found.items() if series.startswith("mysql_exporter_collector_success")}
        assert len(asked) == 2
        assert set(asked.values()) == {1}, (folder / "log").read_text()
        assert found["mysql_global_status_ssl_server_not_after"] > time.time()
        server.stop()
        assert read()["mysql_up"] == 0
        server.start()
        assert read()["mysql_up"] == 1, "the same password after a restart"


def test_its_account_may_read_status_and_nothing_else_and_only_over_tls(pod):
    server = pod(metrics={})
    password = next(files["metrics-password"] for files in server.secrets.values() if "metrics-password" in files)
    account = {"username": "kubeauth_metrics", "password": password, "database": ""}
    assert server.root("SHOW GRANTS FOR kubeauth_metrics") == "GRANT USAGE ON *.* TO `kubeauth_metrics`@`%`"
    assert "Uptime" in server.app("SHOW GLOBAL STATUS LIKE 'Uptime'", **account).stdout
    for refused in ("SELECT 1 FROM admin.t", "SELECT user FROM mysql.user", "SET GLOBAL max_connections = 1"):
        assert server.app(refused, **account).returncode, refused
    others = server.app(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE user <> 'kubeauth_metrics'", **account
    )
    assert others.stdout == "0\n", "what others ask is theirs"
    assert server.root("SELECT ssl_type, max_user_connections FROM mysql.user WHERE user RLIKE 'metrics'") == "ANY\t3"


def test_the_account_goes_with_the_input(pod):
    server = pod(metrics={})
    server.update()
    assert server.root("SELECT COUNT(*) FROM mysql.user WHERE user = 'kubeauth_metrics'") == "0"
