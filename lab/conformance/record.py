"""What came out so far, kept after every few specs, so that a run that is cut goes on where it was; and its page."""

import dataclasses
import json
import time
from collections import Counter
from pathlib import Path

from cli.paths import CHECKOUT

from .suite import Outcome, group

FILE = CHECKOUT / "docs/reference/conformance.json"
PAGE = CHECKOUT / "docs/reference/conformance.md"
STATES = ("passed", "failed", "skipped", "cut off")


@dataclasses.dataclass
class Record:
    """The specs of one version of Kubernetes, by name."""

    version: str
    nodes: int
    names: list[str] = dataclasses.field(default_factory=list)
    """Every spec that there is."""
    found: dict[str, Outcome] = dataclasses.field(default_factory=dict)
    date: str = ""

    @classmethod
    def load(cls, version: str, nodes: int, file: Path = FILE) -> "Record":
        """What was recorded of this version on so many nodes; another one begins anew."""
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(version, nodes)
        if (known["version"], known["nodes"]) != (version, nodes):
            return cls(version, nodes)
        found = {item["name"]: Outcome(**item) for item in known["found"]}
        return cls(version, nodes, known["names"], found, known["date"])

    def add(self, outcomes: list[Outcome], file: Path = FILE) -> None:
        """Keep these, in one step."""
        self.found |= {outcome.name: outcome for outcome in outcomes}
        self.date = time.strftime("%Y-%m-%d")
        items = [dataclasses.asdict(self.found[name]) for name in sorted(self.found)]
        content = {"version": self.version, "nodes": self.nodes, "date": self.date, "names": self.names, "found": items}
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        draft.replace(file)

    def waiting(self, groups: list[str], *, again: bool) -> list[str]:
        """The specs of these groups, or of all, that have no outcome yet; those that failed, too, when `again`."""
        done = ("passed", "skipped") if again else ("passed", "skipped", "failed")
        left = [name for name in self.names if name not in self.found or self.found[name].state not in done]
        return [name for name in left if not groups or group(name) in groups]


def page(record: Record) -> str:
    """The page in the reference."""
    groups = sorted({group(name) for name in record.names})
    rows = []
    for name in groups:
        own = [spec for spec in record.names if group(spec) == name]
        states = Counter(record.found[spec].state for spec in own if spec in record.found)
        rows.append((name, len(own), *(states[state] for state in STATES), len(own) - states.total()))
    total = ("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:]))
    lines = [
        "# Conformance",
        "",
        f"Kubernetes' own conformance specs ({record.version}) on the local cluster of {record.nodes} nodes, written"
        f" by `make conformance` on {record.date}. A run that is cut goes on where it was; `ONLY=sig-network` runs a"
        " group, `AGAIN=1` what failed.",
        "",
        f"| group | specs | {' | '.join(STATES)} | not run |",
        f"|---|{'---|' * (len(STATES) + 2)}",
        *(f"| {' | '.join(map(str, row))} |" for row in (*rows, total)),
        "",
    ]
    wrong = [
        record.found[name] for name in record.names if name in record.found and record.found[name].state != "passed"
    ]
    if wrong:
        lines += ["## What did not pass", ""]
        lines += [
            f"- {outcome.state}: {outcome.name}{f': `{outcome.why}`' if outcome.why else ''}" for outcome in wrong
        ]
        lines.append("")
    return "\n".join(lines)
