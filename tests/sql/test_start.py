"""How a server starts, with each shell that images have."""

import pytest

from .programs import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_a_new_server_becomes_ready_and_the_application_writes(pod, shell):
    server = pod(shell)
    assert server.ready, server.said()
    done = server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7); SELECT * FROM t")
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_data_outlives_the_pod(pod):
    server = pod()
    server.app("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (7)")
    server.restart()
    assert server.ready
    assert server.app("SELECT * FROM t").stdout == "7\n"
