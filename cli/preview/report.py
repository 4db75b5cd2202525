"""One report about one stack, its verdict, and its form for programs."""

from dataclasses import dataclass, field
from typing import Any

from . import approved, meaning, summary
from .gate import Finding
from .model import CREATE, DELETE, REPLACE, UPDATE, Preview
from .rules.data import version_steps
from .versions import Step

OK, REFUSED, FAILED, DRIFT = "ok", "refused", "failed", "drift"
#: Exit statuses.
STATUS = {OK: 0, FAILED: 1, REFUSED: 3, DRIFT: 4}
_WOULD = {CREATE: "created", UPDATE: "updated", REPLACE: "replaced", DELETE: "deleted"}
_DONE = {CREATE: "not of this stack", UPDATE: "changed", REPLACE: "replaced", DELETE: "deleted"}


@dataclass
class Report:
    """Everything that a comment says about one stack."""

    stack: str
    title: str
    """What was compared, in words: the heading."""
    preview: Preview
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader must know about how it was made."""
    is_drift: bool = False
    """Whether it tells what happened outside Pulumi, not what would happen."""
    remedies: list[str] = field(default_factory=list)
    """Commands that put drift right."""

    back: meaning.Back | None = None
    """The way back; None where it is not asked for."""

    @property
    def refused(self) -> list[Finding]:
        """The findings that stop, and that nobody allowed."""
        return [finding for finding in self.findings if finding.stops and not finding.allowed]

    @property
    def let_in(self) -> list[Finding]:
        """The findings that would stop, had the pull request not named them."""
        return [finding for finding in self.findings if finding.stops and finding.allowed]

    @property
    def upgrades(self) -> list[Step]:
        """Other images of servers with data that are not stopped, but cannot be taken back as they came."""
        steps = [] if self.is_drift else [step for change in self.preview.changes for step in version_steps(change)]
        return [step for step in steps if not step.judgement.refused]

    @property
    def breaks_policies(self) -> bool:
        """Whether a mandatory policy is broken."""
        return any(policy.startswith("mandatory") for policy in self.preview.policies)

    @property
    def words(self) -> dict[str, str]:
        """What an operation is called: what would happen, or what somebody did."""
        return _DONE if self.is_drift else _WOULD

    @property
    def verdict(self) -> str:
        """One of the keys of STATUS."""
        if self.preview.failure:
            return FAILED
        if self.refused or self.breaks_policies:
            return REFUSED
        changed = any(summary.counts(self.preview)[operation] for operation in summary.OPERATIONS)
        return DRIFT if self.is_drift and changed else OK

    def as_data(self) -> dict[str, Any]:
        """The report for programs: counts, what matters most, and the gate's verdict."""
        return {
            "stack": self.stack,
            "verdict": self.verdict,
            "exit": STATUS[self.verdict],
            "counts": summary.counts(self.preview),
            "restarts": [str(restart.change) for restart in summary.restarts(self.preview)],
            "away": {} if self.is_drift else {str(it): words for it, words in meaning.away(self.preview)},
            "way_back": meaning.way_back(self.findings, self.back) if self.back else "",
            "exposes": {found.name: found.after for found in summary.exposures(self.preview) if found.after},
            "database_hosts": [
                {"where": host.where, "before": host.before, "after": host.after}
                for host in summary.hosts(self.preview)
            ],
            "findings": [
                {
                    "rule": finding.rule,
                    "resource": str(finding.change),
                    "property": finding.property,
                    "consequence": finding.consequence,
                    "allow": finding.token,
                    "allowed": finding.allowed,
                    "stops": finding.stops,
                    "why": finding.law().why,
                    "do": finding.law().do,
                }
                for finding in self.findings
            ],
            "upgrades": [
                {
                    "resource": str(step.change),
                    "before": step.before,
                    "after": step.after,
                    "consequence": str(step.judgement),
                }
                for step in self.upgrades
            ],
            "operations": {} if self.is_drift else approved.operations(self.preview),
            "policies": self.preview.policies,
            "failure": self.preview.failure,
        }
