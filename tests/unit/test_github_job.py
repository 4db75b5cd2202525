"""What steps of a job need besides GitHub's API, and which stacks a change touches."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli import paths
from cli.console import Problem
from cli.github import job
from cli.github.api import GitHub, GitHubError
from cli.preview import allowed
from cli.preview.touched import among, touched

STACKS = ["dev", "prod", "staging"]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's variables, and a project with a stack that keeps its passwords in git."""
    for name in ("GITHUB_ENV", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("KUBECONFIG_CONTENT", "apiVersion: v1\n")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    (tmp_path / "Pulumi.prod.yaml").write_text("encryptionsalt: v1:x\nconfig: {}\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n# encryptionsalt: no\n")
    return tmp_path


def test_labels_and_description_reach_the_gate_as_lines_and_a_comment_in_the_description_hides_no_label(runner):
    pull = {"labels": [{"name": "allow-destructive: dev/a"}, {"name": "bug"}], "body": "allow-destructive: dev/b\n<!--"}
    (runner / "GITHUB_EVENT_PATH").write_text(json.dumps({"pull_request": pull}))
    assert allowed.read(job.allowed()) == {"dev/a", "dev/b"}
    (runner / "GITHUB_EVENT_PATH").write_text(json.dumps({"pull_request": {"labels": [], "body": None}}))
    assert allowed.read(job.allowed()) == frozenset()


def test_access_writes_a_private_kubeconfig_and_names_it_to_the_next_steps(runner):
    job.access("prod")
    (variable, _, file) = (runner / "GITHUB_ENV").read_text().strip().partition("=")
    assert variable == "KUBECONFIG"
    assert Path(file).read_text() == "apiVersion: v1\n"
    assert Path(file).stat().st_mode & 0o777 == 0o600


def test_access_says_all_that_is_missing_at_once_and_writes_nothing(runner, monkeypatch):
    monkeypatch.delenv("KUBECONFIG_CONTENT")
    monkeypatch.setenv("PULUMI_BACKEND_URL", " ")
    with pytest.raises(GitHubError) as raised:
        job.access("dev")
    for part in ("KUBECONFIG_CONTENT", "PULUMI_BACKEND_URL", "Pulumi.dev.yaml has no encrypted passwords"):
        assert part in str(raised.value)
    with pytest.raises(GitHubError, match=r"Pulumi\.qa\.yaml is missing"):
        job.access("qa")
    assert (runner / "GITHUB_ENV").read_text() == ""


FILE = """apiVersion: v1
clusters:
- name: c
  cluster: {server: https://one.example, certificate-authority-data: eA==}
users:
- name: u
  user:
"""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            base64.b64encode(FILE.encode()).decode(),
            "is base64: paste the output of: kubectl config view --raw --flatten",
        ),
        ("not a kubeconfig!", "is no kubeconfig"),
        (" ".join(FILE.split()), "has lost its line breaks"),
        (FILE + "    client-key: keys/u.key\n", "names a file that is not here, client-key: keys/u.key"),
        (FILE + '    "client-key": "keys/u.key"\n', "names a file that is not here, client-key: keys/u.key"),
        (
            FILE.replace("certificate-authority-data: eA==", "certificate-authority: ca.crt"),
            "certificate-authority: ca",
        ),
        ('{"clusters":[{"cluster":{"certificate-authority":"ca.crt"}}]}', "certificate-authority: ca.crt"),
        ('{"clusters":[],"users":[{"user":{"exec":{"command":"no-such-login"}}}]}', "its login from no-such-login"),
        (FILE + "    token: REDACTED\n", "was printed without --raw"),
        (FILE.replace("eA==", "DATA+OMITTED"), "was printed without --raw"),
        (FILE.replace("one.example", "127.0.0.1:6443"), "names https://127.0.0.1:6443, which is the machine"),
        (FILE.replace("one.example", "localhost"), "names https://localhost, which is the machine"),
        (FILE + "    auth-provider:\n      name: gcp\n", "has an auth-provider"),
        (FILE + "    exec:\n      command: no-such-login\n", "gets its login from no-such-login, which is not here"),
    ],
)
def test_a_kubeconfig_that_cannot_work_here_is_refused_with_what_to_paste(runner, monkeypatch, content, says):
    monkeypatch.setenv("KUBECONFIG_CONTENT", content)
    with pytest.raises(GitHubError) as raised:
        job.access("prod")
    assert says in str(raised.value)
    assert (runner / "GITHUB_ENV").read_text() == ""


