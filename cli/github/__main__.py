"""`python -m cli.github`: the steps of the workflows that talk to GitHub. The rest of them are make targets."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from . import comments, environments, issues, job, merged
from .api import GitHub, GitHubError


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(prog="cli.github", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("allowed", help="print what the pull request allows: its labels and its description")
    steps.add_parser("access", help="check a stack's secrets, write its kubeconfig").add_argument("stack")
    steps.add_parser("environment-access", help="check the secrets of environments, write their kubeconfig")
    summary = steps.add_parser("summary", help="show a report in the job's summary; make one if there is none")
    summary.add_argument("kind", choices=["preview", "drift", "environment"])
    summary.add_argument("stack")
    summary.add_argument("out", type=Path)
    approved = steps.add_parser("approved", help="get the preview that was approved with this commit's pull request")
    approved.add_argument("stack")
    approved.add_argument("out", type=Path)
    for name, what in (
        ("comment", "post the comments of a run of preview.yml"),
        ("environment", "post the comment of a run of environment.yml"),
        ("issue", "the issues of drift.yml"),
    ):
        steps.add_parser(name, help=what).add_argument("run", type=int)
    steps.add_parser("comments", help="post the comments of every run of preview.yml that ended lately")
    given = parser.parse_args()
    try:
        run(given)
    except GitHubError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def run(given: argparse.Namespace) -> None:
    """Run one step."""
    if given.step == "allowed":
        print(job.allowed())
    elif given.step == "access":
        job.access(given.stack)
    elif given.step == "environment-access":
        job.environment_access()
    elif given.step == "summary":
        job.summarize(given.kind, given.stack, given.out)
    else:
        github = GitHub.of_this_job()
        if given.step == "comments":
            every(github)
        elif given.step == "approved":
            print(merged.approved(github, given.stack, given.out))
        else:
            of = {"comment": comments, "environment": environments, "issue": issues}[given.step]
            print(of.of_run(github, github.ask("GET", f"/actions/runs/{given.run}")))


def every(github: GitHub) -> None:
    """Post the comments of every recent run; one that cannot be posted does not stop the others."""
    failed = []
    for found in comments.newest(github, datetime.now(UTC)):
        try:
            print(comments.of_run(github, found))
        except GitHubError as error:
            print(f"error: {error}", file=sys.stderr)
            failed.append(str(found["id"]))
    if failed:
        raise GitHubError(f"not posted: the comments of run {', '.join(failed)}")


main()
