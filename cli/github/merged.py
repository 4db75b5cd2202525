"""The preview that was approved with the pull request of a commit that is on its way to a cluster."""

import os
from pathlib import Path

from . import artifacts
from .api import GitHub, GitHubError

_WORKFLOW = "preview.yml"


def approved(github: GitHub, stack: str, out: Path) -> str:
    """Write the newest preview of a stack that the merged pull request had; return what was done, in words.

    Args:
        github: The repository.
        stack: The stack's name.
        out: The folder; `<stack>.json` in it is what `kubeauth approved --file` reads.

    Raises:
        GitHubError: The commit came by no pull request, or that one has no preview of the stack any more.
    """
    commit = os.environ.get("GITHUB_SHA", "")
    merged = [pull for pull in github.every(f"/commits/{commit}/pulls") if pull.get("merged_at")]
    if not merged:
        raise GitHubError(
            f"commit {commit[:10]} came by no pull request, so nobody approved what it does to stack {stack}: "
            "deploy it by hand (Run workflow), which compares nothing"
        )
    # One commit can be in several, such as a branch that was merged into another first.
    pull = max(merged, key=lambda one: one["merged_at"])
    head = pull["head"]["sha"]
    query = f"/actions/workflows/{_WORKFLOW}/runs?event=pull_request&head_sha={head}"
    runs = [run for run in github.every(query, "workflow_runs") if run["display_title"].endswith(f"#{pull['number']}")]
    for run in sorted(runs, key=lambda one: one["run_number"], reverse=True):
        left = artifacts.of_run(github, run["id"], "preview-", "live-").get(stack)
        if left is not None and left.data:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{stack}.json").write_bytes(left.data)
            return f"stack {stack}: the preview of #{pull['number']} at {head[:10]}, run {run['id']}"
    raise GitHubError(
        f"#{pull['number']} has no preview of stack {stack} at {head[:10]}: it does not touch the stack, or its "
        "artifacts are older than 30 days; deploy it by hand (Run workflow), which compares nothing"
    )
