"""Proof that the wiring works: the auth service stores a user in MySQL and finds it again, through DB_HOST."""

import json
import os
import re
import secrets
import select
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from .. import paths, programs
from ..clusters import loading
from ..console import Problem, console, duration, step
from . import Stack, guard
from .namespace import WORKLOADS

#: Pulumi sometimes reports a `Recreate` rollout as complete between the old pod and the new one; this is how much
#: longer the proof waits for the pods, in seconds.
ROLLOUT_SECONDS = 90
#: How long the way to a port in the cluster may take to open, and an answer of the auth service, in seconds.
FORWARD_SECONDS = 30
POST_SECONDS = 20
#: How long a service may say that it is not available after its rollout, in seconds: it asks its database every few
#: seconds, and a node's network may learn of a new pod a moment after its readiness did.
SETTLE_SECONDS = 60
UNAVAILABLE = 503


@contextmanager
def forward(variables: Mapping[str, str], namespace: str, target: str, port: int) -> Iterator[int]:
    """Make a port of a pod or Service reachable on this machine while the body runs, and yield the local port.

    Args:
        variables: What kubectl needs on top of this process's environment to reach the cluster.
        namespace: The namespace of the target.
        target: For example `service/authenticate-service`.
        port: The target's port.
    """
    command = ["kubectl", "--namespace", namespace, "port-forward", target, f":{port}"]
    env = {**os.environ, **variables}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield _listening(process, target)
        finally:
            process.terminate()
            try:
                process.wait(programs.GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _listening(process: subprocess.Popen[str], target: str) -> int:
    """The port on which `kubectl port-forward` listens, as soon as it says so.

    Raises:
        Problem: It ended with an error, or took too long.
    """
    said = [process.stdout] if process.stdout else []
    if not select.select(said, [], [], FORWARD_SECONDS)[0]:
        what = f"waited {duration(FORWARD_SECONDS)} for kubectl port-forward to {target} and ended it"
        raise Problem(what, "see whether the API server reaches the cluster's nodes, then type the same command again")
    # It says where it listens, or ends with an error.
    first = said[0].readline()
    match = re.search(r":(\d+) ->", first)
    if not match:
        raise Problem(f"{target} cannot be reached: {process.stderr.read() if process.stderr else first}")
    return int(match[1])


def post(port: int, path: str, body: dict[str, str]) -> tuple[int, str]:
    """POST JSON to a forwarded port; return the status and the answer.

    Raises:
        Problem: There was none in time.
    """
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    # The port is on this machine: a company's proxy is not the way to it.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=POST_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        what = f"POST {path} got no answer in {duration(POST_SECONDS)}: {getattr(error, 'reason', error)}"
        raise Problem(what, "kubectl get pods shows whether the service's pods run and stay ready") from error


def _settled(port: int, path: str, body: dict[str, str]) -> tuple[int, str]:
    """What a service answers once it is available, or still says that it is not when its time is over."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        status, answer = post(port, path, body)
        if status != UNAVAILABLE or time.monotonic() > deadline:
            return status, answer
        time.sleep(1)


def show(stack: Stack) -> None:
    """See the pods of a stack's last change, then register and log in a user through its auth service.

    Raises:
        Problem: The auth service did not do what it should.
    """
    setting = stack.settings()
    outputs = json.loads(stack.run("pulumi", "stack", "output", "--json").stdout or "{}")
    for kind in WORKLOADS:
        for namespace, name in guard.named(stack, f"apps/v1:{kind}"):
            rolled_out(stack, namespace, f"{kind.lower()}/{name}")
    # The sample service is one that kubeauth's own program configures; others have their own ways to be asked.
    if not {"authName", "authPort"} <= setting.keys() or setting.get("authImage") != loading.REFERENCES["authenticate"]:
        console.print("The pods are ready: each service's database answers it.", markup=False)
        return
    log_in(stack.exports(), outputs["namespace"], f"service/{setting['authName']}-service", int(setting["authPort"]))
    console.print(f"DB_HOST={outputs['databaseHost']}", markup=False)
    console.print(f'Next: eval "$(make -s env)" in {paths.CHECKOUT}, then pulumi and kubectl work.', markup=False)


def rolled_out(stack: Stack, namespace: str, workload: str) -> None:
    """Wait until all pods of a workload are those of its last change, and ready.

    Raises:
        Problem: They are not in time.
    """
    command = ["kubectl", "--namespace", namespace, "rollout", "status", workload, f"--timeout={ROLLOUT_SECONDS}s"]
    done = stack.run(*command)
    if done.returncode:
        raise Problem(f"{workload} is not ready: {done.stderr.strip()}", f"kubectl --namespace {namespace} get pods")


def log_in(variables: Mapping[str, str], namespace: str, service: str, port: int) -> None:
    """Register a user, log in, and be refused with a wrong password, through an auth service and its database.

    Args:
        variables: What kubectl needs on top of this process's environment to reach the cluster.
        namespace: The service's namespace.
        service: For example `service/authenticate-service`.
        port: The service's port.

    Raises:
        Problem: The auth service did not do what it should.
    """
    user = {"username": f"proof-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    with (
        step(f"prove it: register and log in {user['username']} through DB_HOST"),
        forward(variables, namespace, service, port) as local_port,
    ):
        for path, body, expected in (
            ("/register", user, 201),
            ("/login", user, 200),
            ("/login", {**user, "password": "wrong"}, 401),
        ):
            status, answer = _settled(local_port, path, body)
            if status != expected:
                logs = f"kubectl --namespace {namespace} logs {service}"
                raise Problem(f"POST {path} answered {status}, not {expected}: {answer.strip()}", f"read {logs}")
