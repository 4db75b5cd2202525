"""What people see before anything happens: previews and refusals of the real CLI."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from cli.console import Problem
from cli.stack import config
from lab import toolchain
from lab.bench.objects import RANDOM

pytestmark = pytest.mark.engine

OLD = "mysqlauth-service.production-cloud.svc.cluster.local:3306"


@pytest.mark.parametrize(
    ("key", "value", "new"),
    [
        ("namespaceName", "shop", "mysqlauth-service.shop.svc.cluster.local:3306"),
        ("mysqlName", "usersdb", "usersdb-service.production-cloud.svc.cluster.local:3306"),
    ],
)
def test_one_changed_name_changes_db_host_in_the_preview(deployed, key, value, new):
    with deployed("dev") as (dev, variables, _):
        assert dev.run("pulumi", "config", "set", key, value, variables=variables).returncode == 0
        shown = dev.run("pulumi", "preview", "--diff", "--non-interactive", variables=variables)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(rf'databaseHost *: "{re.escape(OLD)}" => "{re.escape(new)}"', shown.stdout), shown.stdout
    assert new in shown.stdout


def test_no_password_is_in_a_preview(stack, tmp_path):
    dev = stack("dev")
    with dev.offline(tmp_path / "out") as variables:
        for key in ("mysqlPassword", "mysqlRootPassword"):
            done = dev.run("pulumi", "config", "set", "--secret", key, text=f"canary-{key}", variables=variables)
            assert done.returncode == 0, done.stderr
        for form in ("--diff", "--json"):
            shown = dev.run("pulumi", "preview", form, "--non-interactive", variables=variables)
            assert shown.returncode == 0, shown.stdout + shown.stderr
            assert "canary" not in shown.stdout + shown.stderr
            assert OLD in shown.stdout, "DB_HOST must be readable"


def test_a_new_password_shows_that_both_pods_restart(deployed):
    with deployed("dev") as (dev, variables, _):
        dev.run("pulumi", "config", "set", "--secret", "mysqlPassword", text="another", variables=variables)
        shown = dev.run("pulumi", "preview", "--non-interactive", variables=variables).stdout
    for line in (
        r"\+-.*Secret +mysqlauth-credentials +replace",
        r"~ .*Deployment +mysqlauth-deployment +update",
        r"~ .*Deployment +authenticate-deployment +update",
    ):
        assert re.search(line, shown), shown


def test_an_unchanged_stack_has_no_changes(deployed):
    with deployed("dev") as (dev, variables, _):
        again = dev.run("pulumi", "preview", "--expect-no-changes", "--non-interactive", variables=variables)
    assert again.returncode == 0, again.stdout


def test_the_password_that_is_made_for_backups_stays(stack, tmp_path):
    dev = stack("dev")
    with dev.offline(tmp_path / "out") as variables:
        dev.run("pulumi", "config", "set", "mysqlBackupSchedule", "@daily", variables=variables)
        assert dev.run("pulumi", "up", "--yes", "--skip-preview", variables=variables).returncode == 0
        again = dev.run("pulumi", "preview", "--expect-no-changes", "--non-interactive", variables=variables)
    assert again.returncode == 0, again.stdout


def test_bad_configuration_is_refused_at_once_without_a_traceback(stack, tmp_path):
    dev = stack("dev")
    with dev.offline(tmp_path / "out") as variables:
        for key, value in {"mysqlNodePort": "29999", "authReplicas": "0", "mysqlStorageSize": "1GB"}.items():
            dev.run("pulumi", "config", "set", key, value, variables=variables)
        dev.run("pulumi", "config", "set", "mysqlPort", "3306", variables=variables)
        shown = dev.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", variables=variables)
    assert shown.returncode != 0
    output = shown.stdout + shown.stderr
    assert "stack dev: 4 inputs are not allowed. Nothing was created or changed." in output
    for fix in (
        "did you mean mysqlNodePort?",
        "pulumi config set mysqlNodePort 32001",
        "pulumi config set authReplicas 1",
        "pulumi config set mysqlStorageSize 1Gi",
    ):
        assert fix in output
    assert "Traceback" not in output
    assert not list((tmp_path / "out").rglob("*.yaml"))


def test_missing_configuration_names_the_commands(stack):
    dev = stack("dev")
    for key in ("authImage", "mysqlPassword"):
        dev.run("pulumi", "config", "rm", key)
    with pytest.raises(Problem, match="stack dev has no value for: mysqlPassword, authImage") as caught:
        dev.check()
    assert caught.value.fix.split("\n       ") == [
        "pulumi config set --secret mysqlPassword <value>",
        "pulumi config set authImage <value>",
    ]


def test_a_wrong_passphrase_is_refused_with_the_way_back(stack, monkeypatch):
    dev = stack("dev")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(Problem, match=r"the secrets of stack dev cannot be read: .*incorrect passphrase") as caught:
        dev.check()
    assert str(config.passphrase_file()) in caught.value.fix


def test_an_unknown_stack_names_those_there_are(stack):
    with pytest.raises(Problem, match=r"there is no stack qa") as caught:
        stack("qa")
    assert caught.value.fix == "use one of: dev, prod, staging"


def test_neither_go_nor_pulumi_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lab.toolchain.pins.BUILT", tmp_path / "cache")
    monkeypatch.setattr("lab.toolchain.BUILT", tmp_path / "cache")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    message = "Go is not on PATH, and these programs have to be built with it: pulumi, "
    with pytest.raises(Problem, match=message) as caught:
        toolchain.ensure("engine")
    assert caught.value.fix.startswith("install Go 1.26 or newer")


def test_git_sees_nothing_of_what_a_stack_needs(stack, checkout):
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    (checkout / ".gitignore").write_text((Path(__file__).parents[2] / ".gitignore").read_text())
    subprocess.run(["git", "add", "-A"], cwd=checkout, check=True)
    before = subprocess.run(["git", "status", "--porcelain"], cwd=checkout, capture_output=True, text=True, check=True)
    stack("dev").check()
    after = subprocess.run(["git", "status", "--porcelain"], cwd=checkout, capture_output=True, text=True, check=True)
    assert after.stdout == before.stdout
    assert os.stat(config.passphrase_file()).st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("key", "value"), [("namespaceName", "other"), ("mysqlName", "other"), ("mysqlStorageClass", "other")]
)
def test_what_would_lose_data_is_refused(deployed, key, value):
    with deployed("prod") as (prod, variables, out):
        claim = next(out.rglob("*persistentvolumeclaim*mysqlauth-data.yaml"))
        prod.run("pulumi", "config", "set", key, value, variables=variables)
        refused = prod.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", variables=variables)
        assert refused.returncode != 0
        assert "protect" in refused.stdout + refused.stderr
        assert claim.exists()


def test_destroy_keeps_the_namespace_and_the_volumes_and_up_brings_the_rest_back(deployed):
    def names(out):
        # Pulumi names Secrets at random.
        return sorted(RANDOM.sub(r"\1", path.name) for path in out.rglob("*.yaml"))

    with deployed("prod") as (prod, variables, out):
        before = names(out)
        refused = prod.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", variables=variables)
        kept = sorted(path.name for path in out.rglob("*.yaml"))
        again = prod.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", variables=variables)
        after = names(out)
    assert refused.returncode != 0
    assert "cannot be deleted" in refused.stdout + refused.stderr
    assert kept == [
        "networking.k8s.io_v1-networkpolicy-production-cloud-production-cloud-default-deny.yaml",
        "v1-namespace-default-production-cloud.yaml",
        "v1-persistentvolumeclaim-production-cloud-mysqlauth-backups.yaml",
        "v1-persistentvolumeclaim-production-cloud-mysqlauth-data.yaml",
    ]
    assert again.returncode == 0, again.stdout
    assert after == before
