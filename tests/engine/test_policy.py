"""The policy pack in the real engine: what it refuses, in which words, at which level, and what it lets through."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping

import pytest

from cli import paths
from cli.console import Problem
from cli.stack import policy
from lab.toolchain import Toolchain

pytestmark = pytest.mark.engine

ROOT = paths.CHECKOUT
CONFIG = {
    "node-ports": {"allow": ["good/db"]},
    "db-host-is-a-service": {"externalDatabases": ["rds.example.com"]},
    # What it refuses, the stacks of this project show.
    "fit-for-production": {"allow": ["good/*"]},
}
TO_SECRET = "Fix: put the value into a Secret and refer to it with valueFrom.secretKeyRef."
TO_SERVICE = (
    "Fix: use <service>.<namespace>.svc.cluster.local:<port> of a Service in this stack, or add the database to"
    " externalDatabases in this stack's policy config."
)
OF_POD = "spec.template.spec.containers"
#: Policy and resource, then its findings.
REFUSED = {
    ("pod-security-restricted", "root"): [
        "Pod good/root: spec.volumes[node] is hostPath. Fix: use a persistentVolumeClaim, or another of: configMap,"
        " csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret.",
        "Pod good/root: spec.containers[root].securityContext.runAsNonRoot is not true."
        " Fix: set it to true there or for the pod.",
        "Pod good/root: spec.securityContext.runAsUser is 0, which is root. Fix: set another one, 10000 or more.",
        "Pod good/root: spec.containers[root].securityContext.seccompProfile.type is neither RuntimeDefault nor"
        " Localhost. Fix: set it to RuntimeDefault there or for the pod.",
    ],
    ("no-secret-literals", "literal"): [
        f"Deployment good/literal: {OF_POD}[literal].env[API_KEY].value is a literal in a variable for a secret."
        f" {TO_SECRET}"
    ],
    ("no-secret-literals", "secret"): [
        f"Deployment good/secret: {OF_POD} holds a Pulumi secret, which everybody who may read pods can read."
        f" {TO_SECRET}"
    ],
    ("pinned-images", "latest"): [
        f"Deployment good/latest: {OF_POD}[latest].image is 'nginx:latest', which changes."
        " Fix: name a version, for example :1.27.3."
    ],
    ("pinned-images", "untagged"): [
        f"Deployment good/untagged: {OF_POD}[untagged].image is 'localhost:5000/nginx', which has no tag."
        " Fix: append a version, for example :1.27.3."
    ],
    ("node-ports", "open"): [
        "Service good/open: spec.type is LoadBalancer."
        " Fix: use ClusterIP, or allow the Service in this stack's policy config."
    ],
    ("requests-and-limits", "greedy"): [
        f"Deployment good/greedy: {OF_POD}[greedy].resources.{kind}.cpu is missing. Fix: set it, for example to 500m."
        for kind in ("limits", "requests")
    ],
    ("network-policy-present", "alone"): [
        "Deployment bare/alone: metadata.namespace 'bare' is a namespace without a NetworkPolicy that denies Ingress"
        " and Egress to all its pods. Fix: add one with podSelector {} and these policyTypes, or create the namespace"
        " with AppNamespace.",
        "Deployment bare/alone: spec.template.metadata.labels are selected by no NetworkPolicy that says what these"
        " pods may do. Fix: add one whose podSelector matches them.",
    ],
    ("network-policy-present", "unselected"): [
        "Deployment good/unselected: spec.template.metadata.labels are selected by no NetworkPolicy that says what"
        " these pods may do. Fix: add one whose podSelector matches them."
    ],
    ("db-host-is-a-service", "lost"): [
        f"Deployment good/lost: {OF_POD}[lost].env[DB_HOST] is 'nowhere.good.svc.cluster.local:3306', but the stack has"
        f" no Service nowhere in namespace good. {TO_SERVICE}"
    ],
    ("db-host-is-a-service", "wrong-port"): [
        f"Deployment good/wrong-port: {OF_POD}[wrong-port].env[DB_HOST] is 'db.good.svc.cluster.local:3307', but"
        f" Service good/db has no port 3307. {TO_SERVICE}"
    ],
}

Pulumi = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def pulumi(engine: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Pulumi:
    """Runs the CLI on tests/engine/policed, which renders into `out`."""
    project = tmp_path_factory.mktemp("policed") / "project"
    shutil.copytree(ROOT / "tests/engine/policed", project)
    (project / ".venv").symlink_to(ROOT / ".venv")
    given = {"PULUMI_BACKEND_URL": f"file://{project}", "PULUMI_CONFIG_PASSPHRASE": "test", "KUBECONFIG": "/none"}

    def run(
        *command: str, config: object = None, inherited: Mapping[str, str] = os.environ, seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        env = {**inherited, **engine.environment(), **given}
        options = []
        if config is not None:
            (project / "config.json").write_text(json.dumps(config))
            options = ["--policy-pack", str(ROOT / "policy"), "--policy-pack-config", "config.json"]
        return subprocess.run(
            ["pulumi", *command, *options],
            cwd=project,
            env=env,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    for command in (["stack", "init", "test"], ["config", "set", "kubernetes:renderYamlToDirectory", "out"]):
        assert run(*command).returncode == 0
    return run


def preview(pulumi: Pulumi, config: dict[str, object], *, bad: bool) -> subprocess.CompletedProcess[str]:
    return pulumi("preview", "--non-interactive", "--config", f"bad={str(bad).lower()}", config=config)


def test_a_policy_pack_that_buffers_its_output_is_loaded_all_the_same(pulumi, tmp_path):
    """With plain Pulumi and an environment that says nothing to Python, which then keeps back what it prints."""
    bare = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    shown = pulumi("preview", "--non-interactive", config=CONFIG, inherited=bare, seconds=120)
    assert shown.returncode == 0, shown.stdout + shown.stderr


def violations(output: str) -> dict[tuple[str, ...], list[str]]:
    """The findings that the CLI shows, by level, policy and resource."""
    found: dict[tuple[str, ...], list[str]] = {}
    heading: tuple[str, ...] = ()
    for line in output.splitlines():
        match = re.fullmatch(r" +- \[(\w+)\] +(\S+) +\(\S+: (\S+)\)", line)
        heading = match.groups() if match else heading
        if "Fix:" in line:
            found.setdefault(heading, []).append(line.strip())
    return found


@pytest.mark.parametrize("level", ["mandatory", "advisory"])
def test_each_rule_says_what_is_wrong_and_its_level_decides(pulumi, level):
    """Also: DB_HOST of `latest` is not known in this preview, its image is, and is checked."""
    shown = preview(pulumi, {"all": level, **CONFIG}, bad=True)
    assert violations(shown.stdout) == {(level, *key): lines for key, lines in REFUSED.items()}, shown.stdout
    assert (shown.returncode != 0) == (level == "mandatory")
    assert "canary" not in shown.stdout + shown.stderr
    assert "can't run policy" not in shown.stdout


def test_one_rule_can_have_a_level_of_its_own(pulumi):
    shown = preview(pulumi, {"all": "disabled", "pinned-images": "advisory"}, bad=True)
    assert shown.returncode == 0, shown.stdout
    assert {key[:2] for key in violations(shown.stdout)} == {("advisory", "pinned-images")}


def test_each_rule_lets_through_what_is_right(pulumi):
    """The good resources have a case for each rule, DB_HOST known, allowed, and not known yet among them."""
    shown = preview(pulumi, {"all": "mandatory", **CONFIG}, bad=False)
    assert shown.returncode == 0, shown.stdout
    assert violations(shown.stdout) == {}
    assert "can't run policy" not in shown.stdout


def test_config_decides_about_node_ports_external_databases_and_digests(pulumi):
    config = {"pinned-images": {"requireDigest": True}, "fit-for-production": "disabled"}
    shown = preview(pulumi, config, bad=False)
    assert shown.returncode != 0
    assert set(violations(shown.stdout)) == {
        ("mandatory", "node-ports", "db"),
        ("mandatory", "db-host-is-a-service", "outside"),
        *(("mandatory", "pinned-images", name) for name in ("inside", "outside", "unknown", "cron")),
    }


def test_what_is_refused_is_not_created(pulumi):
    done = pulumi("up", "--yes", "--skip-preview", "--config", "bad=true", config={"all": "mandatory", **CONFIG})
    assert done.returncode != 0
    refused = {key[2] for key in violations(done.stdout)}
    assert "root" in refused
    listed = pulumi("stack", "export").stdout
    created = {resource["urn"].rpartition("::")[2] for resource in json.loads(listed)["deployment"]["resources"]}
    assert not refused & created


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_each_stack_passes_its_own_config(stack, capfd, name):
    stack(name).check_policies()
    shown = capfd.readouterr().out
    assert "kubeauth@v" in shown
    # Staging is advised of what production must have.
    assert ("✅ kubeauth@v" in shown) == (name != "staging")
    found = violations(shown)
    assert {key[:2] for key in found} == ({("advisory", "fit-for-production")} if name == "staging" else set())


def test_prod_allows_neither_node_ports_nor_tags(stack, tmp_path):
    dev = stack("dev")
    with dev.offline(tmp_path / "out") as variables:
        shown = dev.run("pulumi", "preview", "--non-interactive", *policy.options("prod"), variables=variables)
    assert shown.returncode != 0
    assert set(violations(shown.stdout)) == {
        ("mandatory", "fit-for-production", "mysqlauth-deployment"),
        ("mandatory", "fit-for-production", "authenticate-deployment"),
        ("mandatory", "node-ports", "mysqlauth-service"),
        ("mandatory", "pinned-images", "authenticate-deployment"),
        ("mandatory", "pinned-images", "mysqlauth-deployment"),
    }


def test_a_refused_stack_renders_nothing_and_says_why(stack, tmp_path):
    prod = stack("prod")
    prod.run("pulumi", "config", "set", "mysqlServiceType", "NodePort")
    with pytest.raises(Problem, match=r"Service production-cloud/mysqlauth-service: spec.type is NodePort\. Fix: "):
        prod.render(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stack_without_a_config_file_gets_the_default(checkout):
    assert policy.options("dev")[-1] == "policy/config.dev.json"
    assert policy.options("qa")[-1] == "policy/config.default.json"
    assert json.loads((checkout / "policy/config.default.json").read_text())["all"] == "mandatory"
