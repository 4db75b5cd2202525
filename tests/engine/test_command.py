"""The command `kubeauth`, installed from the wheel, in another project; and a checkout without its lab."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import copies
from tests.conftest import ROOT

from . import actions
from .consumers import Consumer, environment, virtual_environment

pytestmark = pytest.mark.engine

HOST = {"name": "DB_HOST", "value": "mysql-service.shop.svc.cluster.local:3306"}


@pytest.fixture(scope="module")
def shop(work: Path, tmp_path_factory: pytest.TempPathFactory) -> Consumer:
    """A project called shop in git, made from the template, with the package as pip installs it."""
    home = tmp_path_factory.mktemp("team")
    (home / "kubeauth").symlink_to(work / "kubeauth")
    consumer = Consumer(home / "shop", environment(home))
    consumer.folder.mkdir()
    consumer.checked("pulumi", "new", "../kubeauth/template/python", "--offline", "--yes", "--generate-only")
    python = str(virtual_environment(consumer.folder / "venv"))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    consumer.checked(*pip, "-r", "requirements.txt")
    values = {"shop:authImage": "registry.example.com/authenticate:1.0.0"}
    (consumer.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": values}))
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "a shop"]):
        consumer.checked("git", *command)
    return consumer


def kubeauth(consumer: Consumer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return consumer.run(str(consumer.folder / "venv/bin/kubeauth"), *arguments)


def test_the_wheel_brings_the_command(shop):
    said = kubeauth(shop, "--version")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("kubeauth ")
    verbs = kubeauth(shop, "--help").stdout.partition("Commands:")[2].partition("\n\n")[0]
    for verb in (line.split()[0] for line in verbs.strip().splitlines()):
        help_text = kubeauth(shop, verb, "--help").stdout
        assert re.search(rf"For example:\n +(kubeauth {verb}|eval)\b", help_text)


def test_a_project_of_another_name_is_rendered_and_checked(shop, tmp_path):
    rendered = kubeauth(shop, "render", "--out", str(tmp_path / "manifests"))
    assert rendered.returncode == 0, rendered.stdout + rendered.stderr
    (deployment,) = (tmp_path / "manifests").rglob("*auth-deployment.yaml")
    (container,) = yaml.safe_load(deployment.read_text())["spec"]["template"]["spec"]["containers"]
    assert HOST in container["env"]
    checked = kubeauth(shop, "policy")
    said = checked.stdout + checked.stderr
    assert "kubeauth@v" in said, "the policy pack that the command brings has run"


def test_a_change_of_another_project_is_commented_and_judged(shop):
    program = shop.folder / "__main__.py"
    text = program.read_text()
    program.write_text(text.replace('MySqlDatabase(\n    "mysql"', 'MySqlDatabase(\n    "orders"'))
    try:
        said = kubeauth(shop, "comment", "--base", "HEAD", "--json")
    finally:
        program.write_text(text)
    assert said.returncode == 3, said.stdout + said.stderr
    report = json.loads(said.stdout)
    assert report["verdict"] == "refused"
    assert [found["after"] for found in report["database_hosts"]] == [HOST["value"].replace("mysql-", "orders-")]
    assert json.loads(kubeauth(shop, "stacks", "--base", "HEAD").stdout) == ["dev"]


def action(
    consumer: Consumer, home: Path, description: str, name: str = "preview", **more: str
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run the steps of an action on stack dev, with the command of the project's own environment."""
    given = {"stack": "dev", "out": f"{name}-out", **({"base": "HEAD"} if name == "preview" else {}), **more}
    return actions.run(consumer, home, name, consumer.folder / "venv", description, **given)


