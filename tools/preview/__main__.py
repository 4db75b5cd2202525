"""`python -m tools.preview`: what `make preview-comment`, `preview-stacks` and `drift` run."""

import argparse
import json
import os
import sys
from pathlib import Path

from tools import console, toolchain
from tools.clusters.road import Road
from tools.console import Problem
from tools.stack import Stack, cluster

from . import approval, drift, gate, live, markdown, offline
from .model import Preview
from .report import STATUS, Report


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="tools.preview", description=__doc__)
    parser.add_argument("command", choices=["comment", "stacks", "drift"])
    parser.add_argument("--stack", default="dev", help="the stack's name (default: dev)")
    parser.add_argument("--base", default="origin/main", help="comment: what to compare with (default: origin/main)")
    parser.add_argument("--live", action="store_true", help="comment: ask state and cluster instead of git")
    parser.add_argument("--out", type=Path, help="write <stack>.md, <stack>.full.md and <stack>.json to this folder")
    parser.add_argument("--allow", default="", help="tokens that the gate named, with blanks between; also ALLOW")
    parser.add_argument("--node", default="", help="the local node's name (default: this checkout's)")
    parser.add_argument("--context", default="", help="with the cluster: the kubeconfig's context to ask")
    parser.add_argument("--cluster", default="", help="with the cluster: current, kind or node (default: find it)")
    return parser.parse_args()


def _way(given: argparse.Namespace) -> Road:
    way = cluster.find(given.stack, node=given.node, context=given.context, choice=given.cluster)
    if not cluster.exists(way):
        raise Problem(f"there is no cluster to ask: the {way} does not exist", "make up, or CONTEXT=<a context>")
    return way


def main() -> None:
    """Run one command; its exit status tells the verdict (report.STATUS)."""
    given = arguments()
    if given.command == "stacks":
        print(json.dumps(offline.stacks(given.base)))
        return
    with_access = given.live or given.command == "drift"
    stack = None
    forms: list[str] = []
    made = Report(given.stack, _title(given), Preview(), is_drift=given.command == "drift")
    try:
        way = _way(given) if with_access else None
        tools = toolchain.ensure("engine")
        if way:
            stack = Stack(given.stack, tools, cluster.kubeconfig(given.stack, way))
            stack.prepare()
            cluster.write(stack, way)
            stack.check()
            forms = live.secrets(stack)
        if given.command == "drift" and stack:
            made.preview, made.notes = drift.find(stack)
            made.remedies = drift.remedies(made.preview.changes)
        elif stack:
            made.preview, made.notes = live.preview(stack)
        else:
            made.preview, made.notes = offline.preview(given.stack, given.base, tools)
    except Problem as problem:
        made.preview.failure = f"{problem}\n{f'fix: {problem.fix}' if problem.fix else ''}".strip()
    if given.command == "comment":
        made.findings = gate.judge(made.preview, given.stack, _allowed(given.allow))
    comment, whole, data = (
        markdown.render(made),
        markdown.render(made, limit=None),
        json.dumps(made.as_data(), indent=2),
    )
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        for ending, text in ((".md", comment), (".full.md", whole), (".json", data + "\n")):
            (given.out / f"{given.stack}{ending}").write_text(live.without(text, forms), encoding="utf-8")
    print(live.without(comment, forms), end="")
    sys.exit(STATUS[made.verdict])


def _title(given: argparse.Namespace) -> str:
    return f"{'Drift' if given.command == 'drift' else 'Preview'} of stack `{given.stack}`"


def _allowed(option: str) -> frozenset[str]:
    """What the command line allows, plus what a pull request says in ALLOW_TEXT (its description and its labels).

    From the environment, never through make or a shell: whoever opens a pull request writes that text.
    """
    words = f"{option} {os.environ.get('ALLOW', '')}".replace(",", " ").split()
    return frozenset(words) | approval.read(os.environ.get("ALLOW_TEXT", ""))


console.run(main)
