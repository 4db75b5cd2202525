"""An environment of another team's project on the cluster of a real stack, as the user of environments makes it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests import teams
from tests.conftest import ROOT
from tests.teams import ENVIRONMENT, Run

from .conftest import System

pytestmark = pytest.mark.cluster

REAL = "production-cloud"
OWN = "orders-pr-5"
HOME = "kubeauth-environments"
HERE = ("--name", "pr-5", "--context", "environments")


@pytest.fixture
def orders(system: System, tmp_path: Path) -> Run:
    """The project, whose commands have the kubeconfig of the user of environments."""
    made = system.make("deployer", "ENVIRONMENTS=1", KUBECONFIG=str(system.node.kubeconfig))
    assert made.returncode == 0, made.stderr
    kubeconfig = system.checkout / ".kubeauth/environments.kubeconfig"
    env = {**system.env, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT)}
    return teams.orders(tmp_path, env, {"secrets": ["registry"], "set": {"imagePullSecrets": ["registry"]}})


def values(system: System, namespace: str) -> set[str]:
    """What the Secrets of a namespace hold."""
    secrets = listed(system, namespace, "secrets")
    found = (value for one in secrets.values() for value in (one.get("data") or {}).values())
    return {base64.b64decode(value).decode() for value in found}


def listed(system: System, namespace: str, kind: str) -> dict[str, Any]:
    items = json.loads(system.admin("kubectl", "--namespace", namespace, "get", kind, "--output", "json"))["items"]
    return {item["metadata"]["name"]: item for item in items}


def test_an_environment_gets_its_pull_secret_and_its_user_reads_no_secret_of_the_real_stack(system, orders):
    missing = orders(*ENVIRONMENT, "up", "--base", "HEAD", *HERE, ok=False)
    assert f"Secret registry in namespace {HOME} does not exist" in missing
    assert f"namespace/{OWN}" not in system.admin("kubectl", "get", "namespaces", "--output", "name")
    login = ("--docker-server=registry.example.com", "--docker-username=pull", "--docker-password=only")
    system.admin("kubectl", "--namespace", HOME, "create", "secret", "docker-registry", "registry", *login)

    made = orders(*ENVIRONMENT, "up", "--base", "HEAD", *HERE)
    assert f"`auth-service.{OWN}.svc:5010`" in made
    copy = listed(system, OWN, "secrets")["registry"]
    assert copy["type"] == "kubernetes.io/dockerconfigjson"
    assert {base64.b64decode(value).decode() for value in copy["data"].values()} == values(system, HOME)
    for pod in listed(system, OWN, "pods").values():
        assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    # Names of accounts and schemas are the same; passwords, certificates and what is random are not.
    passwords = {system.secret("mysqlPassword"), system.secret("mysqlRootPassword")}
    assert passwords <= values(system, REAL)
    assert not passwords & values(system, OWN)
    reach_nothing_else(orders)

    again = orders(*ENVIRONMENT, "up", "--base", "HEAD", *HERE)
    assert "created" not in again
    orders(*ENVIRONMENT, "down", *HERE)
    assert f"namespace/{OWN}" not in system.admin("kubectl", "get", "namespaces", "--output", "name")
    assert "There are no environments." in orders(*ENVIRONMENT, "list")


def reach_nothing_else(orders: Run) -> None:
    """What code of a pull request would try with the kubeconfig of its job."""
    rights = ("--clusterrole=kubeauth-environment", "--serviceaccount=kubeauth-deployers:environments")
    label = "kubeauth/environment=pr-5"
    bare = "apiVersion: v1\nkind: Namespace\nmetadata: {name: mine, labels: {kubeauth/environment: pr-6}}\n"
    for command, stdin in (
        (f"--namespace {REAL} get secrets", ""),
        (f"--namespace {REAL} get pods", ""),
        (f"--namespace {HOME} get secrets", ""),
        ("--namespace kubeauth-deployers get secrets", ""),
        (f"label namespace {REAL} {label}", ""),
        (f"label namespace {OWN} kubeauth/environment-", ""),
        (f"label --overwrite namespace {OWN} pod-security.kubernetes.io/enforce=privileged", ""),
        ("create namespace mine", ""),
        ("create --filename -", bare),
        (f"delete namespace {REAL} --wait=false", ""),
        (f"--namespace {REAL} create rolebinding mine {' '.join(rights)}", ""),
        (f"--namespace {OWN} create rolebinding mine --clusterrole=cluster-admin {rights[1]}", ""),
        (f"create clusterrolebinding mine {' '.join(rights)}", ""),
    ):
        said = orders("kubectl", *command.split(), stdin=stdin, ok=False)
        assert "orbidden" in said or "denied" in said, (command, said)
    orders("kubectl", "--namespace", OWN, "get", "secrets")
