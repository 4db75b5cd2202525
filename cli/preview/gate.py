"""What must not happen by accident: the rules that stop a pull request, and how it says that something is meant."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import rules
from .model import Change, Preview
from .rules import MORE_SERVERS, OF_UP, RULES, Rule, Settings, base

__all__ = ["MORE_SERVERS", "OF_UP", "RULES", "Finding", "Settings", "judge"]


@dataclass(frozen=True)
class Finding:
    """One reason to stop."""

    rule: str
    change: Change
    property: str
    """The property that causes it, with its values where that helps."""
    consequence: str
    """What happens on the cluster if it goes through."""
    token: str = ""
    """What the pull request has to name to say that it is meant: `<stack>/<resource>`."""
    allowed: bool = False
    stops: bool = True
    """Whether it stops the pull request unless it is allowed; else the project wants to be told only."""

    def law(self) -> Rule:
        """Its rule: why, and what to do."""
        return RULES[self.rule]


def judge(
    preview: Preview,
    stack: str,
    allowed: frozenset[str] = frozenset(),
    settings: Settings | None = None,
    more: Iterable[Change] = (),
) -> list[Finding]:
    """Apply every rule to every change.

    Args:
        preview: What would happen. Where the stack is new nothing can be lost, and few rules count.
        stack: The stack's name, the first part of the tokens.
        allowed: Tokens that the pull request names.
        settings: What the project says about the rules. Default: nothing.
        more: Changes of files that check others.
    """
    settings = settings or Settings()
    context = rules.Context(preview, settings)
    found = [
        Finding(name, change, prop, consequence, stops=settings.level(name) == base.STOP)
        for change in [*preview.changes, *more]
        for name, rule in RULES.items()
        if settings.level(name) != base.OFF and (rule.also_new or not preview.is_new)
        for prop, consequence in rule.check(change, context)
    ]
    # A name that two of these resources share would let one approval cover both.
    names = Counter(change.name for change in {finding.change.urn: finding.change for finding in found}.values())
    return [_with_token(finding, stack, allowed, shared=names[finding.change.name] > 1) for finding in found]


def _with_token(finding: Finding, stack: str, allowed: frozenset[str], *, shared: bool) -> Finding:
    change = finding.change
    token = f"{stack}/{change.kind}/{change.name}" if shared else f"{stack}/{change.name}"
    return replace(finding, token=token, allowed=token in allowed)