def test_the_action_stops_a_change_of_another_project_until_it_says_that_it_is_meant(shop, tmp_path):
    program = shop.folder / "__main__.py"
    text = program.read_text()
    program.write_text(text.replace('MySqlDatabase(\n    "mysql"', 'MySqlDatabase(\n    "orders"'))
    try:
        refused = action(shop, tmp_path / "refused", "")
        report = json.loads((shop.folder / "preview-out/dev.json").read_text())
        found = json.loads((shop.folder / "preview-out/dev.sarif").read_text())["runs"][0]["results"]
        lines = "\n".join(f"allow-destructive: {finding['allow']}" for finding in report["findings"])
        meant = action(shop, tmp_path / "meant", lines)
    finally:
        program.write_text(text)
        shutil.rmtree(shop.folder / "preview-out")
    assert [done.returncode for done in refused.values()] == [3, 0], str(refused)
    assert "⛔" in (tmp_path / "refused/summary.md").read_text()
    assert (
        {it["ruleId"] for it in found} == {finding["rule"] for finding in report["findings"]} >= {"claim", "database"}
    )
    assert {it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for it in found} == {"__main__.py"}
    assert report["way_back"].startswith("does not bring back what this change loses: ")
    assert [done.returncode for done in meant.values()] == [0, 0], str(meant)


def test_the_action_of_deployments_and_drift_says_what_is_missing_and_leaves_a_report(shop, tmp_path, monkeypatch):
    kubeconfig = "apiVersion: v1\nkind: Config\n"
    monkeypatch.setitem(shop.env, "KUBECONFIG_CONTENT", kubeconfig)
    unset = action(shop, tmp_path / "unset", "", "stack", does="up")
    assert [step for step, done in unset.items() if done.returncode] == ["Access"], str(unset)
    assert "Pulumi.dev.yaml has no encrypted passwords" in unset["Access"].stderr
    file = shop.folder / "Pulumi.dev.yaml"
    text = file.read_text()
    file.write_text(f"encryptionsalt: v1:x\n{text}")
    try:
        up = action(shop, tmp_path / "up", "", "stack", does="up")
        drift = action(shop, tmp_path / "drift", "", "stack", does="drift")
        report = json.loads((shop.folder / "stack-out/dev.json").read_text())
    finally:
        file.write_text(text)
        shutil.rmtree(shop.folder / "stack-out", ignore_errors=True)
    for did, failed in ((up, "Deploy"), (drift, "Look for drift")):
        assert [step for step, done in did.items() if done.returncode] == [failed], str(did)
    assert "has no context" in up["Deploy"].stderr
    assert report["verdict"] == "failed"
    assert "has no context" in (tmp_path / "drift/summary.md").read_text()


def test_messages_name_the_command_that_was_typed(shop):
    missing = kubeauth(shop, "render")
    assert missing.returncode == 1
    assert "fix: kubeauth render --stack dev --out manifests" in missing.stderr
    wrong = kubeauth(shop, "render", "--force")
    assert wrong.returncode == 2
    assert "No such option" in wrong.stderr
    node = kubeauth(shop, "up", "--cluster", "node")
    assert node.returncode == 1
    assert "its lab is not here" in node.stderr


def test_without_the_lab_everything_that_ships_still_works(tmp_path, work):
    checkout = copies.make(tmp_path / "kubeauth", commit=True)
    shutil.rmtree(checkout / "lab")
    shutil.rmtree(checkout / "tests/unit/lab")
    env = environment(tmp_path) | {"PYTHONPATH": str(checkout)}
    consumer = Consumer(checkout, env)
    python = str(ROOT / ".venv/bin/python")
    consumer.checked(python, "-m", "cli", "render", "--stack", "staging", "--out", "manifests")
    assert list((checkout / "manifests").rglob("*.yaml"))
    assert "kubeauth@v" in consumer.checked(python, "-m", "cli", "policy", "--stack", "staging")
    consumer.checked("make", "preview-comment", "BASE=HEAD", "STACK=staging", "OUT=out")
    assert json.loads((checkout / "out/staging.json").read_text())["verdict"] == "ok"
    texts = {str(path.relative_to(checkout)): path.read_text() for path in (checkout / "tests/unit").glob("test_*.py")}
    # Of the unit tests those are run that read or start something of the checkout. The others could reach the lab by an
    # import alone, which is seen when they are collected, or by one in a function.
    assert [name for name, text in texts.items() if re.search(r"^\s+(from|import) lab\b", text, re.MULTILINE)] == []
    reading = sorted(name for name, text in texts.items() if re.search(r"\b(CHECKOUT|ROOT|__file__)\b", text))
    assert len(reading) > 20
    tests = (python, "-m", "pytest", "-q", "-x", "--tb=native", "-p", "no:cacheprovider")
    for done in (consumer.run(*tests, "--collect-only", "tests/unit"), consumer.run(*tests, "-n", "2", *reading)):
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
