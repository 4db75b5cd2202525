"""Each protection is broken once on purpose, in a copy: the fault that it protects from must be counted as lost.

`python -m lab.faults.mutations` (make mutations) writes docs/reference/mutations.md. A bench that stays
green without the protection would prove nothing.
"""

import argparse
import ast
import re
import sys
import time
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from cli import console, paths
from lab.node import owned

from . import bench, registry

PAGE = paths.CHECKOUT / "docs" / "reference" / "mutations.md"
SEED = "20261124"
_HEAD = """# Protections, each broken on purpose

Written by `make mutations`: it takes one protection out of a copy of the project, makes the fault, and the bench has
to be red. A unit test sees that each line that is taken out still stands where this list says.

| protection | taken out of | fault | the bench |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Mutation:
    """One protection, and how to take it out."""

    protects: str
    file: str
    old: str
    """In Python an expression, however it is laid out; in a script some text. It stands in the file exactly once."""
    new: str
    fault: str
    count: int
    """How often the fault is made; more than once where it has to hit a moment."""

    def apply(self, checkout: Path) -> None:
        """Take the protection out of a checkout."""
        path = checkout / self.file
        path.write_text(self.mutated(path.read_text(encoding="utf-8")), encoding="utf-8")

    def mutated(self, text: str) -> str:
        """The file without the protection.

        Raises:
            Problem: The line is not there, or more than once.
        """
        found = _expressions(text, self.old) if self.file.endswith(".py") else _places(text, self.old)
        if len(found) != 1:
            raise console.Problem(f"{self.file} does not have once what protects: {self.protects}", "renew MUTATIONS")
        begin, end = found[0]
        data = text.encode()
        return (data[:begin] + self.new.encode() + data[end:]).decode()


def _places(text: str, part: str) -> list[tuple[int, int]]:
    """Where a part of a text begins and ends, in bytes."""
    data, wanted = text.encode(), part.encode()
    return [(at.start(), at.end()) for at in re.finditer(re.escape(wanted), data)]


def _expressions(text: str, wanted: str) -> list[tuple[int, int]]:
    """Where a module has an expression, in bytes: by its syntax, so that its layout does not matter."""
    lines = [0, *accumulate(map(len, text.encode().splitlines(keepends=True)))]
    tree, sought = ast.parse(text), ast.dump(ast.parse(wanted, mode="eval").body)
    return [
        (lines[node.lineno - 1] + node.col_offset, lines[node.end_lineno - 1] + node.end_col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and node.end_lineno and node.end_col_offset and ast.dump(node) == sought
    ]


MUTATIONS = (
    Mutation(
        "unfinished operations of a killed run are settled",
        "cli/stack/repair.py",
        'not (state.deployment(files.path) or {}).get("pending_operations")',
        "True",
        "F1",
        6,
    ),
    Mutation(
        "one changing command per stack at a time",
        "cli/locks.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "F3",
        1,
    ),
    Mutation(
        "a state that is not whole is refused",
        "cli/stack/state.py",
        "not files.damaged()",
        "True",
        "F4",
        1,
    ),
    Mutation(
        "a check sum that a kill cut off is removed",
        "cli/stack/exclusive.py",
        "stack.files.torn() if stack.files else []",
        "[]",
        "F4",
        1,
    ),
    Mutation(
        "an acknowledged commit is on the disk",
        "components/mysql/sizes.py",
        '{"max-connections": str(mebibytes // 8)} if mebibytes >= MUCH else {}',
        '{"innodb-flush-log-at-trx-commit": "0"}',
        "F6",
        6,
    ),
    Mutation(
        "the data directory gets its name when it is complete",
        "components/mysql/scripts/initialize.sh",
        '  new=$(mktemp -d "$VOLUME/new.XXXXXX")\n',
        "  mkdir -p $data && new=$data\n",
        "F7",
        4,
    ),
    Mutation(
        "passwords are set at every start",
        "components/mysql/scripts/accounts.sh",
        '  statement "DROP USER IF EXISTS $account, ',
        '  statement "CREATE USER IF NOT EXISTS $account $application"\n  statement "DROP USER IF EXISTS ',
        "F8",
        0,
    ),
    Mutation(
        "a failed rollout names its cause",
        "cli/stack/change.py",
        "events.rolled_out",
        "False",
        "F9",
        1,
    ),
    Mutation(
        "the volume claim is protected",
        "components/kubernetes/volumes.py",
        "children.options(protect=retain)",
        "children.options(protect=False)",
        "F12",
        1,
    ),
    Mutation(
        "old pods serve until new ones are ready",
        "components/auth/component.py",
        "apps.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0)",
        "apps.RollingUpdateDeploymentArgs(max_surge=0, max_unavailable=1)",
        "F14",
        1,
    ),
    Mutation(
        "a write counts when two servers have it",
        "components/mysql_cluster/scripts/topology.sh",
        "--durability-policy semi_sync",
        "--durability-policy none",
        "F22",
        10,
    ),
    Mutation(
        "somebody sees that the primary is gone",
        "components/mysql_cluster/orchestrator.py",
        "2",
        "0",
        "F22",
        10,
    ),
    Mutation(
        "a full volume takes the database out of its Service",
        "components/mysql/probes.py",
        """_script("readiness", f"RUN={run}", f"VOLUME={volume}", f"FREE={FREE_MEBIBYTES}",
          f"CERTIFICATE={certificate or 'no'}")""",
        "ping",
        "F16",
        1,
    ),
)


def broken(mutation: Mutation, node: str) -> tuple[bool, str]:
    """Make the fault without the protection; return whether the bench was red, and what it said."""
    fault = registry()[mutation.fault]
    with bench.system(node) as system:
        mutation.apply(system.checkout)
        system.command("up")
        try:
            result = fault.run(system, mutation.count, Random(f"{SEED} {fault.id}"))  # noqa: S311 - to be repeated
        except (RuntimeError, console.Problem) as stopped:
            return True, f"stopped: {stopped}"
        return not result.well, "; ".join(result.failures + result.late) or result.figure


def recorded(text: str) -> dict[str, str]:
    """The rows of a page, by what they are about."""
    rows = text.partition("|---|---|---|---|\n")[2].splitlines(keepends=True)
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}


def main() -> None:
    """Break each protection, and write down what the bench said; the rows of those left out stay as they were."""
    parser = argparse.ArgumentParser(prog="lab.faults.mutations", description=__doc__)
    parser.add_argument("--only", default="", help="ids of faults, with commas between them (default: all)")
    chosen = [name for name in parser.parse_args().only.split(",") if name]
    rows, green, node = recorded(PAGE.read_text(encoding="utf-8")), 0, owned.name("mutation")
    for mutation in MUTATIONS:
        if chosen and mutation.fault not in chosen:
            continue
        begun = time.monotonic()
        red, said = broken(mutation, node)
        green += not red
        verdict = "red" if red else "**green**"
        took = console.duration(time.monotonic() - begun)
        console.console.print(f"{mutation.fault:4} {verdict}  without: {mutation.protects} ({took})", markup=False)
        first = " ".join(said.split())[:160].replace("|", "\\|")
        rows[mutation.protects] = f"| {mutation.protects} | {mutation.file} | {mutation.fault} | {verdict}: {first} |\n"
    known = [rows[mutation.protects] for mutation in MUTATIONS if mutation.protects in rows]
    PAGE.write_text(_HEAD + "".join(known), encoding="utf-8")
    console.console.print(f"Wrote {PAGE.relative_to(paths.CHECKOUT)}.", markup=False)
    sys.exit(green > 0)


if __name__ == "__main__":
    console.run(main)
