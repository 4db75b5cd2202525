"""Findings on the lines of a change, as SARIF 2.1.0: what GitHub's code scanning and other platforms show there.

The engine does not know lines. A finding goes to the changed line that has most of its words, and says so by naming
the property; where none has any, to the stack's own file or the first line that changes.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from . import git
from .report import Report
from .rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Line(NamedTuple):
    """One line of a change."""

    file: str
    """With /, from the root of the repository."""
    number: int
    text: str


def of(report: Report, lines: list[Line]) -> dict[str, Any]:
    """A report's findings as SARIF.

    Args:
        report: The report; of a preview that failed nothing is known.
        lines: What changes, of `changed`.
    """
    rules = [
        {
            "id": name,
            "shortDescription": {"text": f"{law.why[0].upper()}{law.why[1:]}."},
            "help": {"text": f"{law.do[0].upper()}{law.do[1:]}."},
        }
        for name, law in RULES.items()
    ]
    results = []
    for finding in report.findings:
        line = _line(finding.change.name, finding.property, report.stack, lines)
        place: dict[str, Any] = {"artifactLocation": {"uri": line.file}, "region": {"startLine": line.number}}
        what = f"{report.stack}: {finding.change}, {finding.property}: {finding.consequence}."
        results.append(
            {
                "ruleId": finding.rule,
                "level": "error" if finding in report.refused else "note",
                "message": {"text": f"{what} Instead: {finding.law().do}."},
                "locations": [{"physicalLocation": place}],
                "partialFingerprints": {"finding/v1": f"{finding.rule}:{finding.token}"},
            }
        )
    driver = {"name": "kubeauth", "rules": rules}
    # Results of one stack do not replace those of another.
    run = {"tool": {"driver": driver}, "automationDetails": {"id": f"kubeauth/{report.stack}/"}, "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def changed(commit: str) -> list[Line]:
    """The lines that the working tree has otherwise than a commit; of removed ones the place where they were.

    Raises:
        Problem: The commit cannot be read.
    """
    return list(read(git.changes(commit).splitlines()))


def read(diff: Iterable[str]) -> Iterable[Line]:
    """The changed lines of a diff without context."""
    file, number, left = "", 0, 0
    for line in diff:
        if line.startswith("\\"):
            continue  # that a file has no end of line at its end
        if left:
            left -= 1
            yield Line(file, number, line[1:])
            number += line.startswith("+")
        elif line.startswith(("--- a/", "+++ b/")):
            # Of a file that goes there is no other name.
            file = line[6:]
        elif match := re.match(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            number, left = max(int(match[2]), 1), int(match[1] or 1) + int(match[3] or 1)


def _line(name: str, prop: str, stack: str, lines: list[Line]) -> Line:
    own = f"Pulumi.{stack}.yaml"
    words = {word for word in re.split(r"[^\w./-]+", f"{name} {prop}") if len(word) > 2}

    def fit(line: Line) -> tuple[int, bool]:
        return sum(len(word) for word in words if word in line.text), line.file.endswith(own)

    there = [line for line in lines if not line.file.endswith(".md")]
    return max(there, key=fit) if there else Line("Pulumi.yaml", 1, "")
