"""Commands in odd places: no project, no repository, no commit, no git, a pulumi that hangs; each says what to do."""

import subprocess

import pytest

from cli import console, paths, programs
from cli.clusters import kubeconfig
from cli.console import Problem
from cli.preview import commands, git, offline, touched
from cli.stack import refusals


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "LOCAL", tmp_path / ".kubeauth")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def test_a_folder_without_a_project_is_called_that(folder):
    with pytest.raises(Problem, match="there is no Pulumi project here") as caught:
        refusals.require("dev")
    assert "use one of" not in caught.value.fix


def test_a_project_without_stacks_says_how_one_is_made(folder):
    (folder / "Pulumi.yaml").write_text("name: shop\n")
    with pytest.raises(Problem, match="there is no stack dev") as caught:
        refusals.require("dev")
    assert caught.value.fix == "touch Pulumi.dev.yaml, and write the stack's values into it"


@pytest.mark.parametrize("ask", [git.head, lambda: git.merge_base("main"), lambda: touched.changed("main")])
def test_what_git_says_decides_what_to_type(folder, monkeypatch, ask):
    def fix() -> str:
        with pytest.raises(Problem) as caught:
            ask()
        return caught.value.fix

    assert fix() == "work in a clone; or git init, git add -A and git commit first"
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    assert fix() in ("git add -A and git commit first", "git fetch --unshallow, or another BASE=")
    monkeypatch.setenv("PATH", str(folder))
    assert fix() == "put git on PATH"


def test_another_users_clone_is_named_as_git_does(folder, monkeypatch):
    """Containers of CI run as another user than the one that checked out."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(Problem) as caught:
        git.head()
    assert caught.value.fix == f"git config --global --add safe.directory {folder}"


def test_a_pulumi_that_hangs_is_ended(folder, monkeypatch):
    fake = folder / "bin"
    fake.mkdir()
    (fake / "pulumi").write_text("#!/bin/sh\n(sleep 20; touch waited) &\nwait\n")
    (fake / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:/usr/bin:/bin")
    with pytest.raises(programs.TimedOut, match="pulumi preview"):
        offline.run(folder, {"PATH": f"{fake}:/usr/bin:/bin"}, "pulumi", "preview", seconds=0.3)
    assert not (folder / "waited").exists()


def test_the_name_of_a_plugin_that_is_missing_is_not_lost_among_hints():
    said = (
        "Unable to connect to the server: getting credentials: exec: executable gke-gcloud-auth-plugin not found\n\n"
        "It looks like you are trying to use a client-go credential plugin that is not installed.\n\n"
        "To learn more about this feature, consult the documentation available at:\n      https://kubernetes.io/docs\n\n"
        "Install gke-gcloud-auth-plugin with the SDK, see https://example.com\n"
    )
    found = programs.failure(["kubectl", "get", "services"], said)
    assert isinstance(found, programs.Unreachable)
    assert "executable gke-gcloud-auth-plugin not found" in str(found)
    assert found.fix == "put gke-gcloud-auth-plugin on PATH"


@pytest.mark.parametrize(
    "text", ["contexts:\n- name: 5\n", "clusters:\n- name: 1.5\n  cluster: {server: a}\n", "- a\n"]
)
def test_names_that_are_no_text_are_no_kubeconfig(text, tmp_path):
    """kubectl refuses them, too."""
    with pytest.raises(Problem, match="is no kubeconfig"):
        kubeconfig.parse(text, "KUBECONFIG", tmp_path)


def test_a_comment_says_what_to_type_as_the_command_that_wrote_it(monkeypatch):
    nothing = Problem("nothing is there", "make up STACK=dev")
    assert commands.words(nothing) == "nothing is there\nfix: make up STACK=dev"
    monkeypatch.setattr(console, "_said_as", [console.as_command])
    assert commands.words(nothing) == "nothing is there\nfix: kubeauth up --stack dev"
