"""The workflows: their shell steps run here with a simulated pull request, and what holds for each of them."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from cli import paths
from cli.console import Problem
from lab import workflows as lint
from lab.series.clone import Clone
from tests.fake_github import RUN, FakeGitHub, fake
from tests.series_cases import patch, setting
from tests.workflows import FOLDER, Job, workflow

__all__ = ["fake"]  # a fixture
pytestmark = pytest.mark.engine

NAMES = sorted(path.stem for path in FOLDER.iterdir())
JOBS = [(name, job) for name in NAMES for job in workflow(name)["jobs"]]
TOOLS = FOLDER.parent / "actions/tools/action.yml"
CANARY = "canary"
TRAP = "$(touch pwned) `touch pwned` $(shell touch pwned)\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory, engine) -> Clone:
    """GitHub's merge of a pull request that gives the database another name, into a main that has moved on."""
    clone = Clone(tmp_path_factory.mktemp("workflows"), "none", begins=CANARY)
    clone.run("git", "checkout", "-q", "-b", "change")
    clone.edit((setting("mysqlName", "other"), setting("authImage", "localhost/authenticate:latest")))
    clone.commit("Another name of the database, and an image that the policies refuse")
    clone.run("git", "checkout", "-q", "main")
    clone.edit((setting("mysqlStorageSize", "30Gi", stack="prod"),))
    clone.commit("Somebody else's change")
    who = ("-c", "user.name=github", "-c", "user.email=github@example.com")
    clone.run("git", *who, "merge", "-q", "--no-ff", "-m", "Merge", "change")
    # The step "Check out the base beside it".
    (clone.root / ".git/info/exclude").open("a").write("base/\n")
    clone.run("git", "worktree", "add", "-q", "base", "HEAD^1")
    return clone


def job(clone: Clone, name: str, home: Path, body: str = "", **variables: str) -> Job:
    home.mkdir()
    event = home / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 5, "labels": [], "body": body}}))
    expressions = {
        "matrix.stack": "dev",
        "github.workspace": str(clone.root),
        "github.event.pull_request.number": "5",
        "vars.LIVE_STACKS || '[]'": '["prod"]',
        "github.token": "the token",
        "secrets.KUBECONFIG": "apiVersion: v1\nkind: Config\n",
        "secrets.PULUMI_ACCESS_TOKEN": "",
        "secrets.PULUMI_CONFIG_PASSPHRASE": "series",
        "vars.PULUMI_BACKEND_URL": f"file://{clone.root}/.kubeauth/state",
    }
    given = {
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_RUN_ID": "77",
    }
    return Job(name, clone.root, home / "runner", expressions, given | variables)


def left(clone: Clone, folder: str = "preview-out") -> dict[str, str]:
    """The report that the job leaves as an artifact, by file ending; it is gone afterwards."""
    files = {path.name.partition(".")[2]: path.read_text() for path in (clone.root / folder).iterdir()}
    shutil.rmtree(clone.root / folder)
    return files


def test_a_pull_request_previews_only_the_stacks_that_it_touches_itself(clone, tmp_path):
    stacks = job(clone, "stacks", tmp_path / "stacks").run("preview")
    assert not stacks.failed(), stacks.log()
    assert stacks.outputs() == {"touched": '["dev"]', "live": "[]"}


def test_a_destructive_pull_request_fails_comments_why_and_passes_once_it_says_that_it_is_meant(
    clone, tmp_path, fake: FakeGitHub
):
    refused = job(clone, "preview", tmp_path / "refused", body=TRAP).run("preview")
    assert [name for name, done in refused.did.items() if done.returncode] == ["Preview"], refused.log()
    files = left(clone)
    findings, policies = (json.loads(files["json"])[key] for key in ("findings", "policies"))
    assert findings
    assert "latest" in "".join(policies)
    assert not any(finding["allowed"] for finding in findings)
    assert files["md"].startswith("<!-- kubeauth-preview:dev -->\n")
    assert "⛔" in files["md"]
    assert "other-service.production-cloud.svc.cluster.local:3306" in files["md"]
    assert refused.read("GITHUB_STEP_SUMMARY") == files["md"]

    fake.artifact("preview-dev", 1, **files)
    comment = job(clone, "comment", tmp_path / "comment", GITHUB_API_URL=fake.url).run("preview")
    assert not comment.failed(), comment.log()
    assert [one["body"].split("\n\n<sub>")[0] for one in fake.comments] == [files["md"].rstrip("\n")]

    clone.edit((setting("authImage", "localhost/authenticate:1.0.0"),))
    lines = "".join(f"allow-destructive: {finding['allow']}\r\n" for finding in findings)
    meant = job(clone, "preview", tmp_path / "meant", body=TRAP + lines).run("preview")
    assert not meant.failed(), meant.log()
    files = left(clone)
    assert all(finding["allowed"] for finding in json.loads(files["json"])["findings"])
    assert CANARY not in "".join(files.values()) + refused.log() + meant.log() + comment.log()
    assert not list(clone.root.rglob("pwned"))


