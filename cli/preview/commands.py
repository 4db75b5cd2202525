"""What `kubeauth comment`, `drift`, `stacks` and `touched` do."""

import json
from dataclasses import dataclass
from pathlib import Path

from .. import console, machine
from ..clusters.road import Road
from ..console import Problem
from ..stack import Stack, cluster
from . import allowed, approved, gate, gate_file, git, live, markdown, meaning, offline, policy_file
from . import drift as drifting
from . import sarif as findings
from . import touched as touching
from .model import CREATE, DELETE, REPLACE, UPDATE, Change, Preview
from .report import OK, REFUSED, STATUS, Report
from .rules import checks


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
    sarif: Path | None = None,
) -> int:
    """Preview a stack against git or, with access, against its state; judge and tell it. Return the exit status."""
    made = Report(stack, f"Preview of stack `{stack}`", Preview())
    way = Way(stack, node, context, cluster) if live else None
    forms = _fill(made, way, base)
    _judge(made, base, allow)
    if not live:
        _look_back(made, base)
    if sarif:
        _mark(made, base, sarif, forms)
    return _tell(made, forms, out, as_json=as_json)


def deployable(*, stack: str, node: str, context: str, cluster: str, file: Path) -> int:
    """Compare what `up` would do now with what was approved. Return the exit status."""
    reviewed = approved.read(file, stack)
    made = Report(stack, f"Deployment of stack `{stack}`", Preview())
    forms = _fill(made, Way(stack, node, context, cluster), "")
    if made.preview.failure:
        raise Problem(live.without(made.preview.failure, forms))
    found = approved.differences(reviewed, approved.operations(made.preview))
    told = [f"⛔ stack {stack} would get something else than was approved:", *found]
    print(live.without("\n  ".join(told), forms) if found else f"✅ stack {stack} gets what was approved")
    return STATUS[REFUSED if found else OK]


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


def _judge(made: Report, base: str, allow: str) -> None:
    """Apply the gate, by the rules of the base."""
    settings, more = gate.Settings(), list[Change]()
    try:
        commit = git.merge_base(base)
        settings = gate_file.of_commit(commit)
        more += checks.weakened(made.stack, gate_file.FILE, list(gate_file.weaker(settings, gate_file.of_tree())))
        for file in (f"policy/config.{made.stack}.json", "policy/config.default.json"):
            more += checks.weakened(made.stack, file, policy_file.weaker(commit, file))
    except Problem as problem:
        made.preview.failure = made.preview.failure or words(problem)
    made.findings = gate.judge(made.preview, made.stack, allowed.given(allow), settings, more)


def _look_back(made: Report, base: str) -> None:
    """Put the way back into a report, where there is a way: a stack that stays and changes."""
    changes = made.preview.of(CREATE, UPDATE, REPLACE, DELETE)
    both = made.preview.failure == "" and not made.preview.is_new and offline.stays(made.stack)
    if both and changes:
        try:
            preview = offline.way_back(made.stack, base, machine.this().toolchain())
        except Problem as problem:
            preview = Preview(failure=words(problem))
        made.back = meaning.back(preview, gate.judge(preview, made.stack))


def _mark(made: Report, base: str, file: Path, forms: list[str]) -> None:
    """Write the findings on the lines of the change."""
    try:
        found = findings.of(made, findings.changed(git.merge_base(base)))
    except Problem as problem:
        made.preview.failure = made.preview.failure or words(problem)
        found = findings.of(made, [])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(live.without(json.dumps(found, indent=2) + "\n", forms), encoding="utf-8")


def words(problem: Problem) -> str:
    """What a comment says of a problem, with what to type as the command is called."""
    said = f"{problem}\n{f'fix: {problem.fix}' if problem.fix else ''}".strip()
    return console.as_typed(said)


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
        made.preview.failure = words(problem)
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
