"""How a server starts, with each shell that images have, and what its probes tell."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from components.mysql import probes

from .pods import USER
from .programs import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_server_becomes_ready_and_the_application_writes(pod, shell):
    server = pod(shell, begin=False)
    server.start()
    assert server.ready, server.said()
    done = server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7); SELECT * FROM t")
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_data_outlives_the_pod(pod):
    server = pod()
    server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    server.restart()
    assert server.ready
    assert server.app("SELECT * FROM t").stdout == "7\n"


def startup(server):
    """What the startup probe says once the server answers."""
    command = server.spec["containers"][0]["startupProbe"]["exec"]["command"]
    while True:
        done = server.run(command)
        if "Can't connect" not in done.stderr:
            return done


def test_a_wrong_line_of_init_sql_is_named_and_the_pod_never_starts(pod):
    server = pod(begin=False, init_sql="SELECT 1;\nCREATE TABLE admin.t (id INT);\nGRANT nonsense 'secret';\nSELECT 2;")
    server.start(wait=False)
    done = startup(server)
    assert done.returncode == 1
    assert "error: the SQL of this start ended early, in line 3 of init_sql:" in done.stderr
    assert "secret" not in done.stderr
    server.update(init_sql="DROP TABLE IF EXISTS admin.t;")
    assert server.ready


def test_each_start_runs_its_sql_to_the_end_anew(pod):
    server = pod(init_sql="SELECT 1;")
    (server.folder / "run/mark").write_text("of another start")
    assert not server.probe("startup")


def test_that_all_connections_are_taken_takes_no_server_out_of_its_service(pod):
    server = pod(settings={"max_connections": "2"})
    command = [
        server.programs.bin / "mysql",
        "--no-defaults",
        "--user=admin",
        "--host=127.0.0.1",
        f"--port={server.port}",
    ]
    environment = {**server.environment, "MYSQL_PWD": "app-pw"}
    held = []
    try:
        while "1040" not in server.app("SELECT 1").stderr:
            held.append(subprocess.Popen([*command, "--execute=SELECT SLEEP(99)"], env=environment))
        assert server.probe("readiness")
        assert server.probe("liveness")
    finally:
        for each in held:
            each.kill()
            each.wait()


def test_a_server_without_room_to_write_is_not_ready_but_alive(pod, monkeypatch):
    server = pod()
    assert server.ready
    free = shutil.disk_usage(server.folder).free // 2**20
    monkeypatch.setattr(probes, "FREE_MEBIBYTES", free * 2)
    server.declare()
    done = server.run(server.spec["containers"][0]["readinessProbe"]["exec"]["command"])
    assert done.returncode == 1
    assert done.stderr.startswith("error: the data volume has ")
    assert server.probe("liveness")


def test_a_broken_server_is_rescued_by_a_setting_and_read_from(pod):
    given = {"init_sql": "SELECT 1;"}
    server = pod(**given)
    server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    server.stop()
    # Undo logs that are gone stop a start before it begins.
    for path in (server.folder / "data/data").glob("undo_00*"):
        path.write_bytes(b"broken" * 1000)
    server.declare(**given)
    server.start()
    assert not server.running
    server.update(settings={"innodb_force_recovery": "6"}, **given)
    assert server.running, server.said()
    assert server.ready, server.said()
    assert server.app("SELECT * FROM t").stdout == "7\n"
    assert server.app("INSERT INTO t VALUES (8)").returncode, "MySQL writes nothing there"


@pytest.mark.parametrize("level", ["1", "3"])
def test_at_every_level_of_recovery_a_whole_server_starts_and_is_read_from(pod, level):
    server = pod()
    server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    server.update(settings={"innodb_force_recovery": level})
    assert server.ready, server.said()
    assert server.app("SELECT * FROM t").stdout == "7\n"
    assert "1881" in server.app("INSERT INTO t VALUES (8)").stderr
    # Without it all is as before, and the accounts' SQL runs again.
    server.update(settings={"innodb_force_recovery": "0"}, password="other")
    assert server.app("INSERT INTO t VALUES (8)").returncode == 0


def test_a_killed_server_with_a_binary_log_loses_nothing_that_it_acknowledged(pod):
    server = pod(settings={"log_bin": "ON"})
    assert server.app("CREATE TABLE t (id INT PRIMARY KEY)").returncode == 0
    acknowledged: list[int] = []

    def write() -> None:
        number = 0
        while server.app(f"INSERT INTO t VALUES ({number})").returncode == 0:  # noqa: S608 - a number of this test
            acknowledged.append(number)
            number += 1

    for _ in range(3):
        server.app("DELETE FROM t")
        acknowledged.clear()
        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 10:
            assert writer.is_alive() or len(acknowledged) >= 10, server.said()
        server.stop(signal.SIGKILL)
        writer.join()
        server.start()
        assert server.ready, server.said()
        found = [int(line) for line in server.app("SELECT id FROM t ORDER BY id").stdout.split()]
        # The last one may be there although nobody was told so.
        assert found in (acknowledged, [*acknowledged, len(acknowledged)])
        assert "binlog" in server.root("SHOW BINARY LOGS")


def test_of_two_pods_on_one_volume_one_makes_the_data_directory_and_the_other_takes_it(pod):
    server = pod(begin=False)
    container = server.spec["initContainers"][0]
    command = server.here([*container["command"], *container["args"]])
    # The second begins when the first is about to publish.
    volume = server.folder / "data"
    late = command[3].replace(
        '  sync -f "$new"\n', '  mkdir "$data"; echo first > "$data/kept"; : > "$birth"; : > "$zones"\n'
    )
    assert late != command[3]
    done = (
        server.run([*command[:3][:2], "-c", late, *command[4:]])
        if command[0] == "/bin/sh"
        else server.run([*command[: command.index("-c") + 1], late, *command[command.index("-c") + 2 :]])
    )
    assert "error" not in done.stderr.lower()
    assert (volume / "data/kept").read_text() == "first\n"
    assert not list(volume.glob("new.*"))


def test_what_a_killed_pod_left_is_removed(pod):
    server = pod(begin=False)
    for name in ("new.abc", "data.new"):
        left = server.folder / "data" / name
        (left / "half").mkdir(parents=True)
        for path in (left, left / "half"):
            os.chown(path, USER if os.geteuid() == 0 else -1, -1)
    server.start()
    assert sorted(path.name for path in (server.folder / "data").iterdir()) == ["data", "tmp"]


def test_a_socket_whose_lock_names_another_process_is_not_taken_for_one_in_use(pod):
    """Of a container that was killed; the numbers of the next one's processes begin anew."""
    server = pod()
    server.stop()
    lock = Path(server.here(["/run/mysqld"])[0]) / "once.sock.lock"
    # What is loaded once, by a server of its own, before the one that serves.
    (server.folder / "data/data/kubeauth-time-zones").unlink()
    with server.begin(["sleep", "60"], server.folder / "other.log") as other:
        lock.write_text(f"{other.pid}\n")
        done = server.initialize()
        other.kill()
    assert done.returncode == 0, done.stderr


