"""A real Prometheus finds the metrics of a real database and service; alerts fire by their faults, and stop after them.

`make test-metrics` runs it on a node of its own. The rules' clock goes 60 times faster: an hour is a minute.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests import exported
from tests.conftest import ROOT

from .conftest import LASTING, SHOP, System, until

PATIENCE = 240
#: Logins, one after the other, as a user would.
LOGINS = """
import json, threading, time, urllib.request, urllib.error
def ask(path):
    body = json.dumps({"username": "ann", "password": "correct horse"}).encode()
    try: urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:5010" + path, data=body), timeout=20).read()
    except (urllib.error.URLError, OSError): pass
ask("/register")
def work():
    while True:
        ask("/login")
        time.sleep(PAUSE)
for _ in range(SEVERAL): threading.Thread(target=work, daemon=True).start()
time.sleep(3600)
"""
CONNECTIONS = """
import os, time, pymysql, ssl
held = []
for _ in range(COUNT):
    try: held.append(pymysql.connect(host=os.environ["DB_HOST"].split(":")[0], user=os.environ["DB_USER"],
        password=os.environ["DB_PASS"], ssl={"check_hostname": False, "verify_mode": ssl.CERT_NONE}))
    except pymysql.err.MySQLError: pass
time.sleep(SECONDS)
"""


def logins(several: int = 1, pause: float = 0.2) -> str:
    return LOGINS.replace("PAUSE", str(pause)).replace("SEVERAL", str(several))


def connections(count: int, seconds: int) -> str:
    return CONNECTIONS.replace("COUNT", str(count)).replace("SECONDS", str(seconds))


def test_prometheus_finds_database_and_service_by_their_annotations(system: System):
    def up() -> bool:
        found = {entry["metric"]["pod"].split("-")[0]: entry["value"][1] for entry in system.query('up{job="pods"}')}
        return found == {"orders": "1", "login": "1"}

    assert until(up, PATIENCE) is not None, system.query("up")
    assert until(lambda: system.query("mysql_up")[0]["value"][1] == "1", PATIENCE) is not None
    for name in exported.OF_MYSQL:
        (series, *_) = system.query(f'{name}{{namespace="{SHOP}"}}')
        assert series["metric"]["pod"].startswith("orders-metrics-"), name


def test_the_kubelet_tells_the_room_on_the_volumes(system: System):
    room = f'kubelet_volume_stats_available_bytes{{namespace="{SHOP}", persistentvolumeclaim="orders-data"}}'
    assert until(lambda: system.query(room), PATIENCE) is not None


def test_nobody_but_a_scraper_reaches_the_metrics(system: System):
    address = json.loads(system.kubectl("get", "pod", "-l", "name=orders-metrics-selector", "-o", "json"))
    (pod,) = address["items"]
    script = f"import urllib.request; urllib.request.urlopen('http://{pod['status']['podIP']}:9104/metrics', timeout=3)"
    refused = system.kubectl("exec", "deployment/login-deployment", "--", "python", "-c", script, ok=False)
    assert "refused" in refused or "timed out" in refused


def test_the_exporter_may_go_without_the_database_noticing(system: System):
    (before,) = system.query("mysql_global_status_uptime")
    system.kubectl("delete", "pod", "-l", "name=orders-metrics-selector", "--wait=true")
    assert until(lambda: system.query("mysql_up == 1"), PATIENCE) is not None
    ready = "deployment/orders-deployment", "--for=condition=Available", "--timeout=10s"
    system.kubectl("wait", *ready)
    assert float(system.query("mysql_global_status_uptime")[0]["value"][1]) > float(before["value"][1])


def test_the_dashboards_queries_have_answers(system: System):
    panels = json.loads((ROOT / "monitoring/dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    asked = [query.replace("$__rate_interval", "1m").replace("$namespace", SHOP) for query in queries]
    with system.in_service(logins()):
        # The database's own errors are none yet.
        left = [query for query in asked if "database_errors" not in query]
        begun = time.monotonic()
        while left and time.monotonic() - begun < PATIENCE:
            left = [query for query in left if not system.query(query)]
        assert left == []


@contextmanager
def _away(system: System) -> Iterator[None]:
    system.kubectl("scale", "deployment/orders-deployment", "--replicas=0")
    yield
    system.kubectl("scale", "deployment/orders-deployment", "--replicas=1")


@contextmanager
def _no_image(system: System) -> Iterator[None]:
    image = "orders-container={}".format
    system.kubectl("set", "image", "deployment/orders-deployment", image("localhost/mysql:none"))
    yield
    system.kubectl("set", "image", "deployment/orders-deployment", image("localhost/mysql:9.7"))


@contextmanager
def _no_time_for_backups(system: System) -> Iterator[None]:
    def allow(seconds: int) -> None:
        patch = {"spec": {"jobTemplate": {"spec": {"activeDeadlineSeconds": seconds}}}}
        system.kubectl("patch", "cronjob/orders-backup", "--type=merge", "-p", json.dumps(patch))

    allow(1)
    yield
    allow(3600)


@contextmanager
def _ending_certificate(system: System) -> Iterator[None]:
    yield
    system.certificate(LASTING)


def _service(system: System) -> tuple[int, bool]:
    """How often the service's container restarted, and whether it runs."""
    (pod,) = json.loads(system.kubectl("get", "pod", "-l", "name=login-selector", "-o", "json"))["items"]
    (status,) = pod["status"]["containerStatuses"]
    return status["restartCount"], status["ready"]


