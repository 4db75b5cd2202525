"""The workflows that need a cluster, run against a real one as docs/guides/ci.md says: deployer, readers."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.series.clone import Clone
from tests.fake_github import RUN, FakeGitHub, fake
from tests.series_cases import new_stack, setting
from tests.workflows import Job

from .conftest import System

__all__ = ["fake"]  # a fixture
pytestmark = pytest.mark.cluster

CANARY = "canary"
NAMESPACE = "staging-cloud"
DEPLOYER, READER = (Path(".kubeauth", f"{user}-staging.kubeconfig") for user in ("deployer", "reader"))


@pytest.fixture(scope="module")
def project(tmp_path_factory, system: System) -> Iterator[Clone]:
    """A project whose staging stack keeps its passwords in git; what is deployed of it is removed afterwards."""
    project = Clone(tmp_path_factory.mktemp("workflows"), "none", begins=CANARY)
    project.edit((new_stack("staging", "dev", namespaceName=NAMESPACE, mysqlNodePort=0),))
    staging = project.root / "Pulumi.staging.yaml"
    dev = (project.root / "Pulumi.dev.yaml").read_text()
    salt = next(line for line in dev.splitlines() if line.startswith("encryptionsalt:"))
    staging.write_text(f"{salt}\n" + staging.read_text().replace(f"{salt}\n", ""))
    project.commit("A stack on a cluster")
    # The step "Check out the base beside it".
    (project.root / ".git/info/exclude").open("a").write("base/\n")
    project.run("git", "worktree", "add", "-q", "base", "HEAD")
    # A copy: the tools take it for somebody's own cluster.
    admin = shutil.copy(system.node.kubeconfig, tmp_path_factory.mktemp("admin"))
    for more in ((), ("ENVIRONMENTS=1",)):
        project.run("make", "deployer", "STACK=staging", *more, KUBECONFIG=str(admin))
    yield project
    project.run("make", "destroy", "STACK=staging", KUBECONFIG=str(project.root / DEPLOYER))


@pytest.fixture
def job(project: Clone, tmp_path: Path, fake: FakeGitHub) -> Callable[..., Job]:
    states = project.root.parent / "environments"
    states.mkdir(exist_ok=True)

    def made(name: str, of: str) -> Job:
        home = tmp_path / f"runner-{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        (home / "event.json").write_text(json.dumps({"pull_request": {"number": 5, "labels": [], "body": ""}}))
        expressions = {
            "matrix.stack": "staging",
            # No stack's deployments are compared with what was approved.
            "github.event_name == 'push' && contains(fromJSON(vars.APPROVED_STACKS || '[]'), 'staging')": "false",
            "github.token": "the token",
            "github.workspace": str(project.root),
            "secrets.KUBECONFIG": (project.root / (DEPLOYER if name == "staging" else READER)).read_text(),
            "secrets.PULUMI_ACCESS_TOKEN": "",
            "secrets.PULUMI_CONFIG_PASSPHRASE": "series",
            "vars.PULUMI_BACKEND_URL": f"file://{project.root}/.kubeauth/state",
        }
        if of == "environment":
            # Its user reads nothing of a real stack, and its state is apart from theirs.
            expressions |= {
                "github.event.pull_request.number": "5",
                "secrets.KUBECONFIG": (project.root / ".kubeauth/environments.kubeconfig").read_text(),
                "secrets.PULUMI_CONFIG_PASSPHRASE": "of the environments",
                "vars.PULUMI_BACKEND_URL": f"file://{states}",
            }
        variables = {
            "GITHUB_EVENT_PATH": str(home / "event.json"),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_RUN_ID": "77",
            "GITHUB_API_URL": fake.url,
        }
        return Job(name, project.root, home / "runner", expressions, variables).run(of)

    return made


def left(project: Clone, folder: str) -> dict[str, str]:
    """The report that the job leaves as an artifact, by file ending; it is gone afterwards."""
    files = {path.name.partition(".")[2]: path.read_text() for path in (project.root / folder).iterdir()}
    shutil.rmtree(project.root / folder)
    return files


def test_main_is_deployed_a_pull_request_is_previewed_with_access_and_drift_opens_an_issue_until_it_is_gone(
    project, system, job, fake
):
    deployed = job("staging", "ci")
    assert not deployed.failed(), deployed.log()
    kubectl = ("kubectl", "--namespace", NAMESPACE)
    system.admin(*kubectl, "rollout", "status", "deployment/authenticate-deployment", "--timeout=60s")

    project.edit((setting("authReplicas", 2, stack="staging"),))
    project.commit("More pods")
    live = job("live", "preview")
    assert not live.failed(), live.log()
    preview = left(project, "preview-out")
    assert preview["md"].startswith("<!-- kubeauth-preview:staging -->\n")
    assert "spec.replicas" in preview["md"]
    project.run("git", "reset", "-q", "--hard", "HEAD^1")

    system.admin(*kubectl, "scale", "deployment/authenticate-deployment", "--replicas=3")
    drifted = job("drift", "drift")
    assert [name for name, done in drifted.did.items() if done.returncode] == ["Look for drift"], drifted.log()
    drift = left(project, "drift-out")
    fake.artifact("drift-staging", 1, **drift)
    assert not job("issue", "drift").failed()
    assert "spec.replicas: 3" in fake.issues[0]["body"]

    system.admin(*kubectl, "scale", "deployment/authenticate-deployment", "--replicas=1")
    same = job("drift", "drift")
    assert not same.failed(), same.log()
    fake.artifact("drift-staging", 2, **left(project, "drift-out"))
    assert not job("issue", "drift").failed()
    assert [issue["state"] for issue in fake.issues] == ["closed"]
    said = deployed.log() + live.log() + drifted.log() + "".join([*preview.values(), *drift.values()])
    assert CANARY not in said


def test_a_label_gives_a_pull_request_a_system_of_its_own_with_its_address_and_the_end_takes_it_away(
    project, system, job, fake, monkeypatch
):
    project.commit("A change")
    deployed = job("deploy", "environment")
    assert not deployed.failed(), deployed.log()
    assert "prove it: register and log in" in deployed.log(), "its service reaches its own database"
    report = left(project, "environment-out")
    fake.artifact("environment-pr-5", 1, md=report["md"])
    monkeypatch.setitem(RUN, "path", ".github/workflows/environment.yml")
    monkeypatch.setitem(RUN, "display_title", "Environment of #5")
    assert not job("comment", "environment").failed()
    own = f"{NAMESPACE}-pr-5"
    assert "port-forward service/authenticate-service 5010`" in fake.comments[0]["body"]
    assert f"`authenticate-service.{own}.svc:5010`" in fake.comments[0]["body"]
    secrets = json.loads(system.admin("kubectl", "--namespace", own, "get", "secrets", "--output", "json"))["items"]
    values = [base64.b64decode(value).decode() for one in secrets for value in one.get("data", {}).values()]
    assert values
    assert not [value for value in values if CANARY in value], "passwords of its own"

    # Another runner.
    for file in (project.root / "Pulumi.env-pr-5.yaml", *(project.root / ".kubeauth").glob("*env-pr-5*")):
        file.unlink()
    destroyed = job("destroy", "environment")
    assert not destroyed.failed(), destroyed.log()
    fake.artifact("environment-pr-5", 2, md=left(project, "environment-out")["md"])
    assert not job("comment", "environment").failed()
    assert "It is gone." in fake.comments[0]["body"]
    assert f"namespace/{own}" not in system.admin("kubectl", "get", "namespaces", "--output", "name")
    assert "env-pr-5" not in project.run("make", "-s", "environment-list")
    assert not list(project.root.glob("Pulumi.env-*"))
    assert CANARY not in deployed.log() + report["md"]
