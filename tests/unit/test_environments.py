"""Environments of pull requests: what their stacks get of a base stack, and what never."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from cli import programs
from cli.console import Problem
from cli.environment import address, commands, keeping, records, settings
from cli.environment.records import Known, Record
from cli.github import environments
from cli.github.api import GitHub, GitHubError
from cli.github.texts import marker, stack_of
from tests.fake_github import RUN, FakeGitHub, fake

__all__ = ["fake"]  # a fixture

PROJECT: dict[str, Any] = {
    "name": "kubeauth",
    "config": {
        "namespaceName": {"type": "string", "default": "production-cloud"},
        "mysqlNodePort": {"type": "integer", "default": 0},
        "mysqlRetainData": {"type": "boolean", "default": True},
        "mysqlSize": {"type": "string", "default": "medium"},
        "mysqlTlsSecret": {"type": "string", "default": ""},
        "mysqlBackupSchedule": {"type": "string", "default": ""},
        "mysqlBackupKeep": {"type": "integer", "default": 7},
        "mysqlRestoreFrom": {"type": "object", "default": {}},
        "host": {"type": "string", "default": ""},
    },
}
BASE = """
encryptionsalt: v1:salt-of-the-base
config:
  kubernetes:context: production
  kubernetes:kubeconfig: {secure: v1:the-cluster}
  kubeauth:namespaceName: staging-cloud
  kubeauth:mysqlPassword: {secure: v1:the-password}
  kubeauth:mysqlNodePort: 32001
  kubeauth:mysqlSize: large
  kubeauth:mysqlTlsSecret: tls-of-the-base
  kubeauth:mail: {from: shop@example.com, key: {secure: v1:the-key}}
  kubeauth:host: shop.example.com
