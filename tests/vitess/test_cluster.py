"""A database of several servers on real Kubernetes: servers are killed under a writer, and nothing is lost.

`make test-vitess` runs it on a node of its own; what it measures is printed with `ARGS=-s`.
"""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab import images, toolchain
from lab.node import Node, owned

from .system import INSTANCE, NAMESPACE, SERVERS, System, Writer

MYSQL = ("mysql", "--defaults-file=/run/vitess/client.cnf")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The program, up, on a node of its own."""
    node = Node(owned.name("test", "vitess"))
    more = images.archives("etcd", "vitess")
    try:
        tools = toolchain.ensure("engine", "node")
        node.start(tools.bin, [*images.archives().values(), *more.values()])
        made = System.make(tmp_path_factory.mktemp("vitess") / "program", node, tools)
        begun = time.monotonic()
        made.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
        made.seconds["up"] = time.monotonic() - begun
        yield made
        made.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
        for what, seconds in made.seconds.items():
            print(f"{what}: {seconds:.1f} s")
    finally:
        node.reset()


def everybody_replicates(system: System) -> bool:
    primary = system.primary()
    return all(system.replicates(server) for server in SERVERS if server != primary)


@pytest.fixture(autouse=True)
def settled(system: System) -> None:
    """Each test begins when all is well, whatever the one before did."""
    system.until(lambda: everybody_replicates(system), 300, "every server replicates")


def test_the_service_logs_in_through_its_host_name_as_with_one_server(system):
    assert system.run("pulumi", "stack", "output", "endpoint").strip() == (
        f"{INSTANCE}-service.{NAMESPACE}.svc.cluster.local:3306"
    )
    [container] = system.get("deployment", "authenticate-deployment")["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert env["DB_HOST"] == f"{INSTANCE}-service.{NAMESPACE}.svc.cluster.local:3306"
    assert system.logins("alice") == [201, 200, 401]
    assert everybody_replicates(system)
    print(f"up: {system.seconds['up']:.1f} s; memory in MiB: {system.memory()}")


def test_a_second_up_changes_nothing(system):
    system.run("pulumi", "preview", "--expect-no-changes", "--non-interactive")


def test_the_primary_is_killed_under_a_writer_and_nothing_is_lost(system):
    with Writer(system.connect, "killed") as writer:
        time.sleep(5)
        before = system.pods()
        system.kubectl("delete", "pod", system.primary(), "--force", "--grace-period=0")
        system.until(lambda: not before <= system.pods(), 60, "one pod is gone")
        time.sleep(5)
        writer.writes_again()
    assert writer.lost() == []
    system.seconds["gap when the primary is killed"] = writer.longest
    print(f"killed: gap {writer.longest:.1f} s, {len(writer.acknowledged)} acknowledged, errors {writer.errors}")
    assert writer.longest < 30
    waited = system.until(lambda: everybody_replicates(system), 120, "every server replicates")
    print(f"every server replicates again after {waited:.1f} s")
    assert system.logins("bob") == [201, 200, 401]


def test_a_primary_that_is_told_to_end_hands_over_without_an_error(system):
    with Writer(system.connect, "drained") as writer:
        time.sleep(3)
        primary = system.primary()
        system.kubectl("delete", "pod", primary)
        writer.writes_again()
    assert system.primary() != primary
    assert writer.lost() == []
    print(f"drained: gap {writer.longest:.1f} s, {len(writer.acknowledged)} acknowledged, errors {writer.errors}")
    assert writer.errors == []
    system.until(lambda: everybody_replicates(system), 120, "every server replicates")


def test_all_servers_are_killed_at_once_and_nothing_is_lost(system):
    with Writer(system.connect, "outage") as writer:
        time.sleep(5)
        before = system.pods()
        system.kubectl("delete", "pod", *SERVERS, "--force", "--grace-period=0")
        system.until(lambda: not before & system.pods(), 60, "no pod is one of those before")
        time.sleep(5)
        writer.writes_again()
    assert writer.lost() == []
    print(f"all killed: gap {writer.longest:.1f} s, {len(writer.acknowledged)} acknowledged")
    system.until(lambda: everybody_replicates(system), 180, "every server replicates")
    assert system.logins("carol") == [201, 200, 401]


def test_a_server_does_nothing_for_who_shows_no_certificate_of_this_cluster(system):
    inside = ("exec", SERVERS[0], "-c", f"{INSTANCE}-container", "--")
    ask = system.kubectl(*inside, "cat", "/run/vitess/ask")
    assert system.kubectl(*inside, "sh", "-c", ask, "ask", "PingTablet", "zone1-0000000101") == ""
    for without in (r" --tablet-manager-grpc-(cert|key)=\S+", r" --tablet-manager-grpc-(ca|cert|key)=\S+"):
        call = re.sub(without, "", ask).replace('"$@"', '--action-timeout 5s "$@"')
        with pytest.raises(AssertionError, match=r"Unavailable|DeadlineExceeded|EOF|certificate|handshake"):
            system.kubectl(*inside, "sh", "-c", call, "ask", "PingTablet", "zone1-0000000101")


def members_are_ready(system: System) -> bool:
    found = system.get("pods", "--selector", f"name={INSTANCE}-etcd-selector")["items"]
    conditions = [each for pod in found for each in pod["status"]["conditions"] if each["type"] == "Ready"]
    return [each["status"] for each in conditions] == ["True"] * 3


def test_a_member_of_the_topology_whose_volume_is_lost_is_taken_in_again(system):
    lost = f"{INSTANCE}-etcd-1"
    before = system.get("pod", lost)["metadata"]["uid"]
    with Writer(system.connect, "member_lost") as writer:
        system.kubectl("delete", "persistentvolumeclaim", f"data-{lost}", "--wait=false")
        system.kubectl("delete", "pod", lost)
        system.until(lambda: system.get("pod", lost)["metadata"]["uid"] != before, 120, "another pod")
        waited = system.until(lambda: members_are_ready(system), 120, "all members are ready")
        writer.writes_again()
    assert writer.lost() == []
    said = system.kubectl("logs", lost, "-c", "prepare")
    assert f"the volume of {lost} is new: the other members took it in again" in said
    print(f"a lost member: ready after {waited:.1f} s, gap {writer.longest:.1f} s")
    # It counts again: another one may go.
    system.kubectl("delete", "pod", f"{INSTANCE}-etcd-0", "--force", "--grace-period=0")
    system.vitess("GetKeyspace", "admin")
    system.until(lambda: members_are_ready(system), 120, "all members are ready")


def test_a_server_whose_volume_is_lost_is_filled_from_the_primary(system):
    server = next(server for server in SERVERS if server != system.primary())
    with system.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO kept VALUES (7)")
    system.kubectl("delete", "persistentvolumeclaim", f"data-{server}", "--wait=false")
    before = system.pods()
    system.kubectl("delete", "pod", server)
    system.until(lambda: not before <= system.pods(), 120, "the pod is gone")
    waited = system.until(lambda: everybody_replicates(system), 400, f"{server} replicates")
    print(f"a lost volume: filled and replicating after {waited:.1f} s")


def test_a_replica_is_dumped_as_the_guide_says(system):
    with system.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE dumped (id INT PRIMARY KEY)")
        cursor.execute("INSERT INTO dumped VALUES (11)")
    server = next(server for server in SERVERS if server != system.primary())
    dump = ("mysqldump", "--defaults-file=/run/vitess/client.cnf", "--single-transaction", "--set-gtid-purged=OFF")
    system.until(
        lambda: (
            "INSERT INTO `dumped` VALUES (11)" in system.kubectl("exec", server, "-c", "mysqld", "--", *dump, "admin")
        ),
        30,
        "a dump with the row",
    )


def test_a_server_with_what_nobody_acknowledged_is_filled_anew_by_itself(system):
    server = next(server for server in SERVERS if server != system.primary())
    # What a former primary that was cut off has: a transaction of its own.
    for sql in ("SET GLOBAL super_read_only = OFF", "CREATE TABLE admin.errant (id INT PRIMARY KEY)"):
        system.kubectl("exec", server, "-c", "mysqld", "--", *MYSQL, f"--execute={sql}")
    tables = ("exec", server, "-c", "mysqld", "--", *MYSQL, "--execute=SHOW TABLES FROM admin LIKE 'errant'")
    waited = system.until(
        lambda: system.kubectl(*tables) == "" and everybody_replicates(system), 400, f"{server} is filled anew"
    )
    print(f"errant: filled anew and replicating after {waited:.1f} s")


def test_nothing_but_the_clients_port_is_open_to_other_pods(system):
    script = """
