"""What `kubeauth comment`, `drift`, `stacks` and `touched` do."""

import json
from dataclasses import dataclass
from pathlib import Path

from .. import machine
from ..clusters.road import Road
from ..console import Problem
from ..stack import Stack, cluster
from . import approval, gate, live, markdown, offline
from . import drift as drifting
from . import touched as touching
from .model import Preview
from .report import STATUS, Report


def comment(
    *,
    stack: str,
    node: str,
    context: str,
    cluster: str,
    base: str,
    live: bool,
    allow: str,
    out: Path | None,
    as_json: bool,
) -> int:
    """Preview a stack against git or, with access, against its state; judge and tell it. Return the exit status."""
    made = Report(stack, f"Preview of stack `{stack}`", Preview())
    way = Way(stack, node, context, cluster) if live else None
    forms = _fill(made, way, base)
    made.findings = gate.judge(made.preview, stack, approval.given(allow))
    return _tell(made, forms, out, as_json=as_json)


def drift(*, stack: str, node: str, context: str, cluster: str, out: Path | None, as_json: bool) -> int:
    """Look for what changed outside Pulumi, and tell it. Return the exit status."""
    made = Report(stack, f"Drift of stack `{stack}`", Preview(), is_drift=True)
    forms = _fill(made, Way(stack, node, context, cluster), "")
    return _tell(made, forms, out, as_json=as_json)


def stacks(base: str) -> None:
    """Print the stacks of both sides."""
    print(json.dumps(offline.stacks(base)))


def touched(base: str, among: str | None) -> None:
    """Print the stacks that HEAD changes."""
    found = touching.touched(offline.stacks(base), touching.changed(base))
    print(json.dumps(found if among is None else touching.among(among, found)))


@dataclass(frozen=True)
class Way:
    """The cluster that the command line names."""

    stack: str
    node: str
    context: str
    cluster: str

    def find(self) -> Road:
        """Return the way there.

        Raises:
            Problem: There is no such cluster.
        """
        way = cluster.find(self.stack, node=self.node, context=self.context, choice=self.cluster)
        if not cluster.exists(way):
            raise Problem(f"there is no cluster to ask: the {way} does not exist", "make up, or CONTEXT=<a context>")
        return way


def _fill(made: Report, asked: Way | None, base: str) -> list[str]:
    """Put into a report what the engine says, or why it cannot; return the stack's secrets, for the readers' sake."""
    forms: list[str] = []
    try:
        way = asked.find() if asked else None
        tools = machine.this().toolchain()
        if not way:
            made.preview, made.notes = offline.preview(made.stack, base, tools)
            return forms
        stack = Stack(made.stack, tools, cluster.kubeconfig(made.stack, way))
        stack.prepare()
        cluster.write(stack, way)
        stack.check()
        forms = live.secrets(stack)
        if made.is_drift:
            made.preview, made.notes = drifting.find(stack)
            made.remedies = drifting.remedies(made.preview.changes)
        else:
            made.preview, made.notes = live.preview(stack)
    except Problem as problem:
        made.preview.failure = f"{problem}\n{f'fix: {problem.fix}' if problem.fix else ''}".strip()
    return forms


def _tell(made: Report, forms: list[str], out: Path | None, *, as_json: bool) -> int:
    """Print a report and write its files; no secret is in either."""
    texts = {
        ".md": markdown.render(made),
        ".full.md": markdown.render(made, limit=None),
        ".json": json.dumps(made.as_data(), indent=2) + "\n",
    }
    texts = {ending: live.without(text, forms) for ending, text in texts.items()}
    if out:
        out.mkdir(parents=True, exist_ok=True)
        for ending, text in texts.items():
            (out / f"{made.stack}{ending}").write_text(text, encoding="utf-8")
    print(texts[".json" if as_json else ".md"], end="")
    return STATUS[made.verdict]