def test_a_runner_of_ones_own_may_have_the_cluster_beside_it(runner, monkeypatch):
    monkeypatch.setenv("KUBECONFIG_CONTENT", FILE.replace("one.example", "127.0.0.1:6443"))
    monkeypatch.setenv("RUNNER_ENVIRONMENT", "self-hosted")
    job.access("prod")


def test_a_flat_kubeconfig_and_one_in_json_are_taken(runner, monkeypatch):
    named = FILE.replace("one.example", "localhost.example")
    for content in (
        FILE + "    token: x\n",
        named + "    token: REDACTED-no\n",
        '{"apiVersion": "v1", "clusters": []}',
    ):
        monkeypatch.setenv("KUBECONFIG_CONTENT", content)
        job.access("prod")


def test_a_report_is_shown_as_it_is_and_a_missing_one_is_replaced_by_one_that_failed(runner):
    out = runner / "out"
    job.summarize("drift", "prod", out)
    made = (out / "prod.md").read_text()
    assert made.startswith("<!-- kubeauth-drift:prod -->\n")
    assert "https://github.example/o/r/actions/runs/77" in made
    assert json.loads((out / "prod.json").read_text())["verdict"] == "failed"
    (out / "prod.md").write_text("the report\n")
    job.summarize("drift", "prod", out)
    assert (runner / "GITHUB_STEP_SUMMARY").read_text() == made + "the report\n"
    assert (out / "prod.md").read_text() == "the report\n"


def test_outside_a_workflow_a_step_says_so(monkeypatch):
    for name in ("GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GitHubError, match="GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN not set"):
        GitHub.of_this_job()
    with pytest.raises(GitHubError, match="GITHUB_EVENT_PATH is not set"):
        job.allowed()


def test_jobs_that_may_write_need_no_package():
    command = [sys.executable, "-I", "-S", "-c"]
    modules = ", ".join(f"cli.github.{name}" for name in ("comments", "issues", "job"))
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import {modules}"
    done = subprocess.run([*command, code, str(paths.CHECKOUT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["README.md", "docs/guides/ci.md", "tests/unit/test_auth.py", "lab/images/build.py"], []),
        (["Pulumi.prod.yaml", "README.md"], ["prod"]),
        (["policy/config.dev.json", "Pulumi.staging.yaml"], ["dev", "staging"]),
        (["policy/pods.py"], STACKS),
        (["policy/config.default.json"], STACKS),
        (["Pulumi.yaml"], STACKS),
        (["components/mysql/component.py", "Pulumi.prod.yaml"], STACKS),
        (["requirements.txt"], STACKS),
        ([".github/actions/tools/action.yml"], STACKS),
        ([".github/workflows/preview.yml"], STACKS),
        ([".github/workflows/ci.yml", ".github/CODEOWNERS"], []),
        (["docs/components/mysql.md", "components.md"], []),
    ],
)
def test_a_stack_is_touched_by_its_own_files_and_every_stack_by_the_program(files, expected):
    assert touched(STACKS, files) == expected


def test_only_a_json_list_narrows_the_stacks():
    assert among('["prod"]', STACKS) == ["prod"]
    assert among("", STACKS) == []
    for wrong in ("prod", '"prod"', '{"prod": 1}'):
        with pytest.raises(Problem, match="not a JSON list"):
            among(wrong, STACKS)


def test_environments_need_no_file_in_git_but_something_that_keeps_their_passwords(runner, monkeypatch):
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GitHubError, match="PULUMI_CONFIG_PASSPHRASE or PULUMI_ACCESS_TOKEN is not set"):
        job.environment_access()
    assert (runner / "GITHUB_ENV").read_text() == ""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    job.environment_access()
    assert (runner / "GITHUB_ENV").read_text().startswith("KUBECONFIG=")
