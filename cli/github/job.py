"""What steps of a job need besides GitHub's API: the event, secrets as files, and a word when something failed."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from .. import paths
from .api import GitHubError
from .texts import marker

#: Variables that a stack on a shared cluster needs, and why.
_NEEDED = {
    "KUBECONFIG_CONTENT": "the cluster: the content of a kubeconfig (secret KUBECONFIG of the environment)",
    "PULUMI_BACKEND_URL": "where Pulumi keeps the state (variable PULUMI_BACKEND_URL of the environment)",
}
_OF_THIS_MACHINE = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\]|host\.docker\.internal)(:|/|$)")
_TITLES = {"preview": "Preview of stack", "drift": "Drift of stack", "environment": "Environment"}
#: One of them is needed by environments, whose stacks have no passwords in git.
_OF_ENVIRONMENTS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN")
_OWN_SECRETS = re.compile(r"^(encryptionsalt|secretsprovider|encryptedkey):", re.MULTILINE)


def allowed() -> str:
    """What the pull request says, for the gate: its labels, a line each, and its description."""
    event = json.loads(Path(_variable("GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    pull = event.get("pull_request") or {}
    return "\n".join([*(label["name"] for label in pull.get("labels") or []), pull.get("body") or ""])


def access(stack: str) -> None:
    """Check that this job may reach a stack's state and cluster, and write the kubeconfig for the next steps.

    Raises:
        GitHubError: Something is not set; the message says all of it.
    """
    wrong = _missing()
    file = paths.CHECKOUT / f"Pulumi.{stack}.yaml"
    if not file.exists():
        wrong.append(f"there is no stack {stack}: {file.name} is missing")
    elif not _OWN_SECRETS.search(file.read_text(encoding="utf-8")):
        # Else `make up` would make up new passwords in every job, on every deployment.
        wrong.append(f"{file.name} has no encrypted passwords: see docs/guides/add-a-stack.md")
    _write_kubeconfig(wrong, f"stack {stack} cannot be reached from here (docs/guides/ci.md):")


def environment_access() -> None:
    """Check that this job may make environments of pull requests, and write the kubeconfig for the next steps.

    Raises:
        GitHubError: Something is not set; the message says all of it.
    """
    wrong = _missing()
    if not any(os.environ.get(name, "").strip() for name in _OF_ENVIRONMENTS):
        # The next run, on another machine, has to read the passwords that this one makes.
        wrong.append(f"{' or '.join(_OF_ENVIRONMENTS)} is not set: what the environments' passwords are kept with")
    _write_kubeconfig(wrong, "environments cannot be made from here (docs/guides/environments.md):")


def _missing() -> list[str]:
    return [f"{name} is not set: {why}" for name, why in _NEEDED.items() if not os.environ.get(name, "").strip()]


def _write_kubeconfig(wrong: list[str], title: str) -> None:
    if not wrong:
        wrong = list(_unusable(os.environ["KUBECONFIG_CONTENT"]))
    if wrong:
        raise GitHubError("\n  ".join([title, *wrong]))
    kubeconfig = Path(_variable("RUNNER_TEMP"), "kubeconfig")
    descriptor = os.open(kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(os.environ["KUBECONFIG_CONTENT"])
    with Path(_variable("GITHUB_ENV")).open("a", encoding="utf-8") as variables:
        variables.write(f"KUBECONFIG={kubeconfig}\n")


def _unusable(kubeconfig: str) -> Iterator[str]:
    """What no kubectl on this runner could use. A job that may write installs nothing, so there is no YAML reader."""
    again = "paste the output of: kubectl config view --raw --flatten --minify"
    if not re.search(r"^[\s{]*[\"']?(apiVersion|clusters|kind)[\"']?\s*:", kubeconfig, re.MULTILINE):
        encoded = re.fullmatch(r"[A-Za-z0-9+/=\s]+", kubeconfig)
        yield f"KUBECONFIG_CONTENT is {'base64' if encoded else 'no kubeconfig'}: {again}"
        return
    if "\n" not in kubeconfig.strip() and not kubeconfig.lstrip().startswith("{") and "clusters:" in kubeconfig:
        yield f"KUBECONFIG_CONTENT has lost its line breaks: {again}"
        return
    for key, path in _values(kubeconfig, "certificate-authority", "client-certificate", "client-key", "tokenFile"):
        yield f"KUBECONFIG_CONTENT names a file that is not here, {key}: {path}: {again}"
    if re.search(r"DATA\+OMITTED|(?<![\w-])REDACTED(?![\w-])", kubeconfig):
        yield f"KUBECONFIG_CONTENT was printed without --raw, so its login is left out: {again}"
    for _, server in _values(kubeconfig, "server"):
        host = re.sub(r"^\w+://", "", server).rpartition("@")[2]
        # On a runner of one's own it may be the right machine.
        if _OF_THIS_MACHINE.match(host) and os.environ.get("RUNNER_ENVIRONMENT") != "self-hosted":
            yield f"KUBECONFIG_CONTENT names {server}, which is the machine that it came from: give an address for all"
    if _values(kubeconfig, "auth-provider"):
        yield "KUBECONFIG_CONTENT has an auth-provider, which kubectl no longer knows: use a token, or exec"
    for _, program in _values(kubeconfig, "command"):
        if not shutil.which(program):
            yield f"KUBECONFIG_CONTENT gets its login from {program}, which is not here: install it (docs/guides/ci.md)"


def _values(kubeconfig: str, *keys: str) -> list[tuple[str, str]]:
    """The values of keys in YAML of any style and in JSON."""
    text = rf"""(?<![\w-])["']?({"|".join(keys)})["']?\s*:\s*["']?([^\s"',}}]+)"""
    return re.findall(text, kubeconfig)


def summarize(kind: str, stack: str, out: Path) -> None:
    """Show the report in the job's summary; where the step before made none, make one that says so.

    Args:
        kind: `preview`, `drift` or `environment`.
        stack: The stack's name.
        out: The folder of the report.
    """
    report = out / f"{stack}.md"
    if not report.exists():
        where = "/".join(_variable(f"GITHUB_{part}") for part in ("SERVER_URL", "REPOSITORY"))
        text = (
            f"{marker(kind, stack)}\n\n### {_TITLES[kind]} `{stack}`\n\n"
            f"**❌ It failed before it could say anything.** The log says why: "
            f"{where}/actions/runs/{_variable('GITHUB_RUN_ID')}\n"
        )
        out.mkdir(parents=True, exist_ok=True)
        report.write_text(text, encoding="utf-8")
        (out / f"{stack}.json").write_text(json.dumps({"stack": stack, "verdict": "failed"}) + "\n", encoding="utf-8")
    with Path(_variable("GITHUB_STEP_SUMMARY")).open("a", encoding="utf-8") as summary:
        summary.write(report.read_text(encoding="utf-8"))


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise GitHubError(f"{name} is not set: this runs in a job of a workflow (docs/guides/ci.md)")
    return value
