"""Stacks are told by their files; a name may have dots, and a file that is no stack's is refused, not left out."""

import subprocess

import pytest

from cli import paths, stacks
from cli.console import Problem
from cli.preview import offline
from cli.preview.touched import changed, touched


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in a folder of its repository, as its first commit."""
    folder = tmp_path / "infra"
    folder.mkdir()
    monkeypatch.setattr(paths, "CHECKOUT", folder)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    for name in ("prod", "prod.eu", "Prod_EU"):
        (folder / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    git(tmp_path, "init", "-q")
    commit(folder)
    return folder


def git(folder, *arguments):
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a commit")


@pytest.mark.parametrize("name", ["dev", "prod.eu", "prod.eu.1", "PROD", "prod_eu", "_x", "0", "a--b", "x" * 100])
def test_a_name_has_what_pulumi_allows(name):
    assert stacks.name_of(f"Pulumi.{name}.yaml") == name


@pytest.mark.parametrize(
    "file", ["Pulumi.yaml", "Pulumi.dev.yaml.bak", "x/Pulumi.dev.yaml", "README", "Pulumi..yaml", "XPulumi.dev.yaml"]
)
def test_other_files_configure_no_stack(file):
    assert stacks.name_of(file) == ""


def test_every_stack_of_both_sides_is_listed_once(project):
    (project / "Pulumi.prod.eu.yaml").unlink()
    (project / "Pulumi.new.yaml").touch()
    (project / "Pulumi.prod.yaml.bak").touch()
    assert offline.stacks("HEAD") == ["Prod_EU", "new", "prod", "prod.eu"]


@pytest.mark.parametrize(
    "file",
    [
        "Pulumi.prod.yml",
        "Pulumi.prod eu.yaml",
        "Pulumi.ü.yaml",
        "Pulumi.-x.yaml",
        "pulumi.prod.yaml",
        "Pulumi.prod.YAML",
        "Pulumi.prod.json",
    ],
)
def test_a_file_that_pulumi_does_not_read_is_refused_not_left_out(project, file):
    (project / file).touch()
    with pytest.raises(Problem, match="configures no stack") as caught:
        offline.stacks("HEAD")
    assert str(caught.value).startswith(file)


def test_a_pull_request_may_remove_such_a_file(project):
    (project / "Pulumi.prod.yml").touch()
    commit(project)
    (project / "Pulumi.prod.yml").unlink()
    assert offline.stacks("HEAD") == ["Prod_EU", "prod", "prod.eu"]


@pytest.mark.parametrize("setting", ["stackConfigDir: stacks", "config: stacks"])
def test_stack_files_in_another_folder_are_refused(project, setting):
    (project / "Pulumi.yaml").write_text(f"name: shop\nruntime: yaml\n{setting}\n")
    with pytest.raises(Problem, match="keeps the stacks' files in stacks"):
        offline.stacks("HEAD")


def test_in_a_folder_of_a_repository_a_stack_is_touched_too(project):
    (project / "Pulumi.prod.eu.yaml").write_text("config: {shop:size: 2Gi}\n")
    commit(project)
    assert changed("HEAD~1") == ["Pulumi.prod.eu.yaml"]
    assert touched(offline.stacks("HEAD~1"), changed("HEAD~1")) == ["prod.eu"]


@pytest.mark.parametrize("file", ["index.ts", "package.json", "src/shop.py", "go.mod", "Main.yaml"])
def test_the_program_of_any_language_touches_every_stack(project, file):
    (project / file).parent.mkdir(exist_ok=True)
    (project / file).touch()
    commit(project)
    assert touched(offline.stacks("HEAD~1"), changed("HEAD~1")) == ["Prod_EU", "prod", "prod.eu"]
