"""A node that a killed test or bench left is removed by the next one; nobody else's is."""

import os
import signal
import subprocess
import sys
from typing import ClassVar

import pytest

from cli.console import Problem
from lab.node import owned


class Recorded:
    """A node that only notes that it was removed."""

    removed: ClassVar[list[str]] = []
    refuses: ClassVar[set[str]] = set()

    def __init__(self, name: str) -> None:
        self.name = name

    def reset(self) -> None:
        if self.name in self.refuses:
            raise Problem(f"node {self.name} left something behind")
        self.removed.append(self.name)


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    monkeypatch.setattr(owned, "NODES", tmp_path)
    monkeypatch.setattr(owned, "Node", Recorded)
    monkeypatch.setattr(owned, "_NAMES", [])
    monkeypatch.setattr(Recorded, "removed", [])
    monkeypatch.setattr(Recorded, "refuses", set())
    return tmp_path


OWNER = """
import sys
from pathlib import Path
from lab.node import owned
owned.NODES = Path(sys.argv[1])
print(owned.name("bench", "main"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def owner(nodes):
    """A process that has a node."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(nodes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def test_the_node_of_a_killed_process_is_removed_once_and_a_live_ones_is_not(nodes, owner):
    name = owner.stdout.readline().strip()
    assert name == f"bench-{owner.pid}-main"
    assert owned.remove_abandoned() == []
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    mine = owned.name("test", "up")
    assert owned.name("test", "up") == mine
    assert Recorded.removed == [name]
    assert owned.remove_abandoned() == []
    assert [path.name for path in nodes.iterdir()] == [f"{mine}.owner"]


def test_who_removed_its_node_leaves_no_trace(nodes, owner):
    owner.stdout.readline()
    owner.stdin.close()
    assert owner.wait() == 0
    assert list(nodes.iterdir()) == []


def test_nodes_that_belong_to_no_process_stay(nodes):
    for name in ("dev-1a2b3c", "mine"):
        (nodes / name).mkdir()
        (nodes / name / "network.json").touch()
        (nodes / f"{name}.lock").touch()
    assert owned.remove_abandoned() == []
    assert Recorded.removed == []


def test_one_that_cannot_be_removed_is_told_and_tried_again_and_stops_nobody(nodes, monkeypatch, capsys):
    for name in ("bench-1", "test-2-up"):
        (nodes / f"{name}.owner").touch()
    monkeypatch.setattr(Recorded, "refuses", {"bench-1"})
    assert owned.remove_abandoned() == ["test-2-up"]
    assert "the abandoned node bench-1 was not removed: node bench-1 left something behind" in capsys.readouterr().err
    monkeypatch.setattr(Recorded, "refuses", set())
    assert owned.remove_abandoned() == ["bench-1"]
