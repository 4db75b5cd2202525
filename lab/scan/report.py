"""docs/reference/security.md: the last result of every check, and the one table of exceptions."""

import json
import time
from typing import Any

from cli import paths

from . import Check, Result
from .exceptions import EXCEPTIONS

PAGE = paths.CHECKOUT / "docs" / "reference" / "security.md"
RESULTS = paths.CHECKOUT / "docs" / "reference" / "security.json"
HEAD = """\
# Security: what is checked, and what came out

`make scan` tries all of this on the local node and writes this page; `make scan ONLY=S4` runs one check and keeps the
others' last results. It fails when a check is short of its goal. A short version is part of `make test`.

"""


def table(rows: list[list[str]]) -> str:
    """A Markdown table; the first row is its header."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = [cells[0], ["---"] * len(cells[0]), *cells[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def page(checks: dict[str, Check], results: dict[str, dict[str, Any]]) -> str:
    """The page's text."""
    rows = [["id", "what", "figure", "goal", "result", "date"]]
    details = []
    for name, check in checks.items():
        result = results.get(name)
        if result is None:
            rows.append([name, check.title, "not run", check.goal, "short", ""])
            continue
        verdict = "pass" if result["met"] else "**short**"
        rows.append([name, check.title, result["figure"], check.goal, verdict, result["date"]])
        if result["table"] or result["failures"]:
            details.append(f"\n## {name}: {check.title}\n\n")
            details += [table(result["table"])] if result["table"] else []
            details += [f"- short: {failure}\n" for failure in result["failures"]]
    excepted = [["check", "exception", "reason"], *([list(entry[:3]) for entry in EXCEPTIONS])]
    return HEAD + table(rows) + "\n## Exceptions\n\n" + table(excepted) + "".join(details)


def record(checks: dict[str, Check], results: dict[str, Result]) -> None:
    """Keep these results, and write the page from all that are known."""
    known: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    today = time.strftime("%Y-%m-%d")
    for name, result in results.items():
        known[name] = {**vars(result), "date": today}
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(page(checks, known), encoding="utf-8")
