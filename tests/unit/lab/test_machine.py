"""What a local node needs of its machine is refused before anything is built, with what to type."""

import ctypes
import os
import sys

import pytest

from cli.console import Problem
from lab.node import machine


def test_only_root_on_linux_can_have_a_node(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Problem, match="a local node needs Linux; this is darwin") as caught:
        machine.prepare()
    assert "CONTEXT=" in caught.value.fix
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Problem, match="a local node needs root"):
        machine.prepare()


def test_too_few_inotify_instances_are_named_with_the_command_that_allows_more(tmp_path, monkeypatch):
    limit = tmp_path / "max_user_instances"
    monkeypatch.setattr(machine, "_inotify_in_use", lambda: 40)
    limit.write_text("64\n")
    machine.check_inotify(limit)
    limit.write_text("63\n")
    with pytest.raises(Problem, match=r"fs\.inotify\.max_user_instances is 63, and 40 are in use") as caught:
        machine.check_inotify(limit)
    assert caught.value.fix == "sysctl -w fs.inotify.max_user_instances=1024"


def test_packages_that_nothing_can_install_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "check_inotify", lambda: None)
    monkeypatch.setattr(machine, "CNI_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match=r"a local node needs programs of these Debian packages: .*containerd"):
        machine.prepare()


def test_an_inotify_instance_more_is_counted():
    libc = ctypes.CDLL(None)
    before = machine._inotify_in_use()
    made = [libc.inotify_init() for _ in range(5)]
    try:
        assert min(made) >= 0
        own = [f"/proc/self/fd/{descriptor}" for descriptor in made]
        assert [os.readlink(path) for path in own] == ["anon_inode:inotify"] * 5
        # Others come and go meanwhile, but hardly as many as these.
        assert machine._inotify_in_use() > before
    finally:
        for descriptor in made:
            os.close(descriptor)
