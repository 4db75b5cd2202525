"""How a MySQL server's health is seen."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import lift
from . import scripts, settings

FREE_MEBIBYTES = 16
"""With less room on its volume the server is not ready: soon each write would wait for somebody to free some."""


def arguments(
    *, run: str, volume: str, certificate: str, startup_seconds: pulumi.Input[int], given: Any
) -> dict[str, core.ProbeArgs]:
    """Return the container's probes, by their names in `ContainerArgs`.

    Args:
        run: The folder with the socket, and with what scripts/accounts.sh wrote.
        volume: The data volume.
        certificate: The folder with a certificate that may be renewed; empty for none.
        startup_seconds: How long a start may take.
        given: The caller's settings.
    """
    ping = core.ExecActionArgs(command=["mysqladmin", "--no-defaults", f"--socket={run}/mysqld.sock", "ping"])

    def started(known: Mapping[str, str]) -> core.ExecActionArgs:
        # A server that nobody can write to has not run the accounts' SQL.
        return ping if settings.rescue(known) else _script("startup", f"RUN={run}")

    return {
        # Started is that the application logs in and its SQL ran; no liveness probe runs before.
        "startup_probe": core.ProbeArgs(
            exec_=lift(started, given),
            period_seconds=1,
            timeout_seconds=5,
            failure_threshold=startup_seconds,
        ),
        # Ready is that clients may write; that all connections are taken is no reason to refuse more.
        "readiness_probe": core.ProbeArgs(
            exec_=_script(
                "readiness",
                f"RUN={run}",
                f"VOLUME={volume}",
                f"FREE={FREE_MEBIBYTES}",
                f"CERTIFICATE={certificate or 'no'}",
            ),
            period_seconds=5,
            timeout_seconds=5,
            failure_threshold=2,
        ),
        # Alive is only that the server answers: a restart does not help a busy one.
        "liveness_probe": core.ProbeArgs(exec_=ping, period_seconds=10, timeout_seconds=5, failure_threshold=6),
    }


def _script(name: str, *values: str) -> core.ExecActionArgs:
    return core.ExecActionArgs(command=["/bin/sh", "-c", scripts.text(name), name, *values])
