"""What docs/guides/ shows runs as it is written there."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.toolchain import Toolchain
from tests.conftest import ROOT

from .consumers import Consumer, environment

pytestmark = pytest.mark.engine


def blocks(guide: str, language: str) -> str:
    text = (ROOT / "docs/guides" / f"{guide}.md").read_text()
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"{guide} has no {language}"
    return "\n".join(found)


@pytest.fixture
def rendered(engine: Toolchain, tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Runs a guide's program without a cluster and returns its manifests by kind and name."""

    def run(guide: str) -> dict[str, Any]:
        project = tmp_path / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text("name: guide\nruntime: python\n")
        (project / "__main__.py").write_text(blocks(guide, "python"))
        # As pip would install it; the language pages' tests do that for real.
        (project / "kubeauth").symlink_to(ROOT / "components")
        env = {**os.environ, **engine.environment(), "PULUMI_BACKEND_URL": f"file://{tmp_path}"}
        env |= {"PULUMI_CONFIG_PASSPHRASE": "test", "PYTHONDONTWRITEBYTECODE": "1"}
        env["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{env['PATH']}"
        out = tmp_path / "out"
        values = ["--secret=password=a-password", f"--plaintext=kubernetes:renderYamlToDirectory={out}"]
        for command in (
            ["stack", "init", "dev"],
            ["config", "set-all", *values],
            ["up", "--yes", "--skip-preview", "--non-interactive"],
        ):
            done = subprocess.run(
                ["pulumi", *command], cwd=project, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        found = [yaml.safe_load(path.read_text()) for path in out.rglob("*.yaml")]
        return {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in found}

    return run


def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest["spec"]["template"]["spec"]


def test_a_stack_is_added_in_five_lines(stack, checkout, tmp_path):
    added = blocks("add-a-stack", "yaml")
    assert len(added.strip().splitlines()) == 5
    (checkout / "Pulumi.qa.yaml").write_text(added)
    stack("qa").render(tmp_path / "out")
    (deployment,) = (tmp_path / "out").rglob("*deployment*authenticate-deployment.yaml")
    env = pod(yaml.safe_load(deployment.read_text()))["containers"][0]["env"]
    assert env[0]["value"] == "mysqlauth-service.qa-cloud.svc.cluster.local:3306"


def test_a_database_of_somebody_else_is_plugged_in(rendered):
    found = rendered("bring-your-own-database")
    env = pod(found["Deployment/orders-deployment"])["containers"][0]["env"]
    assert env[:2] == [
        {"name": "DB_HOST", "value": "orders.databases.svc.cluster.local:3306"},
        {"name": "DB_USER", "valueFrom": {"secretKeyRef": {"name": "orders-users", "key": "user"}}},
    ]
    egress = found["NetworkPolicy/members-traffic"]["spec"]["egress"]
    assert egress[1] == {"ports": [{"port": 3306, "protocol": "TCP"}]}
    assert not [name for name in found if name.startswith(("Secret/", "PersistentVolumeClaim/"))]


def test_several_teams_share_a_cluster(rendered):
    found = rendered("several-teams")
    for team in ("members", "orders"):
        assert found[f"ResourceQuota/team-{team}-quota"]["spec"]["hard"]["pods"] == "20"
        clients = found[f"NetworkPolicy/{team}-db-clients"]["spec"]["ingress"][0]["from"]
        assert [client["podSelector"]["matchLabels"] for client in clients] == [{"team": team}, {"app": "reports"}]
        env = pod(found[f"Deployment/{team}-auth-deployment"])["containers"][0]["env"]
        assert env[0]["value"] == f"{team}-db-service.team-{team}.svc.cluster.local:3306"


def test_transforms_reach_every_child(rendered):
    found = rendered("escape-hatches")
    for name in ("db", "auth"):
        assert pod(found[f"Deployment/{name}-deployment"])["imagePullSecrets"] == [{"name": "registry"}]
    assert found["ServiceAccount/auth-account"]["metadata"]["annotations"]["iam.example.com/role"] == "auth"
    assert found["PersistentVolumeClaim/db-data"]["metadata"]["labels"]["backup.example.com/daily"] == "true"


def test_database_and_service_are_two_teams_stacks_in_two_languages_and_namespaces(work, tmp_path):
    (tmp_path / "kubeauth").symlink_to(work / "kubeauth")
    database, shop = (Consumer(tmp_path / name, environment(tmp_path), images={}) for name in ("database", "shop"))
    for consumer in (database, shop):
        consumer.folder.mkdir()
    (database.folder / "Pulumi.yaml").write_text("name: database\nruntime: python\n")
    (database.folder / "__main__.py").write_text(blocks("two-stacks", "python"))
    (database.folder / "kubeauth").symlink_to(ROOT / "components")
    database.env["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{database.env['PATH']}"
    (shop.folder / "Pulumi.yaml").write_text(blocks("two-stacks", "yaml"))
    database.checked("pulumi", "stack", "init", "dev")
    database.checked("pulumi", "config", "set", "--secret", "password", stdin="a-password")
    shop.checked("pulumi", "stack", "init", "dev")
    for consumer in (database, shop):
        out = tmp_path / f"{consumer.folder.name}-out"
        consumer.checked("pulumi", "config", "set", "kubernetes:renderYamlToDirectory", str(out))
        consumer.checked("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    found = [yaml.safe_load(path.read_text()) for path in (tmp_path / "shop-out").rglob("*.yaml")]
    made = {f"{manifest['kind']}/{manifest['metadata']['name']}": manifest for manifest in found}
    env = {entry["name"]: entry for entry in pod(made["Deployment/login-deployment"])["containers"][0]["env"]}
    assert env["DB_HOST"]["value"] == "orders-service.data.svc.cluster.local:3306"
    assert env["DB_PASS"]["valueFrom"]["secretKeyRef"] == {"name": "orders-account", "key": "password"}
    assert {manifest["metadata"].get("namespace", "shop") for manifest in found} == {"shop"}
    [_, egress] = made["NetworkPolicy/login-traffic"]["spec"]["egress"]
    assert egress["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "data"}
    policy = next((tmp_path / "database-out").rglob("*networkpolicy*orders-clients.yaml"))
    [rule] = yaml.safe_load(policy.read_text())["spec"]["ingress"]
    labels = made["Deployment/login-deployment"]["spec"]["template"]["metadata"]["labels"]
    assert rule["from"][0]["podSelector"]["matchLabels"].items() <= labels.items()
    assert "a-password" not in shop.checked("pulumi", "stack", "export")


def test_several_servers_have_the_host_name_of_one(rendered):
    found = rendered("many-servers")
    assert found["StatefulSet/orders-tablet"]["spec"]["replicas"] == 3
    env = {
        entry["name"]: entry.get("value")
        for entry in pod(found["Deployment/members-deployment"])["containers"][0]["env"]
    }
    assert env["DB_HOST"] == "orders-service.shop.svc.cluster.local:3306"