@contextmanager
def _restarts(system: System) -> Iterator[None]:
    begun, _ = _service(system)
    for number in range(1, 4):
        system.kubectl("exec", "deployment/login-deployment", "--", "sh", "-c", "kill 1")
        assert until(lambda wanted=(begun + number, True): _service(system) == wanted, 90) is not None
    yield


@contextmanager
def _full(system: System) -> Iterator[None]:
    """The data on a file system of its own that really ends, and little of it is left."""
    claim = system.kubectl("get", "pvc/orders-data", "-o", "jsonpath={.spec.volumeName}")
    place = system.run("kubectl", "get", f"pv/{claim}", "-o", "jsonpath={.spec.local.path}")
    image, aside = "/run/kubeauth/full.img", "/run/kubeauth/full.aside"

    def node(script: str) -> None:
        system.node.run(["sh", "-euc", script, "sh", place, image, aside], check=True)

    def scale(replicas: int) -> None:
        system.kubectl("scale", "deployment/orders-deployment", f"--replicas={replicas}")
        if replicas:
            system.kubectl("rollout", "status", "deployment/orders-deployment", "--timeout=120s")
        else:
            system.kubectl("wait", "--for=delete", "pod", "-l", "name=orders-selector", "--timeout=120s")

    scale(0)
    node('truncate -s 1024M "$2"; mkfs.ext4 -q -m 0 "$2"; mkdir "$3"; mount -o loop "$2" "$3"; cp -a "$1/." "$3/";'
         'umount "$3"; mount -o loop "$2" "$1"; chmod 0777 "$1"')  # fmt: skip
    scale(1)
    node('free=$(($(stat -f -c "%a * %S / 1048576" "$1"))); fallocate -l "$((free - 40))M" "$1/lost+found/ballast"')
    yield
    node('rm "$1/lost+found/ballast"')
    scale(0)
    node('umount "$1"; mount -o loop "$2" "$3"; rm -rf "$1"/data "$1"/tmp; cp -a "$3/data" "$3/tmp" "$1/"; umount "$3";'
         'rmdir "$3"; rm "$2"')  # fmt: skip
    scale(1)


#: What is wrong from the start.
ALREADY = {"KubeauthCertificateExpires"}
FAULTS: dict[str, tuple[str, Callable[[System], AbstractContextManager[None]]]] = {
    "a certificate that ends in 5 days, then a new one": ("KubeauthCertificateExpires", _ending_certificate),
    "nine of ten connections taken": (
        "KubeauthConnectionsNearLimit",
        lambda system: system.in_service(connections(136, 600)),
    ),
    "all connections taken for a moment": (
        "KubeauthConnectionsRefused",
        lambda system: system.in_service(connections(165, 2)),
    ),
    "more logins than the service's cpu bears": (
        "KubeauthLoginSlowFast",
        lambda system: system.in_service(logins(4, 0)),
    ),
    "the service ends three times": ("KubeauthRestarts", _restarts),
    "an image that does not exist": ("KubeauthNotReady", _no_image),
    "a volume of 1 GiB with 40 MiB left": ("KubeauthVolumeFull", _full),
    "no server": ("KubeauthDatabaseDown", _away),
    "no server, and users who log in": ("KubeauthLoginErrorsFast", _away),
    "a backup that gets one second": ("KubeauthBackupFailed", _no_time_for_backups),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_alert_fires_by_its_fault_and_stops_after_it(system: System, fault: str, capsys: pytest.CaptureFixture[str]):
    alert, broken = FAULTS[fault]
    if alert not in ALREADY:
        assert until(lambda: alert not in system.firing(), PATIENCE) is not None, "it fires without its fault"
    with system.in_service(logins()):
        with broken(system):
            fired = until(lambda: alert in system.firing(), PATIENCE)
            assert fired is not None, system.firing()
            assert until(lambda: alert in system.told(), 60) is not None, "Alertmanager does not know it"
        stopped = until(lambda: alert not in system.firing(), PATIENCE)
        assert stopped is not None, system.firing()
    with capsys.disabled():
        print(f"\n| {fault} | `{alert}` | {fired:.0f} s | {stopped:.0f} s |", end="")
