"""The files that GitHub, editors and helpers of developers read: they parse, and they say what the Makefile says."""

import configparser
import json
import re
import tomllib

import pytest
import yaml

from cli import paths
from tests import copies

ROOT = paths.CHECKOUT
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
PULUMI = re.findall(r"^pulumi==(.+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)


def lines(name: str) -> list[str]:
    """The lines of a file that are neither empty nor comments."""
    return [line for line in (ROOT / name).read_text().splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("form", [path for path in FORMS if path.stem != "config"], ids=lambda path: path.stem)
def test_an_issue_form_has_what_github_asks_for(form):
    said = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(said)
    fields = [field for field in said["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 2
    assert [field for field in fields if not field["attributes"].get("label")] == []
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}


def test_there_is_no_issue_without_a_form():
    assert yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text()) == {"blank_issues_enabled": False}
    assert {path.stem for path in FORMS} == {"bug", "config", "feature"}


def test_code_owners_name_what_is_there():
    entries = [line.split() for line in lines(".github/CODEOWNERS")]
    tracked = copies.files()
    for pattern, *owners in entries:
        assert owners == ["@kubeauth/maintainers"], pattern
        assert pattern == "*" or pattern.startswith("/"), pattern
        expression = re.escape(pattern.lstrip("/")).replace(r"\*", "[^/]*") + (".*" if pattern.endswith("/") else "")
        # tools/ is being renamed to cli/: both are named, and one of them is there.
        expression = re.sub("^(tools|cli)/", "(tools|cli)/", expression)
        assert pattern == "*" or any(re.fullmatch(expression, name) for name in tracked), f"nothing is called {pattern}"
    assert {"/policy/", "/.github/", "/cli/preview/", "/cli/github/"} <= {entry[0] for entry in entries}


def test_what_make_lint_runs_is_run_before_each_commit():
    hooks = [
        hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in repo["hooks"]
    ]
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in hooks)
    entries = {hook["entry"] for hook in hooks}
    (dependencies, body) = re.findall(
        r"^lint: (.*?)##.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )[0]
    commands = {line.strip().replace("$(VENV)", ".venv") for line in body.splitlines()}
    targets = {f"make {target}" for target in dependencies.split() if target != "dev"}
    assert len(commands) > 2
    assert commands | targets <= entries


def test_the_dev_container_has_what_the_tests_need_and_nothing_of_one_machine():
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    said = json.loads(text)
    features = {re.split("[/:]", name)[-2]: (name, options) for name, options in said["features"].items()}
    assert {"docker-in-docker", "kind", "kubectl-helm-minikube", "pulumi", "go", "node"} == set(features)
    assert [name for name, _ in features.values() if not re.search(r":\d+\.\d+\.\d+$", name)] == []
    assert [features["pulumi"][1]["version"]] == PULUMI
    assert said["postCreateCommand"] == "make dev"
    assert re.search(r":3\.12\b", said["image"])
    # A path would be one of this machine: sources and targets of mounts, folders of a user.
    assert re.findall(r'"/|\b(?:root|home|tmp|work|opt|Users)/', text) == []
    assert "mounts" not in said


def test_mise_and_the_dev_container_have_the_same_programs():
    tools = tomllib.loads((ROOT / "mise.toml").read_text())["tools"]
    said = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert [tools["pulumi"]] == PULUMI
    assert f":{tools['python']}" in said["image"]
    versions = {re.split("[/:]", name)[-2]: options.get("version") for name, options in said["features"].items()}
    assert (tools["go"], tools["node"]) == (versions["go"], versions["node"])


def test_the_editors_rules_are_those_of_the_formatter():
    parser = configparser.ConfigParser()
    parser.read_string("[preamble]\n" + (ROOT / ".editorconfig").read_text())
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert parser["preamble"]["root"] == "true"
    assert int(parser["*"]["max_line_length"]) == ruff["line-length"]


@pytest.mark.parametrize("name", ["SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_what_a_page_links_to_is_there(name):
    text = (ROOT / name).read_text()
    linked = re.findall(r"\]\((?!http)([^)#]+)", text) + re.findall(r"\b(?:docs/[\w/.-]+\.md|CHANGELOG\.md)\b", text)
    assert linked
    assert [link for link in linked if not (ROOT / link).exists()] == []
