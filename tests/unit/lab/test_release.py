"""What is refused before a release is built, and the workflow that releases."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from cli import console, paths
from lab import release
from tests import workflows

CHANGELOG = """# Changes

## Unreleased

### Added
- Something later.

## 1.2.0

### Fixed
- Something.

## 1.1.0 - 2026-01-31

- The first.

## 1.0.0
"""


def test_the_tag_of_the_version_with_a_section_is_released():
    release.check("1.2.0", ["v1.2.0"], CHANGELOG)
    release.check("1.1.0", ["v1.1.0"], CHANGELOG)


def test_a_commit_without_a_tag_is_a_trial():
    release.check("1.2.0", [], CHANGELOG)


@pytest.mark.parametrize("tag", ["v1.1.0", "1.2.0", "v1.2.0-rc1", "v1.2.00"])
def test_the_tag_of_another_version_is_refused(tag):
    with pytest.raises(console.Problem, match=re.escape(f"the tag is {tag}, and the version")):
        release.check("1.2.0", ["v1.2.0", tag], CHANGELOG)


@pytest.mark.parametrize("version", ["1.3.0", "1.2", "1.0.0", "2.0"])
def test_a_version_that_the_changelog_does_not_describe_is_refused(version):
    with pytest.raises(console.Problem, match=f"CHANGELOG.md says nothing of {version}"):
        release.check(version, [f"v{version}"], CHANGELOG)


def test_a_section_ends_where_the_next_begins():
    assert release.section(CHANGELOG, "1.2.0") == "### Fixed\n- Something."
    assert release.section(CHANGELOG, "Unreleased").endswith("later.")


def test_the_version_of_this_checkout_can_be_released():
    version = tomllib.loads((paths.CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    release.check(version, [f"v{version}"], (paths.CHECKOUT / "CHANGELOG.md").read_text())


def test_only_the_jobs_that_sign_and_upload_get_an_identity_and_neither_runs_code_of_the_repository():
    jobs = workflows.workflow("release")["jobs"]
    signing = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert signing == {"provenance", "upload"}
    for name in signing:
        assert [step["name"] for step in jobs[name]["steps"] if "run" in step or "checkout" in step["uses"]] == []
    assert "make release" in "\n".join(step.get("run", "") for step in jobs["build"]["steps"])
    assert jobs["upload"]["needs"] == ["build", "provenance"]


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def cloned(tmp_path):
    """What a runner checks out: a clone with main, and a commit after it that is on no branch of the origin."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch", "main")
    # Stands for the real one, which builds: it shows what the step hands over.
    (origin / "Makefile").write_text("release:\n\t@echo released $(TAG)\n")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "main")
    git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "not on main")
    return clone


@pytest.mark.parametrize(("commit", "released"), [("origin/main", True), ("HEAD", False)])
def test_a_tag_on_what_is_not_on_main_builds_nothing(cloned, tmp_path, commit, released):
    told = {"GITHUB_REF_NAME": "v1.2.0", "GITHUB_SHA": git(cloned, "rev-parse", commit).strip()}
    job = workflows.Job("build", cloned, tmp_path / "home", {}, told).run("release")
    assert job.failed() is not released, job.log()
    assert ("released v1.2.0" in job.log()) is released
