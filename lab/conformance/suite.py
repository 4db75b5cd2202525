"""The specs: which there are, and what comes out when some of them are run."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.console import Problem
from lab.node import Node

#: One spec waits up to 15 minutes for what a busy machine does late.
SECONDS = 1200
#: Of a failure's message, for the page.
WORDS = 300


@dataclass(frozen=True)
class Outcome:
    """What came out of one spec."""

    name: str
    state: str
    """`passed`, `failed`, `skipped` or `cut off`."""
    seconds: float
    why: str = ""

    @property
    def group(self) -> str:
        """Kubernetes' group that owns it, such as `sig-network`."""
        return group(self.name)


def group(name: str) -> str:
    """The group in a spec's name."""
    found = re.match(r"\[(sig-[a-z-]+)\]", name)
    return found[1] if found else "other"


@dataclass(frozen=True)
class Suite:
    """The program with the specs, and the cluster that it asks."""

    program: Path
    kubectl: str
    node: Node
    folder: Path
    """For its reports."""

    def names(self) -> list[str]:
        """Every spec of Kubernetes' conformance suite, in the program's own order."""
        return [outcome.name for outcome in self._asked(r"\[Conformance\]", "--ginkgo.dry-run", seconds=300)]

    def run(self, names: list[str]) -> list[Outcome]:
        """Run these specs one after the other; one that the time limit ended is cut off."""
        wanted = set(names)
        found = [
            outcome for outcome in self._asked(focus(names), seconds=SECONDS * len(names)) if outcome.name in wanted
        ]
        known = {outcome.name for outcome in found}
        return found + [Outcome(name, "cut off", 0) for name in names if name not in known]

    def _asked(self, focus: str, *more: str, seconds: float) -> Iterator[Outcome]:
        report = self.folder / f"{os.getpid()}-{abs(hash(focus))}.json"
        registries = self.folder / "registries.yaml"
        process = self.node.process
        if not process:
            raise Problem(f"node {self.node.name} is not running", "make conformance")
        command = [
            # Its network alone: the specs reach every node there, and the files are this machine's.
            *("nsenter", f"--target={process.pid}", "--net", "--", str(self.program)),
            *("--kubeconfig", str(self.node.kubeconfig.parent / "conf" / "super-admin.conf")),
            *("--kubectl-path", self.kubectl, "--provider", "local", "--node-os-distro", "debian"),
            *("--ginkgo.json-report", str(report), "--ginkgo.no-color", "--ginkgo.focus", focus, *more),
        ]
        env = {**os.environ, "KUBE_TEST_REPO_LIST": str(registries)}
        try:
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return
        if not report.exists():
            raise Problem(
                f"the specs did not begin: {(done.stdout + done.stderr).strip()[-600:]}", "look at the lines above"
            )
        yield from outcomes(json.loads(report.read_text(encoding="utf-8")))
        report.unlink()


def focus(names: Iterable[str]) -> str:
    """The expression, in Go's words, for these specs; the suite's own name stands before each."""
    # Go knows no escaped blank.
    return "(" + "|".join(re.escape(name).replace("\\ ", " ") for name in names) + ")$"


def outcomes(report: Iterable[dict[str, Any]]) -> Iterator[Outcome]:
    """What a report of ginkgo says of the specs that were chosen."""
    for suite in report:
        for spec in suite.get("SpecReports") or []:
            if spec["LeafNodeType"] != "It" or (spec["State"] == "skipped" and not spec.get("Failure")):
                continue
            name = " ".join([*(spec["ContainerHierarchyTexts"] or []), spec["LeafNodeText"]])
            state = spec["State"] if spec["State"] in ("passed", "skipped") else "failed"
            why = " ".join(str(spec.get("Failure", {}).get("Message", "")).split())[:WORDS]
            yield Outcome(name, state, spec["RunTime"] / 1e9, why)
