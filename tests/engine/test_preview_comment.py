"""The comment of a pull request, made by the real engine without any cluster, state or secret."""

import base64
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.preview import live, markdown
from cli.preview.report import Report
from lab.series.clone import Clone, Said
from tests.series_cases import CASES, Case, new_stack, setting

pytestmark = pytest.mark.engine

CANARY = "canary"


@pytest.fixture(scope="module")
def clone(tmp_path_factory, engine) -> Clone:
    """A project in git whose dev stack keeps encrypted secrets there."""
    return Clone(tmp_path_factory.mktemp("preview"), "none", begins=CANARY)


def case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def made(clone: Clone, played: Case, **env: str) -> subprocess.CompletedProcess[str]:
    """Commit a case, and make its comment as CI does: with make, and without the passphrase of its secrets."""
    clone.prepare(played)
    clone.edit(played.edits)
    clone.commit(played.name)
    variables = {
        key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "KUBECONFIG", "MAKE"))
    }
    options = [f"STACK={played.stack}", "BASE=HEAD~1", f"OUT={out(clone)}"]
    return subprocess.run(
        ["make", "preview-comment", *options],
        cwd=clone.root,
        env={**variables, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def out(clone: Clone) -> Path:
    return clone.root.parent / "out"


def written(clone: Clone) -> str:
    return "".join(path.read_text() for path in sorted(out(clone).iterdir()))


def data(clone: Clone, stack: str = "dev") -> dict[str, Any]:
    return json.loads((out(clone) / f"{stack}.json").read_text())


@pytest.mark.parametrize(
    "name",
    [
        "a new stack",
        "the claim renamed in the program, with an alias",
        "a value that is not allowed",
        "a stack's file is removed",
    ],
)
def test_comment_and_gate_say_what_a_careful_reviewer_says(clone, name):
    played = case(name)
    done = made(clone, played)
    said = Said.of(data(clone, played.stack))
    assert said == Said(played.verdict, played.findings, played.restarts, played.host), done.stdout + done.stderr
    assert (done.returncode == 0) == (played.verdict == "ok")
    assert done.stdout == (out(clone) / f"{played.stack}.md").read_text()
    assert "Traceback" not in done.stdout + done.stderr


def test_a_new_password_is_seen_without_the_passphrase_and_never_shown_and_the_comment_is_the_same_each_time(clone):
    first = made(clone, case("a new password")).stdout
    assert "~     data.password: [secret] → [secret], another value" in first
    assert data(clone)["restarts"] == ["Deployment authenticate-deployment", "Deployment mysqlauth-deployment"]
    said = written(clone)
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode()[:6]):
        assert form not in said
    again = clone.run("make", "preview-comment", "BASE=HEAD~1", PULUMI_CONFIG_PASSPHRASE="not the one")
    assert again == first


def test_what_a_pull_request_says_is_read_and_never_run(clone):
    played = case("another name of the database")
    trap = "$(shell touch pwned) $(touch pwned) `touch pwned`\n"
    refused = made(clone, played, ALLOW_TEXT=f"{trap}not a line of its own: allow-destructive: dev/mysqlauth-data")
    assert refused.returncode != 0
    assert Said.of(data(clone)) == Said(played.verdict, played.findings, played.restarts, played.host)
    assert not any(finding["allowed"] for finding in data(clone)["findings"])
    tokens = [finding["allow"] for finding in data(clone)["findings"]]
    lines = "".join(f"allow-destructive: {token}\r\n" for token in tokens)
    passed = made(clone, played, ALLOW_TEXT=trap + lines)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "This pull request says that it is meant." in passed.stdout
    assert not list(clone.root.rglob("pwned"))


EU = new_stack("prod.eu", "staging", namespaceName="eu-cloud", mysqlServiceType="ClusterIP", mysqlNodePortCidrs=[])


def test_a_pull_request_that_takes_the_namespace_of_a_stack_with_dots_is_stopped(clone):
    played = Case("prod.eu moves", (setting("namespaceName", "eu", "prod.eu"),), first=(EU,), stack="prod.eu")
    done = made(clone, played)
    assert json.loads(clone.run("make", "-s", "preview-stacks", "BASE=HEAD~1")).count("prod.eu") == 1
    assert json.loads(clone.run("make", "-s", "touched-stacks", "BASE=HEAD~1")) == ["prod.eu"]
    assert (done.returncode != 0, data(clone, "prod.eu")["verdict"]) == (True, "refused"), done.stdout + done.stderr
    found = {finding["rule"]: finding["allow"] for finding in data(clone, "prod.eu")["findings"]}
    assert found["namespace"] == "prod.eu/eu-cloud-namespace"
    assert found["claim"] == "prod.eu/mysqlauth-data"


@pytest.mark.parametrize("side", ["the base", "the pull request"])
def test_a_stack_that_takes_values_from_esc_is_refused_on_either_side(clone, side):
    """Without them both sides would be compared at the defaults, and be alike."""

    def esc(root: Path) -> None:
        (root / "Pulumi.esc.yaml").write_text("environment:\n- shop/prod\n")

    plain = new_stack("esc", "staging", namespaceName="esc-cloud", mysqlServiceType="ClusterIP", mysqlNodePortCidrs=[])
    first, then = (esc, plain) if side == "the base" else (plain, esc)
    done = made(clone, Case(f"ESC in {side}", (then,), first=(first,), stack="esc"))
    assert (done.returncode != 0, data(clone, "esc")["verdict"]) == (True, "failed"), done.stdout + done.stderr
    assert "Pulumi.esc.yaml takes values from Pulumi ESC (shop/prod)" in data(clone, "esc")["failure"]


def test_with_access_no_secret_is_in_any_output(stack, tmp_path):
    """The access form on a state without a cluster, with secrets that are known."""
    dev = stack("dev")
    with dev.offline(tmp_path / "out") as variables:
        for key in ("mysqlPassword", "mysqlRootPassword"):
            dev.run("pulumi", "config", "set", "--secret", key, text=f"{CANARY} {key}", variables=variables)
        assert dev.run("pulumi", "up", "--yes", "--skip-preview", variables=variables).returncode == 0
        dev.run("pulumi", "config", "set", "--secret", "mysqlPassword", text=f"another {CANARY}", variables=variables)
        asked = SimpleNamespace(name=dev.name, run=partial(dev.run, variables=variables))
        preview, notes = live.preview(asked)  # pyright: ignore[reportArgumentType] - all that it asks for
        forms = live.secrets(asked)  # pyright: ignore[reportArgumentType] - all that it asks for
    report = Report("dev", "Preview", preview, notes=notes)
    said = markdown.render(report, limit=None) + json.dumps(report.as_data())
    assert "data.password: [secret] → [secret], another value" in said
    assert f"another {CANARY}" in forms
    for form in (CANARY, *forms, base64.b64encode(CANARY.encode()).decode()[:6]):
        assert form not in said