def test_a_database_of_the_version_before_gets_time_zones_and_loses_its_binary_logs(pod):
    server = pod(settings={"log_bin": "ON"})
    server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    server.root("TRUNCATE mysql.time_zone_name; TRUNCATE mysql.time_zone")
    server.stop()
    data = server.folder / "data/data"
    (data / "kubeauth-birth").unlink()
    (data / "kubeauth-time-zones").unlink()
    assert len(list(data.glob("binlog.*"))) > 1
    server.update(settings={"default_time_zone": "Europe/Berlin"})
    assert server.ready
    assert server.app("SELECT * FROM t").stdout == "7\n"
    assert list(data.glob("binlog.*")) == []


def test_an_image_without_the_time_zones_program_starts(pod):
    server = pod(begin=False)
    tool = Path(server.programs.bin)
    without = server.folder / "bin"
    without.mkdir()
    for path in tool.iterdir():
        if path.name != "mysql_tzinfo_to_sql":
            (without / path.name).symlink_to(path)
    server.environment["PATH"] = server.environment["PATH"].replace(str(tool), str(without))
    server.start()
    assert server.ready
    # A later image that has it brings them.
    server.environment["PATH"] = server.environment["PATH"].replace(str(without), str(tool))
    server.restart()
    assert server.root("SELECT CONVERT_TZ(NOW(), 'UTC', 'Europe/Berlin') IS NULL") == "0"


def certificate(folder: Path) -> dict[str, str]:
    """A new certificate with its key, as in a Secret."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=db", "-keyout", folder / "key",
         "-out", folder / "crt"], check=True, capture_output=True,
    )  # fmt: skip
    return {"tls.crt": (folder / "crt").read_text(), "tls.key": (folder / "key").read_text()}


def served(port: int) -> str:
    """The certificate that a server shows to a client."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.recv(1024)
        # MySQL's request for TLS: 32 bytes, the first with its capabilities.
        plain.sendall(
            bytes([32, 0, 0, 1]) + (0x0000AA00 | 0x8).to_bytes(4, "little") + bytes([0, 0, 0, 1, 45]) + bytes(23)
        )
        with context.wrap_socket(plain) as secure:
            return ssl.DER_cert_to_PEM_cert(secure.getpeercert(True) or b"")


def test_a_renewed_certificate_is_served_without_a_restart(pod, tmp_path):
    first, second = certificate(tmp_path), certificate(tmp_path)
    server = pod(secrets={"cert": first}, tls_secret="cert")
    assert server.ready
    assert served(server.port) == first["tls.crt"]
    for key, text in second.items():
        (server.folder / "tls" / key).write_text(text)
    assert server.ready
    assert served(server.port) == second["tls.crt"]
    # One that does not fit its key is not taken, and takes no server out of its Service.
    (server.folder / "tls/tls.crt").write_text(first["tls.crt"])
    assert server.ready
    assert served(server.port) == second["tls.crt"]
    assert server.app("SHOW GRANTS FOR kubeauth_server@localhost").returncode
