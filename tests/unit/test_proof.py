"""The proof of `make up` is about the pods of the last change, not of the one before."""

import subprocess
from types import SimpleNamespace

import pytest

from tools.console import Problem
from tools.stack import proof


class Cluster:
    """Answers kubectl, and remembers what was asked."""

    def __init__(self, status: int, said: str = "") -> None:
        self.asked: list[tuple[str, ...]] = []
        self._done = SimpleNamespace(returncode=status, stdout="", stderr=said)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        self.asked.append(command)
        return self._done  # pyright: ignore[reportReturnType]


def test_the_proof_waits_for_the_rollout():
    cluster = Cluster(0)
    proof.rolled_out(cluster, "shop", "deployment/db-deployment")  # pyright: ignore[reportArgumentType]
    assert cluster.asked == [
        ("kubectl", "--namespace", "shop", "rollout", "status", "deployment/db-deployment", "--timeout=90s")
    ]


def test_pods_that_do_not_get_ready_are_told_with_a_command():
    cluster = Cluster(1, "error: timed out waiting for the condition\n")
    with pytest.raises(Problem) as raised:
        proof.rolled_out(cluster, "shop", "deployment/db-deployment")  # pyright: ignore[reportArgumentType]
    assert str(raised.value) == "deployment/db-deployment is not ready: error: timed out waiting for the condition"
    assert raised.value.fix == "kubectl --namespace shop get pods"