"""
WORD = settings.Word(base="staging")
RECORD = Record("pr-5", "staging", "shop-pr-5", "c" * 40, "2026-11-28T03:00:00+00:00", "2026-12-01T03:00:00+00:00")


def derived(word: settings.Word = WORD, base: str = BASE, **more: Any) -> settings.Derived:
    return settings.derive("pr-12", word, base, PROJECT, **more)


def test_no_secret_and_no_cluster_of_the_base_reaches_an_environment():
    found = derived()
    said = yaml.safe_dump(found.config)
    for word in ("the-cluster", "the-password", "the-key", "secure", "made-up", "salt-of-the-base", "context"):
        assert word not in said
    assert found.secrets == ["kubeauth:mysqlPassword", 'kubeauth:mail["key"]']
    assert found.config["kubeauth:mail"] == {"from": "shop@example.com"}


def test_an_environment_is_small_can_be_removed_and_takes_nothing_that_others_have():
    found = derived().config
    assert found["kubeauth:namespaceName"] == "staging-cloud-pr-12"
    assert found["kubeauth:mysqlNodePort"] == 0
    assert found["kubeauth:mysqlRetainData"] is False
    assert found["kubeauth:mysqlSize"] == "small"
    assert found["kubeauth:mysqlTlsSecret"] == ""
    assert found["kubeauth:mysqlBackupSchedule"] == ""
    # What the project does not declare is not given: its program would refuse it.
    assert "kubeauth:authReplicas" not in found


def test_the_base_says_what_is_otherwise_with_the_names_of_the_environment_and_cannot_move_it():
    word = settings.Word("staging", values={"host": "{name}.example.com", "namespaceName": "staging-cloud"})
    found = derived(word).config
    assert found["kubeauth:host"] == "pr-12.example.com"
    assert found["kubeauth:namespaceName"] == "staging-cloud-pr-12"


def test_with_data_to_load_the_database_has_what_loads_it():
    assert derived(loads=True).config["kubeauth:mysqlBackupSchedule"]


RESTORE = {"s3": {"bucket": "acme", "prefix": "shop/mysqlauth", "existing_secret": "backups-read"}}


@pytest.mark.parametrize("given", [RESTORE, {"restoreFrom": RESTORE}], ids=["python", "yaml"])
def test_the_data_of_a_backup_is_what_the_word_says_never_what_the_base_began_with(given):
    base = BASE + "  kubeauth:mysqlRestoreFrom: {s3: {bucket: of-the-base}}\n"
    assert "of-the-base" not in yaml.safe_dump(derived(base=base).config)
    assert derived(base=base).data == ""
    word = settings.Word("staging", values={"mysqlRestoreFrom": given})
    found = derived(word, base=base)
    assert found.config["kubeauth:mysqlRestoreFrom"] == given
    assert found.data == "restored from acme/shop/mysqlauth"
    assert derived(word, loads=True).config["kubeauth:mysqlRestoreFrom"] == {}, "a dump goes into an empty database"


def test_a_project_that_cannot_choose_its_namespace_and_values_that_cannot_be_read_are_refused():
    with pytest.raises(Problem, match="declares no key place") as raised:
        derived(settings.Word("staging", namespace_key="place"))
    assert "namespaceKey" in raised.value.fix
    with pytest.raises(Problem, match="Pulumi ESC"):
        derived(base="environment: [prod]\n")


@pytest.mark.parametrize("base", ["shop", "a" * 50, "a" * 40, "shop-" * 7 + "x"])
def test_a_namespace_is_a_dns_label_and_two_bases_never_share_one(base):
    name = "p" + "r" * 29
    found = settings.namespace_of(base, name)
    assert len(found) <= 40, "what the components take"
    assert found.endswith(f"-{name}")
    assert "--" not in found
    assert found != settings.namespace_of(f"{base[:-1]}y", name)


@pytest.mark.parametrize("name", ["", "PR-1", "1", "pr_1", "pr-", "-pr", "p" * 31, "pr 1", "pr-1\n", "../pr"])
def test_a_name_that_is_no_name_is_refused(name):
    with pytest.raises(Problem, match="rule: up to 30"):
        settings.stack_of(name)


@pytest.mark.parametrize(("text", "hours"), [("72h", 72), ("3d", 72), ("1h", 1)])
def test_a_time_to_live_is_in_hours_or_days(text, hours):
    assert settings.lifetime(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "0h", "3", "h", "3w", "-1h", "99999d"])
def test_another_time_to_live_is_refused(text):
    with pytest.raises(Problem, match="hours or days"):
        settings.lifetime(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", "must have keys"),
        ("stack: dev", "stack: not a key"),
        ("set: [a]", "set: .*must be a map"),
        ("ttl: 3", "ttl: 3: must be a text"),
        ("secrets: registry", "secrets: .*must be a list"),
        ("secrets: [Registry]", "secrets: 'Registry': must be the name of a Secret in namespace kubeauth-environments"),
        ("{", "is no YAML"),
    ],
)
def test_a_mistake_in_the_projects_word_is_named(text, says):
    with pytest.raises(Problem, match=says):
        settings.read(text, settings.FILE)


def test_a_stack_that_somebody_else_made_is_refused_and_an_empty_one_is_what_a_killed_run_left():
    with pytest.raises(Problem, match="was not made by environment up"):
        records.refuse_others(Known("env-pr-5", 3, None))
    records.refuse_others(Known("env-pr-5", 0, None))
    records.refuse_others(Known("env-pr-5", 3, RECORD))
    records.refuse_others(None)


def test_a_tag_that_is_no_record_is_none():
    assert records.parse("{}") is records.parse("x") is records.parse('{"name": "a"}') is None
    assert records.parse(json.dumps(RECORD.__dict__)) == RECORD


def test_time_is_over_when_it_is_over():
    assert RECORD.left(datetime(2026, 12, 1, 2, tzinfo=UTC)) == timedelta(hours=1)
    assert RECORD.left(datetime(2026, 12, 1, 4, tzinfo=UTC)) < timedelta(0)


def test_of_a_file_that_pulumi_kept_only_the_secrets_count():
    file = {
        "encryptionsalt": "v1:x",
        "config": {"a:p": {"secure": "y"}, "a:size": "large", "a:m": [{"k": {"secure": "z"}}]},
    }
    kept = keeping.only_secrets(file)
    assert kept == {"encryptionsalt": "v1:x", "config": {"a:p": {"secure": "y"}, "a:m": [{"k": {"secure": "z"}}]}}
    assert keeping.only_secrets({"config": {"a:size": "large"}}) == {}


class Cluster:
    """Stands for a stack whose cluster has one namespace, or none."""

    name = "env-pr-12"

    def __init__(self, namespace: dict[str, Any] | None) -> None:
        self.namespace = namespace
        self.removed: list[str] = []

    def mark(self) -> str:
        return "organization/kubeauth/env-pr-12"

    def ask(self, *command: str, purpose: str, **options: Any) -> str:
        if command[1] == "delete":
            self.removed.append(command[3])
            return ""
        if self.namespace is None:
            raise programs.NotFound(purpose)
        return json.dumps({"metadata": self.namespace})


def cluster_with(owner: str | None, **more: str) -> Any:
    return Cluster(None if owner is None else {"annotations": {"kubeauth/stack": owner} if owner else {}, **more})


@pytest.mark.parametrize(
    ("owner", "more", "says"),
    [
        ("organization/kubeauth/prod", {}, "belongs to stack organization/kubeauth/prod"),
        ("", {}, "exists, and no stack made it"),
        ("organization/kubeauth/env-pr-12", {"deletionTimestamp": "now"}, "is being deleted"),
    ],
)
def test_a_namespace_of_somebody_else_is_refused_and_never_removed(owner, more, says):
    stack = cluster_with(owner, **more)
    with pytest.raises(Problem, match=says):
        keeping.refuse_namespace(stack, "shop-pr-12")
    if not more:
        keeping.remove_namespace(stack, "shop-pr-12")
        assert stack.removed == []


def test_its_own_namespace_is_taken_and_goes_with_what_no_state_knew():
    stack = cluster_with("organization/kubeauth/env-pr-12")
    keeping.refuse_namespace(stack, "shop-pr-12")
    keeping.remove_namespace(stack, "shop-pr-12")
    assert stack.removed == ["shop-pr-12"]
    keeping.refuse_namespace(cluster_with(None), "shop-pr-12")


SERVICE = {
    "kind": "Service",
    "metadata": {"name": "auth", "namespace": "shop-pr-5"},
    "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 5010}]},
}
INGRESS = {
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "shop-pr-5"},
    "spec": {
        "tls": [{"hosts": ["pr-5.example.com"]}],
        "rules": [{"host": "pr-5.example.com"}, {"host": "a|b.example"}],
    },
}


def test_the_comment_says_how_to_reach_it_how_old_it_is_and_when_it_goes():
    headless = {
        **SERVICE,
        "metadata": {"name": "peers", "namespace": "x"},
        "spec": {"clusterIP": "None", "ports": [{"port": 1}]},
    }
    said = address.running(RECORD, [SERVICE, INGRESS, headless])
    assert said.startswith(marker("environment", "pr-5") + "\n")
    assert stack_of(said, "environment") == "pr-5"
    assert "`auth.shop-pr-5.svc:5010`" in said
    assert "`kubectl --namespace shop-pr-5 port-forward service/auth 5010`" in said
    assert "https://pr-5.example.com/<br>http://a?b.example/" in said
    assert "peers" not in said
    assert "at 2026-12-01 03:00 UTC" in said
    assert "commit `cccccccccc`" in said


def test_words_of_a_failure_cannot_leave_their_block():
    said = address.failed("pr-5", "one\n```\n# a title\n" + "x" * 5000)
    assert said.startswith(marker("environment", "pr-5"))
    assert said.count("````") == 2
    assert len(said) < 2000


def test_a_refused_environment_leaves_a_report_that_says_so(tmp_path, monkeypatch):
    def refused(wanted: Any, stack: str) -> str:
        raise Problem("the namespace is somebody else's", "use another")

    monkeypatch.setattr(commands, "_up", refused)
    with pytest.raises(Problem):
        commands.up(commands.Wanted("pr-5", out=tmp_path / "out"))
    assert "the namespace is somebody else's" in (tmp_path / "out/pr-5.md").read_text()
    assert json.loads((tmp_path / "out/pr-5.json").read_text()) == {"environment": "pr-5", "verdict": "failed"}


OF_ENVIRONMENT = {**RUN, "path": ".github/workflows/environment.yml", "display_title": "Environment of #5"}


def text(name: str = "pr-5", says: str = "It runs.") -> str:
    return f"{marker('environment', name)}\n\n{says}\n"


def test_its_comment_is_made_once_renewed_and_says_the_end_at_a_closed_pull_request(fake: FakeGitHub):
    github = GitHub(fake.url, "o/r", "the token")
    fake.artifact("environment-pr-5", 1, md=text())
    assert environments.of_run(github, OF_ENVIRONMENT) == "#5: pr-5 posted"
    fake.pull["state"] = "closed"
    fake.artifact("environment-pr-5", 2, md=text(says="It is gone."))
    assert environments.of_run(github, OF_ENVIRONMENT) == "#5: pr-5 renewed"
    assert [comment["body"].split("\n")[2] for comment in fake.comments] == ["It is gone."]


@pytest.mark.parametrize(
    ("run", "artifact", "says"),
    [
        (RUN, "environment-pr-5", "is not one of environment.yml"),
        (OF_ENVIRONMENT, "environment-pr-6", "left no report"),
    ],
)
def test_a_run_speaks_about_its_own_pull_requests_environment_only(fake: FakeGitHub, run, artifact, says):
    fake.artifact(artifact, md=text(artifact.removeprefix("environment-")))
    with pytest.raises(GitHubError, match=says):
        environments.of_run(GitHub(fake.url, "o/r", "the token"), run)
    assert fake.changes() == []
