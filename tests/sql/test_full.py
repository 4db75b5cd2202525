"""A volume that really ends: a file system of its own with a size, which can grow."""

import os
import subprocess
import threading
import time

import pytest

from .programs import SHELLS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
ROW = "INSERT INTO t (text) VALUES (REPEAT('x', 1048576)); SELECT LAST_INSERT_ID()"


@pytest.fixture
def small(pod):
    """Makes database pods whose data volume is that large: `small("dash", size="300m")`."""
    mounted = []

    def make(shell="bash", size="300m"):
        server = pod(shell, begin=False)
        volume = server.folder / "data"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0777,size={size}", "kubeauth", volume], check=True)
        mounted.append((server, volume))
        server.start()
        assert server.ready, server.said()
        return server

    yield make
    for server, volume in mounted:
        server.stop()
        subprocess.run(["umount", volume], check=True)


def grow(server, options):
    subprocess.run(["mount", "-o", f"remount,{options}", server.folder / "data"], check=True)


def said(server):
    return server.run(server.spec["containers"][0]["readinessProbe"]["exec"]["command"]).stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_volume_is_told_and_with_more_room_writes_go_on_and_none_is_lost(small, shell):
    server = small(shell)
    server.app("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, text LONGTEXT)")
    acknowledged, grown = [], threading.Event()

    def write():
        while not (grown.is_set() and acknowledged[-1] - seen > 5):
            done = server.app(ROW)
            if done.returncode == 0:
                acknowledged.append(int(done.stdout))

    seen = 0
    writer = threading.Thread(target=write)
    writer.start()
    while server.probe("readiness"):
        assert writer.is_alive()
    assert "MiB left, less than 16: give it a larger storage_size" in said(server)
    # Into the wall.
    before = -1
    while len(acknowledged) != before:
        before = len(acknowledged)
        time.sleep(3)
    assert not server.probe("readiness")
    assert server.probe("liveness")
    seen = acknowledged[-1]
    grow(server, "size=600m")
    grown.set()
    writer.join(60)
    assert not writer.is_alive(), server.said()
    assert server.ready
    assert set(acknowledged) <= {int(line) for line in server.app("SELECT id FROM t").stdout.split()}


def test_a_volume_without_inodes_is_told(small):
    server = small()
    grow(server, "nr_inodes=400")
    used = int(os.statvfs(server.folder / "data").f_files - os.statvfs(server.folder / "data").f_ffree)
    grow(server, f"nr_inodes={used + 3}")
    assert "inodes left, less than 16" in said(server)
    grow(server, "nr_inodes=400")
    assert server.ready


def test_a_volume_that_takes_no_writes_any_more_is_told(small):
    server = small()
    # Such as a device that failed: Linux makes its file system read-only.
    temporary = server.folder / "data/tmp"
    (temporary / "written").unlink()
    temporary.chmod(0o500)
    assert "error: the data volume takes no writes: " in said(server)
    assert server.probe("liveness")
