"""The proof of `make up` is about the pods of the last change, not of the one before."""

import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import psutil
import pytest

from cli.console import Problem
from cli.stack import proof


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


def kubectl(folder, monkeypatch, script):
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\necho $$ >{folder}/pid\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return {"PATH": os.environ["PATH"]}


def test_a_way_to_a_port_that_does_not_open_has_a_limit(tmp_path, monkeypatch):
    variables = kubectl(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(proof, "FORWARD_SECONDS", 1)
    with pytest.raises(Problem) as raised, proof.forward(variables, "shop", "service/auth", 80):
        pass
    assert str(raised.value) == "waited 1 s for kubectl port-forward to service/auth and ended it"
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_way_to_a_port_is_closed_even_when_kubectl_does_not_listen(tmp_path, monkeypatch):
    said = "trap '' TERM; echo 'Forwarding from 127.0.0.1:4711 -> 80'; while :; do sleep 0.1; done"
    variables = kubectl(tmp_path, monkeypatch, said)
    monkeypatch.setattr(proof.programs, "GRACE_SECONDS", 0.5)
    with proof.forward(variables, "shop", "service/auth", 80) as port:
        assert port == 4711
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_an_auth_service_that_does_not_answer_is_a_problem(monkeypatch):
    monkeypatch.setattr(proof, "POST_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Problem) as raised:
        proof.post(silent.getsockname()[1], "/login", {})
    assert str(raised.value) == "POST /login got no answer in 1 s: timed out"


def test_a_proxy_of_the_company_is_not_the_way_to_a_port_of_this_machine(monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as service, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(proof.post, service.getsockname()[1], "/login", {})
        service.settimeout(10)
        asker, _ = service.accept()
        with asker:
            asker.recv(4096)
            asker.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert answer.result(10) == (200, "ok")


class Foreign(Cluster):
    """The stack of a program with keys of its own."""

    def settings(self):
        return {"authImage": "registry.example.com/login:1.0.0"}


def test_another_teams_program_is_proved_by_the_pods_of_its_own_state(monkeypatch, capsys):
    stack = Foreign(0)
    has = {"apps/v1:Deployment": [("shop", "orders"), ("shop", "login")], "apps/v1:StatefulSet": [("shop", "tablet")]}
    monkeypatch.setattr(proof.guard, "named", lambda _, kind: has[kind])
    proof.show(stack)  # pyright: ignore[reportArgumentType]
    assert [command[4:6] for command in stack.asked[1:]] == [
        ("status", "deployment/orders"),
        ("status", "deployment/login"),
        ("status", "statefulset/tablet"),
    ]
    assert "The pods are ready" in capsys.readouterr().err


def answering(monkeypatch, *statuses):
    left, asked = list(statuses), []

    def post(port, path, body):
        asked.append(path)
        return (left.pop(0) if len(left) > 1 else left[0]), "{}"

    now = iter(range(1000))
    monkeypatch.setattr(proof, "post", post)
    monkeypatch.setattr(proof, "time", SimpleNamespace(monotonic=lambda: next(now), sleep=lambda _: None))
    return asked


def test_a_service_that_is_not_available_yet_is_asked_again_for_a_while(monkeypatch):
    asked = answering(monkeypatch, 503, 503, 201)
    assert proof._settled(80, "/register", {}) == (201, "{}")
    assert len(asked) == 3


def test_one_that_stays_away_is_told_when_its_time_is_over_and_other_answers_at_once(monkeypatch):
    asked = answering(monkeypatch, 503)
    assert proof._settled(80, "/register", {})[0] == 503
    assert 30 < len(asked) <= proof.SETTLE_SECONDS + 1
    assert len(answering(monkeypatch, 500)) == 0
    assert proof._settled(80, "/register", {})[0] == 500
