"""What `kubeauth report` does: gather, write the page, search it for secrets, put it in place."""

import html
import os
import tempfile
from pathlib import Path

from .. import leaks
from ..console import Problem, step
from ..stack import Stack, refusals
from ..status import commands as looking
from ..status import show
from ..status.model import STATUS
from . import gather, page


def report(*, stack: str, node: str, context: str, cluster: str, out: Path, drift: bool) -> int:
    """Write the report of a stack; return the exit status, which is that of `kubeauth status`."""
    refusals.require(stack)
    with (
        step(f"look at stack {stack}", 12 if drift else 4),
        looking.looking(stack, looking.tools(), node=node, context=context, choice=cluster) as (found, seen),
    ):
        if seen.resources == []:
            raise Problem(f"nothing of stack {stack} is deployed, so there is nothing to report", f"make up STACK={stack}")
        facts = gather.facts(found, seen, with_drift=drift)
        text = written(facts, found)
    keep(out, text)
    words = show.VERDICTS[facts.status.verdict][0]
    print(f"{out}: stack {stack}, {words}")
    return STATUS[facts.status.verdict]


def written(facts: gather.Facts, stack: Stack) -> str:
    """The page, searched.

    Raises:
        Problem: A secret is in it, or the secrets cannot be read.
    """
    secrets = gather.secrets(stack)
    text = page.render(facts, searched=len(secrets))
    refuse(text, secrets)
    return text


def refuse(text: str, secrets: list[str]) -> None:
    """Refuse a page with a secret in it.

    Raises:
        Problem: Names the place and the form, and not the value.
    """
    # As a reader sees it, and as it is written: & stands for itself in one of them only.
    for seen in (html.unescape(text), text):
        if hit := leaks.find(seen.encode(), secrets):
            form, place = hit
            before = seen.encode()[:place].decode(errors="replace")
            section = before.rpartition('<section id="')[2].partition('"')[0] if "<section id=" in before else "the head"
            line = before.count("\n") + 1
            raise Problem(
                f"the report would show a secret ({form}): section {section}, line {line}. It was not written.",
                "take the secret out of where it was written in the open (a log, a name, a variable) and change it; "
                "until then: make status",
            )


def keep(out: Path, text: str) -> None:
    """Put the page in place at once and for its author's eyes: a reader finds the old one or the new one."""
    if out.is_dir():
        raise Problem(f"{out} is a folder", "name a file: --out report.html")
    out.parent.mkdir(parents=True, exist_ok=True)
    # Mode 600.
    descriptor, draft = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(out)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
