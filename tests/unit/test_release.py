"""What is refused before a release is built, and the workflow that releases."""

import re
import tomllib

import pytest

from tests import workflows
from tools import console, paths, release

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