import socket
def reached(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
        return True
    except OSError:
        return False
print([reached(host, port) for host, port in PAIRS])
"""
    address = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in system.get("pods")["items"]}
    gateway = next(ip for name, ip in address.items() if "-vtgate-" in name)
    closed = [(address[SERVERS[0]], port) for port in (15999, 15000, 3306)]
    closed += [(address[f"{INSTANCE}-etcd-0"], port) for port in (2379, 2380, 2381)] + [(gateway, 15000)]
    asked = script.replace("PAIRS", repr([(gateway, 3306), *closed]))
    answer = system.kubectl("exec", "deployment/authenticate-deployment", "--", "python", "-c", asked)
    assert answer.strip() == str([True] + [False] * len(closed))


#: Where each process has its metrics, and one of those that docs/guides/metrics.md names.
_METRICS = {
    "vtgate": (15000, "vtgate_api_count"),
    "tablet": (15000, 'vttablet_tablet_server_state{keyspace="admin",name="SERVING"'),
    "vtorc": (15000, "vtorc_detected_problems"),
    "etcd": (2381, "etcd_server_has_leader 1"),
}
_SLEEP = ["python", "-c", "import time; time.sleep(100000)"]
_SCRAPER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "scraper", "labels": {"app.kubernetes.io/name": "prometheus"}},
    "spec": {"containers": [{"name": "main", "image": "localhost/authenticate:1.0.0", "command": _SLEEP}]},
}


def test_a_scraper_reads_each_process_metrics_and_nobodys_values(system):
    system.logins("scraped")
    system.run("kubectl", "create", "namespace", "monitoring")
    file = system.folder / "scraper.json"
    file.write_text(json.dumps(_SCRAPER))
    system.run("kubectl", "-n", "monitoring", "apply", "-f", str(file))
    system.run("kubectl", "-n", "monitoring", "wait", "--for=condition=Ready", "pod/scraper", "--timeout=60s")

    def read(pod: dict[str, Any], port: int, path: str) -> str:
        where = f"http://{pod['status']['podIP']}:{port}{path}"
        asked = f"import urllib.request; print(urllib.request.urlopen('{where}', timeout=5).read().decode())"
        return system.run("kubectl", "-n", "monitoring", "exec", "scraper", "--", "python", "-c", asked)

    pods = {pod["metadata"]["name"]: pod for pod in system.get("pods")["items"]}
    for part, (port, metric) in _METRICS.items():
        read_one = [read(pod, port, "/metrics") for name, pod in pods.items() if f"-{part}-" in name]
        assert read_one, part
        assert all(metric in text for text in read_one), part
    plans = "".join(read(pod, 15000, "/debug/query_plans") for name, pod in pods.items() if "-vtgate-" in name)
    assert "users" in plans
    assert "scraped" not in plans
