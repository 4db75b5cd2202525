"""Environments of pull requests in projects made from the templates, as project-environment.yml makes them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

from . import actions
from .consumers import Consumer, environment, need, virtual_environment

pytestmark = pytest.mark.engine

CANARY = "of-the-real-stack"
REAL, OWN = ({"PULUMI_CONFIG_PASSPHRASE": words} for words in ("the real stack's", "the environments'"))
BUCKET = {"bucket": "acme-backups", "prefix": "shop/mysql"}
#: A program hands on what its language's component takes.
RESTORE = {
    "python": {"s3": {**BUCKET, "existing_secret": "backups-read"}},
    "typescript": {"s3": {**BUCKET, "existingSecret": "backups-read"}},
    "yaml": {"restoreFrom": {"s3": {**BUCKET, "existingSecret": "backups-read"}}},
}


@pytest.fixture(scope="module")
def tool(work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in an environment of its own, as the actions install it."""
    folder = tmp_path_factory.mktemp("tool") / "kubeauth"
    python = str(virtual_environment(folder))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, str(work / "kubeauth")], check=True)
    return folder


@pytest.fixture
def orders(work: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Consumer:
    """GitHub's merge of a pull request into a project called orders, whose real stack is prod.eu."""
    language = request.param
    if language == "typescript":
        need("npm", "the template in TypeScript")
    (tmp_path / "kubeauth").symlink_to(work / "kubeauth")
    project = Consumer(tmp_path / "orders", environment(tmp_path) | REAL)
    project.folder.mkdir()
    template = f"../kubeauth/template/{language}"
    project.checked("pulumi", "new", template, "--offline", "--yes", "--generate-only", "--name", "orders")
    if language == "python":
        python = str(virtual_environment(project.folder / "venv"))
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
        project.checked(*pip, "-r", "requirements.txt")
    if language == "typescript":
        project.checked("npm", "run", "sdk")
        project.checked("npm", "ci", "--no-audit", "--no-fund")
    project.checked("pulumi", "stack", "init", "prod.eu")
    project.checked("pulumi", "config", "set", "authImage", "registry.example.com/authenticate:1.0.0")
    for key in ("mysqlPassword", "mysqlRootPassword", "mail"):
        project.checked("pulumi", "config", "set", "--secret", key, f"{CANARY}-{key}")
    word = {
        "from": "prod.eu",
        "secrets": ["registry", "backups-read"],
        "set": {"imagePullSecrets": ["registry"], "mysqlRestoreFrom": RESTORE[language]},
    }
    (project.folder / "kubeauth-environment.yaml").write_text(yaml.safe_dump(word))
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    project.checked("git", "init", "-q", "-b", "main")
    project.checked("git", "add", "-A")
    project.checked("git", *who, "commit", "-qm", "orders")
    # What the pull request says of its environment counts for nothing.
    (project.folder / "kubeauth-environment.yaml").write_text("from: dev\nsecrets: [of-somebody-else]\n")
    project.checked("git", *who, "commit", "-qam", "a change")
    # The runner has the passphrase of the environments, no other.
    project.env |= OWN | {"KUBECONFIG_CONTENT": "apiVersion: v1\nkind: Config\n"}
    return project


@pytest.mark.parametrize("orders", sorted(path.name for path in (ROOT / "template").iterdir()), indirect=True)
def test_a_project_from_a_template_gives_a_pull_request_its_own_namespace_data_and_secrets(orders, tool, tmp_path):
    """But for the cluster: what would be deployed there is rendered."""
    told = actions.run(orders, tmp_path / "up", "environment", tool, does="up", name="pr-5")
    assert [name for name, done in told.items() if done.returncode] == ["Deploy"], str(told)
    report = (orders.folder / "environment-out/pr-5.md").read_text()
    assert "KUBECONFIG has no context" in report
    assert (tmp_path / "up/summary.md").read_text() == report

    derived = (orders.folder / "Pulumi.env-pr-5.yaml").read_text()
    orders.checked(str(tool / "bin/kubeauth"), "render", "--stack", "env-pr-5", "--out", str(tmp_path / "manifests"))
    manifests = [yaml.safe_load(path.read_text()) for path in (tmp_path / "manifests").rglob("*.yaml")]
    assert {item["metadata"].get("namespace", item["metadata"]["name"]) for item in manifests} == {"orders-pr-5"}
    specs = {
        item["metadata"]["name"]: item["spec"]["template"]["spec"] for item in manifests if "Deploy" in item["kind"]
    }
    assert all(spec["imagePullSecrets"] == [{"name": "registry"}] for spec in specs.values())
    (service,) = specs["auth-deployment"]["containers"]
    assert {"name": "DB_HOST", "value": "mysql-service.orders-pr-5.svc.cluster.local:3306"} in service["env"]
    assert "shop/mysql" in json.dumps(specs["mysql-deployment"]["initContainers"]), "it begins with the backup"
    known = derived + json.dumps(manifests) + str(told) + report
    for path in (orders.folder / ".kubeauth").rglob("*"):
        known += path.read_text(errors="replace") if path.is_file() else ""
    salt = yaml.safe_load((orders.folder / "Pulumi.prod.eu.yaml").read_text())["encryptionsalt"]
    assert [word for word in (CANARY, salt, "the real stack's") if word in known] == []

    # The rendering made a stack without resources; the failed deployment had not come so far.
    orders.checked("pulumi", "stack", "rm", "--yes", "--preserve-config", "env-pr-5")
    gone = actions.run(orders, tmp_path / "down", "environment", tool, does="down", name="pr-5")
    assert [name for name, done in gone.items() if done.returncode] == [], str(gone)
    assert "It is gone." in (tmp_path / "down/summary.md").read_text()
    assert not list(orders.folder.glob("Pulumi.env-*"))
    swept = actions.run(orders, tmp_path / "sweep", "environment", tool, does="sweep")
    assert list(swept) == ["Access", "Remove what is over"], str(swept)
