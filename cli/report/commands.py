"""What `kubeauth report` does: gather, write the page, search it for secrets, put it in place."""

from pathlib import Path

from ..console import Problem, step
from ..stack import Stack, config, refusals
from ..status import commands as looking
from ..status import show
from ..status.model import STATUS
from . import gather, page, search


def report(*, stack: str, node: str, context: str, cluster: str, out: Path, no_drift: bool) -> int:
    """Write the report of a stack; return the exit status, which is that of `kubeauth status`."""
    refusals.require(stack)
    if out.is_dir():
        raise Problem(f"{out} is a folder", "name a file: --out report.html")
    with (
        step(f"look at stack {stack}", 4 if no_drift else 15),
        looking.looking(stack, looking.tools(), node=node, context=context, choice=cluster) as (found, seen),
    ):
        if seen.resources == []:
            raise Problem(
                f"nothing of stack {stack} is deployed, so there is nothing to report", f"make up STACK={stack}"
            )
        if seen.lost_state:
            raise seen.lost_state
        facts = gather.facts(found, seen, with_drift=not no_drift)
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
    secrets = search.secrets(stack)
    text = page.render(facts, searched=len(secrets))
    search.refuse(text, secrets)
    return text


def keep(out: Path, text: str) -> None:
    """Put the page in place at once and for its author's eyes: a reader finds the old one or the new one."""
    # Only the file is private, not a folder that is made for it.
    out.parent.mkdir(parents=True, exist_ok=True)
    config.write_private(out, text)
