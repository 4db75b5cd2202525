"""One issue per stack whose cluster drifted; closed when the drift is gone."""

import json
from typing import Any

from . import artifacts
from .api import BOT, GitHub, GitHubError
from .artifacts import Left
from .texts import stack_of, with_foot

_KIND = "drift"


def of_run(github: GitHub, run: dict[str, Any]) -> str:
    """Open, renew or close the issue of every stack that a run of drift.yml looked at; return what was done.

    Raises:
        GitHubError: GitHub refused, or a job left no report.
    """
    left = artifacts.of_run(github, run["id"], "drift-")
    if not left:
        raise GitHubError(f"run {run['id']} left no report")
    known: dict[str, list[dict[str, Any]]] = {}
    for issue in github.every("/issues?state=open&direction=asc"):
        stack = stack_of(issue["body"], _KIND)
        if stack and issue["user"]["login"] == BOT and "pull_request" not in issue:
            known.setdefault(stack, []).append(issue)
    foot = f"[Run {run['id']}]({run['html_url']}) has all of it as an artifact. This issue closes with the drift."
    return ", ".join(_report(github, known.get(stack, []), stack, found, foot) for stack, found in left.items())


def _report(github: GitHub, known: list[dict[str, Any]], stack: str, found: Left, foot: str) -> str:
    verdict = _verdict(stack, found)
    for twin in known[1:]:
        github.ask("PATCH", f"/issues/{twin['number']}", {"state": "closed", "state_reason": "not_planned"})
    if verdict == "failed":
        # Nobody knows whether there is drift: what the issue says stays, and the run is red.
        return f"{stack} could not be looked at"
    if verdict == "ok":
        if known:
            number = known[0]["number"]
            github.ask("POST", f"/issues/{number}/comments", {"body": with_foot("The drift is gone.", foot)})
            github.ask("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": "completed"})
        return f"{stack} has no drift"
    content = {"title": f"Drift of stack {stack}", "body": with_foot(found.text, foot)}
    if known:
        github.ask("PATCH", f"/issues/{known[0]['number']}", content)
        return f"{stack} drifted, #{known[0]['number']} renewed"
    return f"{stack} drifted, #{github.ask('POST', '/issues', content)['number']} opened"


def _verdict(stack: str, found: Left) -> str:
    try:
        verdict = json.loads(found.data)["verdict"]
    except (ValueError, KeyError, TypeError):
        raise GitHubError(f"the report on stack {stack} has no verdict") from None
    if verdict not in ("ok", "drift", "failed"):
        raise GitHubError(f"the report on stack {stack} says {verdict}, which no report on drift does")
    return verdict
