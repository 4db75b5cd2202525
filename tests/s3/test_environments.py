"""A pull request's environment on a real stack's cluster: data of its backup, copies of Secrets, none of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.clusters import loading
from lab.node import Node
from tests.engine.consumers import copy_of_the_project, virtual_environment

from .conftest import ACCOUNT, LIMIT
from .project import Run, in_database, up

SUM = "CHECKSUM TABLE t"
OWN = "orders-pr-5"
HOME = "kubeauth-environments"


@pytest.fixture
def orders(run: Run, node: Node, endpoint: str, tmp_path: Path) -> Run:
    """Runs commands in a project that was made from the template, as the user of environments."""
    copy_of_the_project(tmp_path / "kubeauth")
    folder = tmp_path / "orders"
    folder.mkdir()
    path = run("sh", "-c", "echo $PATH").strip()
    (tmp_path / "state").mkdir()
    kubeconfig = run("sh", "-c", "echo $PWD/.kubeauth/environments.kubeconfig").strip()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "KUBE"))},
        "PATH": path,
        "PULUMI_HOME": run("sh", "-c", "echo $PULUMI_HOME").strip(),
        "PYTHONPATH": run("sh", "-c", "echo $PYTHONPATH").strip(),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "the environments'",
        "KUBECONFIG": kubeconfig,
    }

    def orders(*command: str, stdin: str = "", ok: bool = True) -> str:
        done = subprocess.run(
            command, cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    orders("pulumi", "new", "../kubeauth/template/python", "--offline", "--yes", "--generate-only", "--name", "orders")
    python = str(virtual_environment(folder / "venv"))
    install = ("pip", "--python", python, "install", "--quiet", "--no-deps", "-r", "requirements.txt")
    orders(sys.executable, "-m", *install)
    settings = {"mysqlImage": loading.REFERENCES["mysql"], "authImage": loading.REFERENCES["authenticate"]}
    config = {f"orders:{key}": value for key, value in settings.items()}
    (folder / "Pulumi.prod.eu.yaml").write_text(yaml.safe_dump({"config": config}))
    bucket = {"bucket": "backups", "endpoint": endpoint, "prefix": "shop/orders", "existing_secret": "backups-read"}
    word = {
        "from": "prod.eu",
        "secrets": ["registry", "backups-read"],
        "set": {
            "imagePullSecrets": ["registry"],
            "mysqlRestoreFrom": {"s3": {**bucket, "image": "localhost/rclone:1.60"}},
        },
    }
    (folder / "kubeauth-environment.yaml").write_text(yaml.safe_dump(word))
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-qm", "orders")):
        orders("git", *arguments)
    return orders


def objects(run: Run, namespace: str, kind: str) -> dict[str, Any]:
    listed = json.loads(run("kubectl", "--namespace", namespace, "get", kind, "--output", "json"))["items"]
    return {item["metadata"]["name"]: item for item in listed}


def test_an_environment_has_the_data_of_a_backup_and_its_user_reads_nothing_of_the_real_stack(run, kubeauth, request):
    up(run)
    in_database(run, "shop", "orders", "CREATE TABLE t (i INT PRIMARY KEY); INSERT INTO t VALUES (1), (7)")
    kubeauth("backup")
    wanted = in_database(run, "shop", "orders", SUM)
    kubeauth("deployer", "--environments")
    orders: Run = request.getfixturevalue("orders")
    environment = (sys.executable, "-m", "cli", "environment")
    here = ("--name", "pr-5", "--context", "environments")

    missing = orders(*environment, "up", "--base", "HEAD", *here, ok=False)
    assert f"Secret registry in namespace {HOME} does not exist" in missing
    assert f"namespace/{OWN}" not in run("kubectl", "get", "namespaces", "--output", "name")
    secret = ("kubectl", "--namespace", HOME, "create", "secret")
    login = ("--docker-server=registry.example.com", "--docker-username=pull", "--docker-password=only")
    run(*secret, "docker-registry", "registry", *login)
    run(*secret, "generic", "backups-read", *(f"--from-literal={key}={value}" for key, value in ACCOUNT.items()))

    made = orders(*environment, "up", "--base", "HEAD", *here)
    assert "data: restored from backups/shop/orders" in made
    assert in_database(run, OWN, "mysql", SUM) == wanted, "it began with the backup"
    copies = objects(run, OWN, "secrets")
    assert copies["registry"]["type"] == "kubernetes.io/dockerconfigjson"
    for pod in objects(run, OWN, "pods").values():
        assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    values = {value for one in objects(run, "shop", "secrets").values() for value in (one.get("data") or {}).values()}
    values -= {value for one in objects(run, HOME, "secrets").values() for value in (one.get("data") or {}).values()}
    assert values
    assert not values & {value for one in copies.values() for value in (one.get("data") or {}).values()}

    reach_nothing_else(orders)
    orders(*environment, "up", "--base", "HEAD", *here)
    orders(*environment, "down", *here)
    assert f"namespace/{OWN}" not in run("kubectl", "get", "namespaces", "--output", "name")
    assert in_database(run, "shop", "orders", SUM) == wanted


def reach_nothing_else(orders: Run) -> None:
    """What code of a pull request would try with the kubeconfig of its job."""
    rights = ("--clusterrole=kubeauth-environment", "--serviceaccount=kubeauth-deployers:environments")
    label = "kubeauth/environment=pr-5"
    bare = "apiVersion: v1\nkind: Namespace\nmetadata: {name: mine, labels: {kubeauth/environment: pr-6}}\n"
    for command, stdin in (
        ("--namespace shop get secrets", ""),
        ("--namespace shop get pods", ""),
        (f"--namespace {HOME} get secrets", ""),
        ("--namespace kubeauth-deployers get secrets", ""),
        (f"label namespace shop {label}", ""),
        (f"label namespace {OWN} kubeauth/environment-", ""),
        (f"label --overwrite namespace {OWN} pod-security.kubernetes.io/enforce=privileged", ""),
        ("create namespace mine", ""),
        ("create --filename -", bare),
        ("delete namespace shop --wait=false", ""),
        (f"--namespace shop create rolebinding mine {' '.join(rights)}", ""),
        (f"--namespace {OWN} create rolebinding mine --clusterrole=cluster-admin {rights[1]}", ""),
        (f"create clusterrolebinding mine {' '.join(rights)}", ""),
    ):
        said = orders("kubectl", *command.split(), stdin=stdin, ok=False)
        assert "orbidden" in said or "denied" in said, (command, said)
    orders("kubectl", "--namespace", OWN, "get", "secrets")