def test_a_pull_request_that_takes_the_gate_apart_is_judged_by_the_gate_of_its_base(clone, tmp_path):
    files = {name: (clone.root / name).read_text() for name in ("cli/preview/gate.py", "Makefile")}
    try:
        clone.edit((patch("cli/preview/gate.py", "for change in [*preview.changes, *more]", "for change in []"),))
        (clone.root / "Makefile").write_text("preview-comment:\n\t@mkdir preview-out\n")
        refused = job(clone, "preview", tmp_path / "refused").run("preview")
        assert [name for name, done in refused.did.items() if done.returncode] == ["Preview"], refused.log()
        rules = {finding["rule"] for finding in json.loads(left(clone)["json"])["findings"]}
        assert {"claim", "database"} <= rules
    finally:
        for name, text in files.items():
            (clone.root / name).write_text(text)


def test_a_preview_that_cannot_even_start_fails_and_still_leaves_a_comment(clone, tmp_path):
    broken = job(clone, "preview", tmp_path / "broken", PATH=f"{fake_make(tmp_path)}:/usr/bin:/bin").run("preview")
    assert [name for name, done in broken.did.items() if done.returncode] == ["Preview"], broken.log()
    files = left(clone)
    assert files["md"].startswith("<!-- kubeauth-preview:dev -->\n")
    assert "❌" in files["md"]
    assert "actions/runs/77" in files["md"]


def fake_make(folder: Path) -> Path:
    """A make that fails at once, as where packages cannot be installed."""
    (folder / "bin").mkdir()
    (folder / "bin/make").write_text("#!/bin/sh\nexit 2\n")
    (folder / "bin/make").chmod(0o755)
    return folder / "bin"


def test_drift_that_cannot_be_looked_for_fails_and_leaves_a_report_without_a_verdict_on_drift(clone, tmp_path, fake):
    drift = job(clone, "drift", tmp_path / "drift").run("drift")
    assert [name for name, done in drift.did.items() if done.returncode] == ["Look for drift"], drift.log()
    files = left(clone, "drift-out")
    assert json.loads(files["json"])["verdict"] == "failed"
    assert "KUBECONFIG has no context" in files["md"]
    fake.artifact("drift-dev", 1, **files)
    issue = job(clone, "issue", tmp_path / "issue", GITHUB_API_URL=fake.url).run("drift")
    assert not issue.failed(), issue.log()
    assert fake.changes() == []


def test_an_environment_that_cannot_be_made_comments_why_and_leaves_nothing(clone, tmp_path, fake, monkeypatch):
    deploy = job(clone, "deploy", tmp_path / "deploy").run("environment")
    assert [name for name, done in deploy.did.items() if done.returncode] == ["Deploy"], deploy.log()
    files = left(clone, "environment-out")
    assert "KUBECONFIG has no context" in files["md"]
    assert json.loads(files["json"])["verdict"] == "failed"
    fake.artifact("environment-pr-5", 1, **files)
    monkeypatch.setitem(RUN, "path", ".github/workflows/environment.yml")
    monkeypatch.setitem(RUN, "display_title", "Environment of #5")
    comment = job(clone, "comment", tmp_path / "comment", GITHUB_API_URL=fake.url).run("environment")
    assert not comment.failed(), comment.log()
    assert [one["body"].split("\n\n<sub>")[0] for one in fake.comments] == [files["md"].rstrip("\n")]
    destroy = job(clone, "destroy", tmp_path / "destroy").run("environment")
    assert not destroy.failed(), destroy.log()
    assert "It is gone." in left(clone, "environment-out")["md"]
    assert not list(clone.root.glob("Pulumi.env-*"))


