"""The comment on a pull request's environment, renewed by every run of environment.yml."""

import re
from typing import Any

from . import artifacts, comments
from .api import BOT, GitHub, GitHubError
from .texts import stack_of, with_foot

_KIND = "environment"
_WORKFLOW = "environment.yml"


def of_run(github: GitHub, run: dict[str, Any]) -> str:
    """Post what a run of environment.yml did; return what was done, in words.

    Raises:
        GitHubError: GitHub refused, or the run left no report of its own pull request's environment.
    """
    named = re.search(r"#(\d+)$", run["display_title"])
    if run["event"] != "pull_request" or not run["path"].split("@")[0].endswith(f"/{_WORKFLOW}") or not named:
        raise GitHubError(f"run {run['id']} is not one of {_WORKFLOW} for a pull request")
    pull, name = github.ask("GET", f"/pulls/{named[1]}"), f"pr-{named[1]}"
    if (pull["head"]["repo"] or {}).get("id") != (run.get("head_repository") or {}).get("id"):
        return f"run {run['id']}: its pull request is another repository's; nothing to say"
    left = artifacts.of_run(github, run["id"], "environment-").get(name)
    if left is None or stack_of(left.text, _KIND) != name:
        raise GitHubError(f"run {run['id']} left no report on environment {name}")
    known = [
        comment
        for comment in github.every(f"/issues/{pull['number']}/comments")
        # Anybody may write our marker; only what we wrote is ours to change.
        if stack_of(comment["body"], _KIND) == name and comment["user"]["login"] == BOT
    ]
    foot = f"Commit {run['head_sha'][:10]}, [run {run['id']}]({run['html_url']})."
    return f"#{pull['number']}: {comments.post(github, pull, known, name, with_foot(left.text, foot))}"
