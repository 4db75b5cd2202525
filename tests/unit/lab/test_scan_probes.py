"""What S4 asks with: both probes tell an open port from a closed one, and a DNS server from silence."""

import json
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from cli.console import Problem
from lab.scan import probes


@pytest.fixture
def targets():
    """A listener, a port that nobody has, a server that answers as DNS does, and one that stays silent."""
    here = ("127.0.0.1", 0)
    with (
        socket.create_server(here) as listener,
        socket.create_server(here) as closed,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
    ):
        for server in (answering, silent):
            server.bind(here)
        nobody = closed.getsockname()
        closed.close()
        asked: list[bytes] = []

        def answer():
            for _ in range(2):
                query, client = answering.recvfrom(512)
                asked.append(query)
                answering.sendto(query[:2] + b"\x81\x80" + query[4:], client)

        threading.Thread(target=answer, daemon=True).start()
        ports = (listener.getsockname(), nobody, answering.getsockname(), silent.getsockname())
        yield [(kind, *port) for kind, port in zip(("tcp", "tcp", "udp", "udp"), ports, strict=True)], asked


def test_both_probes_see_the_same_and_ask_the_same_in_one_datagram(targets):
    wanted, asked = targets
    said = subprocess.run(probes.shell_command(wanted), capture_output=True, text=True, check=True).stdout
    assert said.split() == ["open", "closed", "open", "closed"]
    command = [sys.executable, "-c", probes.PROBE]
    done = subprocess.run(command, input=json.dumps(wanted), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, False, True, False]
    assert asked[0] == asked[1]
    assert b"\x0akubernetes\x07default" in asked[0]


@pytest.mark.parametrize("said", ["closed\nopen\n", "", "open\n"])
def test_a_probe_that_does_not_reach_its_own_database_proves_nothing(said):
    live: Any = SimpleNamespace(pod=lambda app: app, must=lambda *_: said)
    with pytest.raises(Problem, match="does not even reach its own database"):
        probes.from_database(live, [("tcp", "10.0.0.1", 5010)])


def test_what_the_databases_pod_says_is_told_without_its_own_answer():
    live: Any = SimpleNamespace(pod=lambda app: app, must=lambda *_: "open\nclosed\nopen\n")
    assert probes.from_database(live, [("tcp", "10.0.0.1", 5010), ("udp", "10.96.0.10", 53)]) == [False, True]
