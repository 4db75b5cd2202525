"""One comment per stack at a pull request, renewed by every run of preview.yml.

Also for pull requests from forks, whose own runs may not write: `newest` finds finished runs from outside.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from . import artifacts
from .api import BOT, GitHub, GitHubError
from .texts import marker, stack_of, with_foot

_KIND = "preview"
_WORKFLOW = "preview.yml"
_RECENT = timedelta(hours=6)


def of_run(github: GitHub, run: dict[str, Any]) -> str:
    """Post what a run of preview.yml found out; return what was done, in words.

    Raises:
        GitHubError: GitHub refused.
    """
    pull = pull_request(github, run)
    if pull is None:
        return f"run {run['id']}: its pull request is closed or has newer commits; nothing to say"
    left = artifacts.of_run(github, run["id"], "preview-", "live-")
    texts = {stack: found.text for stack, found in left.items()}
    for stack, text in texts.items():
        if stack_of(text, _KIND) != stack:
            raise GitHubError(f"the comment on stack {stack} does not begin with its marker")
    known: dict[str, list[dict[str, Any]]] = {}
    for comment in github.every(f"/issues/{pull['number']}/comments"):
        stack = stack_of(comment["body"], _KIND)
        # Anybody may write our marker; only what we wrote is ours to change.
        if stack and comment["user"]["login"] == BOT:
            known.setdefault(stack, []).append(comment)
    for stack in known.keys() - texts.keys():
        texts[stack] = f"{marker(_KIND, stack)}\n\n### Preview of stack `{stack}`\n\nThe newest run has none."
    foot = f"Commit {run['head_sha'][:10]}, [run {run['id']}]({run['html_url']}) with the whole diff as an artifact."
    done = [post(github, pull, known.get(stack, []), stack, with_foot(text, foot)) for stack, text in texts.items()]
    return f"#{pull['number']}: {', '.join(done) or 'no stack is touched'}"


def pull_request(github: GitHub, run: dict[str, Any]) -> dict[str, Any] | None:
    """The open pull request that a run is about, if it still has the run's commit.

    The run's title names it, and the pull request decides that: so a run can only speak about its own commit.
    """
    named = re.search(r"#(\d+)$", run["display_title"])
    if run["event"] != "pull_request" or not run["path"].split("@")[0].endswith(f"/{_WORKFLOW}") or not named:
        raise GitHubError(f"run {run['id']} is not one of {_WORKFLOW} for a pull request")
    pull = github.ask("GET", f"/pulls/{named[1]}")
    head, repository = pull["head"], run.get("head_repository") or {}
    same = head["sha"] == run["head_sha"] and (head["repo"] or {}).get("id") == repository.get("id")
    return pull if same and pull["state"] == "open" else None


def newest(github: GitHub, now: datetime) -> list[dict[str, Any]]:
    """The newest run of each commit of a pull request, of those that ended in the last hours and may not write."""
    since = (now - timedelta(days=7)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"/actions/workflows/{_WORKFLOW}/runs?event=pull_request&created=%3E%3D{since}"
    runs: dict[tuple[str, str, int], dict[str, Any]] = {}
    for run in filter(_may_not_write, github.every(query, "workflow_runs")):
        # A title alone proves nothing: whoever opens a pull request can write any number into it.
        of = run["display_title"], run["head_sha"], (run.get("head_repository") or {}).get("id", 0)
        if run["run_number"] > runs.setdefault(of, run)["run_number"]:
            runs[of] = run
    ended = (run for run in runs.values() if run["conclusion"] in ("success", "failure"))
    return [run for run in ended if now - datetime.fromisoformat(run["updated_at"]) <= _RECENT]


def _may_not_write(run: dict[str, Any]) -> bool:
    """Whether a run could not comment itself: from a fork, or Dependabot's."""
    own = (run.get("head_repository") or {}).get("id") == (run.get("repository") or {}).get("id", 0)
    return not own or (run.get("actor") or {}).get("login") == "dependabot[bot]"


def post(github: GitHub, pull: dict[str, Any], known: list[dict[str, Any]], stack: str, body: str) -> str:
    """Make a comment of ours say this, and be the only one.

    Args:
        github: The repository.
        pull: The pull request.
        known: The comments of ours that there are.
        stack: What it is about, for the answer.
        body: What it shall say.
    """
    if not known:
        github.ask("POST", f"/issues/{pull['number']}/comments", {"body": body})
        return f"{stack} posted"
    for twin in known[1:]:
        github.ask("DELETE", f"/issues/comments/{twin['id']}")
    if known[0]["body"].replace("\r\n", "\n").rstrip() == body.rstrip():
        return f"{stack} unchanged"
    github.ask("PATCH", f"/issues/comments/{known[0]['id']}", {"body": body})
    return f"{stack} renewed"