@pytest.mark.parametrize("of", ["environment", "project-environment"])
def test_an_environment_is_never_a_forks_waits_for_its_own_runs_and_its_end_runs_no_code_of_the_pull_request(of):
    jobs = workflow(of)["jobs"]
    for name in ("deploy", "destroy"):
        assert "head.repo.full_name == github.repository" in jobs[name]["if"]
        assert "dependabot" in jobs[name]["if"]
        assert jobs[name]["concurrency"] == {
            "group": "environment-${{ github.event.pull_request.number }}",
            "cancel-in-progress": False,
        }
    # What a caller's comment is posted by is checked above: nothing of the caller's is there.
    for name in ("destroy", "comment") if of == "environment" else ("destroy",):
        assert jobs[name]["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    for step in jobs["deploy"]["steps"]:
        if "run" in step:
            assert step["env"]["PYTHONPATH"] == "${{ github.workspace }}/base", "the command is the base's"
            assert step["env"]["PYTHONSAFEPATH"] == "1"


READS = {
    "secrets": {"KUBECONFIG", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"},
    "vars": {"PULUMI_BACKEND_URL", "ENVIRONMENTS"},
}
"""All that jobs of environments read of GitHub's secrets; docs/guides/environments.md says so."""


@pytest.mark.parametrize("of", ["environment", "project-environment"])
def test_an_environments_jobs_read_the_secrets_of_one_github_environment_and_no_stacks(of):
    """Whoever set it up put them there: no other GitHub environment is named, and none is chosen by a text."""
    content = workflow(of)
    assert not {"inherit"} & set(re.findall(r"secrets: (\w+)", (FOLDER / f"{of}.yml").read_text()))
    for name, one in content["jobs"].items():
        text = yaml.safe_dump(one)
        read = {kind: set(re.findall(rf"\b{kind}\.(\w+)", text)) for kind in ("secrets", "vars")}
        assert all(found <= READS[kind] for kind, found in read.items()), name
        assert one.get("environment") == (None if name == "comment" else {"name": "environments"}), name
        assert not read["secrets"] or name != "comment"
        # The job's own token reads the repository; only the job that runs none of its code may write, and is given it.
        rights = {"contents": "read"} if name != "comment" else {"actions": "read", "contents": "read"}
        assert {key: value for key, value in one["permissions"].items() if value != "write"} == rights
        assert ("write" in one["permissions"].values()) == ("github.token" in text) == (name == "comment")
    page = (paths.CHECKOUT / "docs/guides/environments.md").read_text()
    for secret in READS["secrets"]:
        assert f"`{secret}`" in page


CALLED = [name for name in NAMES if "workflow_call" in workflow(name)[True]]


def test_a_project_calls_a_workflow_each_for_previews_deployments_drift_and_environments():
    assert CALLED == ["project-deploy", "project-drift", "project-environment", "project-preview"]


@pytest.mark.parametrize("name", CALLED)
def test_what_another_repository_calls_runs_its_own_commits_code_and_never_the_callers(name):
    """`github.workflow_sha` and `./` are the caller's: only `job` knows which commit of ours was called."""
    own = {
        "repository": "${{ job.workflow_repository }}",
        "ref": "${{ job.workflow_sha }}",
        "persist-credentials": False,
    }
    for job_name, content in workflow(name)["jobs"].items():
        steps = content["steps"]
        tool = next(step["with"] for step in steps if step["name"] == "Check out the command")
        writes = "write" in content["permissions"].values()
        assert tool == (own if writes else {**own, "path": "kubeauth-tool"}), job_name
        if writes:
            assert "Check out" not in [step["name"] for step in steps], "nothing of the caller's is there"
        for step in steps:
            assert "github.workflow_" not in str(step)
            if step.get("uses", "").startswith("./"):
                folder = step["uses"].removeprefix("./kubeauth-tool/")
                declared = yaml.safe_load((paths.CHECKOUT / folder / "action.yml").read_text())["inputs"]
                assert step.get("with", {}).keys() <= declared.keys()
                assert {key for key, value in declared.items() if value.get("required")} <= step.get("with", {}).keys()


def test_the_callers_in_the_guide_give_what_is_asked_and_the_rights_that_the_jobs_have():
    page = (paths.CHECKOUT / "docs/guides/previews-elsewhere/github.md").read_text()
    callers = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    templates = sorted((paths.CHECKOUT / "template").glob("*/.github/workflows/environment.yml"))
    assert len(templates) == 3
    # The templates have the caller of the guide, in a file whose name the comment's job knows.
    for template in templates:
        assert yaml.safe_load(template.read_text()) in callers
    jobs = [job for caller in callers for job in caller["jobs"].values() if "uses" in job]
    assert len(jobs) == len(CALLED)
    for job in jobs:
        called = workflow(re.search(r"workflows/(.*)\.yml@", job["uses"])[1])  # pyright: ignore[reportOptionalSubscript]
        inputs = called[True]["workflow_call"]["inputs"]
        given = job.get("with", {})
        assert given.keys() <= inputs.keys()
        assert {key for key, value in inputs.items() if value.get("required")} <= given.keys()
        assert "stacks" not in given or json.loads(given["stacks"])
        needed = {key: value for one in called["jobs"].values() for key, value in one["permissions"].items()}
        assert job["permissions"] == needed


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_gives_no_rights_by_default_and_runs_on_no_trigger_that_lends_them_to_strangers(name):
    content = workflow(name)
    assert content["permissions"] == {}
    assert "concurrency" in content
    # YAML takes the word `on` for a truth value.
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(content[True])


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_states_its_rights_and_its_end_and_no_text_of_strangers_reaches_its_shell(name, job):
    content = workflow(name)["jobs"][job]
    assert "permissions" in content
    assert content["timeout-minutes"] <= 90
    text = yaml.safe_dump(content)
    assert "secrets." not in text or "environment" in content
    for step in content["steps"]:
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    if "write" in content["permissions"].values():
        # Neither secrets of a stack, nor packages, nor code of the pull request.
        assert "secrets." not in text
        assert "make " not in text
        if name == "preview":
            assert content["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_every_action_is_pinned_to_a_commit_and_says_which_version_it_is():
    files = [*FOLDER.iterdir(), TOOLS]
    uses = [line.strip() for path in files for line in path.read_text().splitlines() if "uses:" in line]
    # Of this commit; in another repository, of the commit that this workflow has: the step before checks it out.
    own = re.compile(r"(- )?uses: \./(kubeauth-tool/)?\.github/actions/(tools|preview|stack|environment)")
    uses = [line for line in uses if not own.fullmatch(line)]
    assert len(uses) > 20
    for line in uses:
        assert re.fullmatch(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    versions = {line.split("uses: ")[1] for line in uses}
    assert len(versions) == len({line.split("@")[0] for line in versions}), "one action in two versions"


def test_every_job_that_runs_make_gets_its_tools_from_one_place_and_the_pulumi_that_is_pinned():
    for name, job_name in JOBS:
        steps = workflow(name)["jobs"][job_name]["steps"]
        uses = [step.get("uses", "") for step in steps]
        if name != "release" and any("make " in step.get("run", "") for step in steps):
            assert uses[1] == "./.github/actions/tools", (name, job_name)
            assert uses[0].startswith("actions/checkout@"), "its code is the commit's"
    steps = {step["name"]: step for step in yaml.safe_load(TOOLS.read_text())["runs"]["steps"]}
    pins = tomllib.loads((paths.CHECKOUT / "lab/toolchain/pins.toml").read_text())
    pulumi = next(program for program in pins["program"] if program["name"] == "pulumi")
    assert list(pulumi["set"].values()) == [f"v{steps['Pulumi']['with']['pulumi-version']}"]
    assert steps["Go"]["if"] == steps["Cache of what is built from pinned modules"]["if"] == "${{ inputs.build != '' }}"


def test_every_make_target_of_the_workflows_exists():
    makefile = (paths.CHECKOUT / "Makefile").read_text()
    runs = "".join(path.read_text() for path in FOLDER.iterdir())
    targets = set(re.findall(r"\bmake (?:-s )?([a-z-]+)", runs))
    assert {"lint", "test-unit", "test-engine", "test-cluster", "preview-comment", "drift", "up"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_previews_replace_each_other_and_deployments_wait():
    assert workflow("preview")["concurrency"]["cancel-in-progress"] is True
    tests = ["lint", "unit", "engine", "cluster"]
    for stack, needs in (("staging", tests), ("prod", [*tests, "staging"])):
        deploy = workflow("ci")["jobs"][stack]
        assert deploy["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
        assert deploy["needs"] == needs, "only what passed every test is deployed"
        assert "refs/heads/main" in deploy["if"]


def test_a_deployment_stops_before_it_begins_where_it_is_not_what_was_approved():
    for stack in ("staging", "prod"):
        names = [step["name"] for step in workflow("ci")["jobs"][stack]["steps"]]
        assert names[-4:] == ["Access", "Get what was approved", "Compare it with what would be deployed", "Deploy"]
        *_, got, compared, _ = workflow("ci")["jobs"][stack]["steps"]
        assert got["run"] == f"python3 -m cli.github approved {stack} approved"
        assert f"make approved STACK={stack} FILE=approved/{stack}.json" in compared["run"]
        # By hand everything is deployed: that is a person's decision.
        assert got["if"] == compared["if"]
        assert "github.event_name == 'push'" in got["if"]


def test_nothing_is_compiled_that_can_be_installed():
    """Pulumi comes by its action, the provider by Pulumi, kubectl is the runner's; scanners and the node are built."""
    asked = {
        (name, job): step.get("with", {}).get("build", "")
        for name, job in JOBS
        for step in workflow(name)["jobs"][job]["steps"]
        if step.get("uses") == "./.github/actions/tools"
    }
    building = {job: cache for job, cache in asked.items() if cache}
    # The same programs as the cluster tests', so the same cache.
    assert building.pop(("rehearsal", "rehearse")) == building["ci", "cluster"]
    assert set(building) == {("ci", "lint"), ("ci", "engine"), ("ci", "cluster")}
    assert len(set(building.values())) == 3, "a cache is written once: two jobs of different content need two"


def test_what_every_tier_without_a_cluster_reaches_is_counted_once():
    """Each leaves its data beside its tests; a job that runs none of them adds up all."""
    jobs = workflow("ci")["jobs"]
    runs = "".join(step.get("run", "") for job in jobs.values() for step in job["steps"])
    left = {
        step["with"]["path"]
        for job in jobs.values()
        for step in job["steps"]
        if "upload-artifact@" in step.get("uses", "")
    }
    for tier in ("unit", "sql", "engine"):
        assert (
            len(re.findall(rf"make test-{tier} COVERAGE=1", runs)) == len(re.findall(rf"make test-{tier}\b", runs)) == 1
        )
    assert left == {".coverage.unit", ".coverage.sql", ".coverage.engine"}
    counted = jobs["coverage"]
    assert counted["needs"] == ["unit", "engine", "cluster"]
    assert counted["steps"][-1]["run"] == "make coverage-report"
    assert "--fail-under=85" in (paths.CHECKOUT / "Makefile").read_text()


def test_a_first_run_needs_no_variable_and_an_empty_list_of_live_stacks_is_no_error():
    drift = workflow("drift")["jobs"]["drift"]["if"]
    assert "vars.LIVE_STACKS != '[]'" in drift
    for name in NAMES:
        for line in (FOLDER / f"{name}.yml").read_text().splitlines():
            # An unset variable is empty: DEBIAN_MIRROR, and those of environments, which `access` checks.
            known = ("LIVE_STACKS", "APPROVED_STACKS || '[]'", "DEBIAN_MIRROR", "BACKEND_URL", "ENVIRONMENTS")
            assert "vars." not in line or any(name in line for name in known), line


def test_a_merge_queue_gets_the_required_check():
    for name in ("ci", "preview"):
        assert "merge_group" in workflow(name)[True], name
    assert workflow("preview")["jobs"]["stacks"]["if"] == "${{ github.event_name == 'pull_request' }}"
    verdict = workflow("preview")["jobs"]["verdict"]
    assert verdict["if"] == "${{ always() }}"
    assert set(verdict["needs"]) == {"stacks", "preview", "comment", "live"}


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("timeout-minutes", "timeout-minuts", 'unexpected key "timeout-minuts"'),
        ('"$STACK" BASE', '"${{ github.head_ref }}" BASE', "template-injection"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-uses"),
        (
            "on:\n  pull_request:",
            "on:\n  pull_request_target: # zizmor: ignore[dangerous-triggers]",
            "dangerous-triggers",
        ),
    ],
)
def test_lint_finds_what_is_wrong_also_where_a_comment_says_to_ignore_it(
    tmp_path, monkeypatch, capfd, old, new, finding
):
    copy = tmp_path / ".github/workflows"
    shutil.copytree(FOLDER, copy)
    broken = copy / "preview.yml"
    text = broken.read_text()
    assert old in text
    broken.write_text(text.replace(old, new))
    shutil.copy(FOLDER.parent / "zizmor.yml", copy.parent)
    monkeypatch.setattr(lint, "WORKFLOWS", copy)
    with pytest.raises(Problem):
        lint.main()
    said = capfd.readouterr()
    assert finding in said.out + said.err
