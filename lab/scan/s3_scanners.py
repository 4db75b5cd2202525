"""S3: what scanners of others say about the manifests of all stacks, and about the code."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cli import paths
from cli.console import Problem, step
from cli.stack import rights
from lab import toolchain
from tests import copies

from . import Check, Result, openapi
from .exceptions import EXCEPTIONS
from .live import Live, rendered

BIN = paths.CHECKOUT / ".venv" / "scan" / "bin"
BASELINE = Path(__file__).with_name("secrets.baseline")
#: Takes what it finds into the baseline, with the options that stand there.
ACCEPT = f".venv/scan/bin/detect-secrets scan --baseline lab/scan/{BASELINE.name}"
#: Lines with hashes: locks of dependencies, tests/interface.json.
HASHES = r'sha256:|h1:|"(interface|changelog)": "[0-9a-f]{64}"'
#: What is shipped or run; in tests there is no security to find.
CODE = ("__main__.py", "components", "examples", "policy", "cli", "lab")


class Finding(NamedTuple):
    """What a scanner has against something."""

    scanner: str
    rule: str
    where: str
    text: str

    def excepted(self) -> bool:
        """Whether the table of exceptions lets it pass."""
        known = {name for entry in EXCEPTIONS for name in entry.findings}
        return bool({f"{self.scanner} {self.rule}", f"{self.scanner} {self.rule} {self.where}"} & known)


def _run(*command: str) -> str:
    """Run a scanner in the checkout; most end with 1 when they found something, and all print JSON."""
    done = subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise Problem(f"{Path(command[0]).name} said nothing: {done.stderr.strip()[-800:]}")
    return done.stdout


def checkov(folder: Path, *frameworks: str) -> tuple[int, list[Finding]]:
    """Checkov on a folder; the number of checks, and those that failed."""
    options = ("--compact", "--quiet", "--skip-download", "--output", "json")
    said: Any = json.loads(_run(str(BIN / "checkov"), "--directory", str(folder), "--framework", *frameworks, *options))
    total, found = 0, []
    for report in said if isinstance(said, list) else [said]:
        total += report["summary"]["passed"] + report["summary"]["failed"]
        found += [
            Finding("checkov", check["check_id"], check["resource"], check["check_name"])
            for check in report["results"]["failed_checks"]
        ]
    return total, found


def kube_score(files: list[str]) -> tuple[int, list[Finding]]:
    """kube-score on manifests; its critical findings. Its warnings ask for replicas that one MySQL cannot have."""
    program = str(toolchain.program("kube-score"))
    said: Any = json.loads(_run(program, "score", "--kubernetes-version=v1.34", "--output-format=json", *files))
    total, found = 0, []
    # Where it finds nothing to judge it says null.
    for item in said or []:
        for check in item["checks"]:
            if check["skipped"]:
                continue
            total += 1
            critical = 1
            if check["grade"] <= critical:
                what = "; ".join(comment["summary"] for comment in check["comments"] or [])
                found.append(Finding("kube-score", check["check"]["id"], item["object_name"], what))
    return total, found


def kubeconform(files: list[str], version: str, schemas: Path) -> tuple[int, list[Finding]]:
    """Kubeconform on manifests, strictly, against one version of Kubernetes."""
    kinds = {(item["apiVersion"], item["kind"]) for item in map(_manifest, files)}
    openapi.write(openapi.document(version), kinds, schemas)
    where = f"{schemas}/{openapi.TEMPLATE}"
    options = ("-strict", "-summary", "-output=json", f"-kubernetes-version={version[1:]}", f"-schema-location={where}")
    said: Any = json.loads(_run(str(toolchain.program("kubeconform")), *options, *files))
    summary = said["summary"]
    bad = [
        Finding(f"kubeconform {version}", item["status"], f"{item['kind']} {item['name']}", item["msg"])
        for item in said["resources"]
    ]
    if summary["skipped"]:
        bad.append(Finding(f"kubeconform {version}", "skipped", f"{summary['skipped']} manifests", "no schema"))
    return summary["valid"] + len(bad), bad


def _manifest(file: str) -> dict[str, Any]:
    return yaml.safe_load(Path(file).read_text(encoding="utf-8"))


def bandit() -> tuple[int, list[Finding]]:
    """Bandit on the code, from medium severity on; the number of lines.

    Ruff has the same rules. Where a line has ruff's `noqa` for a rule, with its reason, bandit's finding passes, too.
    """
    options = ("--quiet", "--severity-level", "medium", "--format", "json", "--recursive")
    said: Any = json.loads(_run(str(BIN / "bandit"), *options, *CODE))
    found = []
    for item in said["results"]:
        lines = (paths.CHECKOUT / item["filename"]).read_text(encoding="utf-8").splitlines()
        marked = " ".join(lines[number - 1] for number in item["line_range"])
        if not re.search(rf"# noqa: [^#]*\bS{item['test_id'][1:]}\b", marked):
            where = f"{item['filename']}:{item['line_number']}"
            found.append(Finding("bandit", item["test_id"], where, item["issue_text"]))
    return said["metrics"]["_totals"]["loc"], found


def detect_secrets(names: list[str]) -> tuple[int, list[Finding]]:
    """detect-secrets on what git has; what is not in the baseline. Hashes of dependencies and texts are no secrets."""
    options = ("--exclude-lines", HASHES, "--exclude-files", rf"{BASELINE.name}$")
    said: Any = json.loads(_run(str(BIN / "detect-secrets"), "scan", *options, *names))
    known = known_secrets()
    return len(names), [
        Finding("detect-secrets", item["type"], f"{file}:{item['line_number']}", f"no secret? {ACCEPT}")
        for file, items in said["results"].items()
        for item in items
        if (file, item["type"], item["hashed_secret"]) not in known
    ]


def known_secrets() -> set[tuple[str, str, str]]:
    """What people looked at and found to be no secret: fake passwords of tests, fingerprints."""
    listed: Any = json.loads(BASELINE.read_text(encoding="utf-8"))["results"]
    return {(file, item["type"], item["hashed_secret"]) for file, items in listed.items() for item in items}


Outcome = tuple[str, str, int, list[Finding]]
"""The scanner, what it looked at, the number of its checks, its findings."""


def scan_manifests(
    name: str, manifests: list[dict[str, Any]], versions: Iterable[str] = tuple(openapi.VERSIONS)
) -> Iterator[Outcome]:
    """Scan manifests with all scanners that read them.

    Args:
        name: What they belong to, for the table.
        manifests: The objects.
        versions: Of Kubernetes, some of `openapi.VERSIONS`. Default: all.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as schemas:
        for number, manifest in enumerate(manifests):
            Path(folder, f"{number}.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
        files = [str(path) for path in sorted(Path(folder).iterdir())]
        yield "checkov", f"manifests of {name}", *checkov(Path(folder), "kubernetes")
        yield "kube-score", f"manifests of {name}", *kube_score(files)
        for version in versions:
            # The files of one version replace those of the other: their names are the same.
            outcome = kubeconform(files, version, Path(schemas))
            yield "kubeconform -strict", f"manifests of {name}, Kubernetes {version}", *outcome


def scan_code() -> Iterator[Outcome]:
    """Scan what git has."""
    yield "checkov", "workflows, Dockerfile", *checkov(paths.CHECKOUT, "dockerfile", "github_actions")
    yield "bandit", "code (lines)", *bandit()
    yield "detect-secrets", "tracked files", *detect_secrets(copies.files())


def run(live: Live) -> Result:
    """Run all of them."""
    if not (BIN / "checkov").exists():
        raise Problem("the scanners are not installed", "make scan installs them")
    outcomes: list[Outcome] = []
    deployers = {"make deployer": list(yaml.safe_load_all(rights.page()))}
    for name, manifests in {**rendered(live.tools), **deployers}.items():
        with step(f"scan the manifests of {name}", 20):
            outcomes += scan_manifests(name, manifests)
    with step("scan the code", 30):
        outcomes += scan_code()
    rows = [["scanner", "on", "checks", "findings", "excepted"]]
    for scanner, where, total, findings in outcomes:
        excepted = sum(item.excepted() for item in findings)
        rows.append([scanner, where, str(total), str(len(findings) - excepted), str(excepted)])
    left = [item for *_, findings in outcomes for item in findings if not item.excepted()]
    scanners = {scanner for scanner, *_ in outcomes}
    allowed = [entry for entry in EXCEPTIONS if entry.check == "S3"]
    figure = f"{len(left)} findings by {len(scanners)} scanners in {len(outcomes)} runs, {len(allowed)} exceptions"
    failures = [f"{item.scanner} {item.rule} {item.where}: {item.text}" for item in left]
    return Result(figure, not left, failures, rows)


CHECK = Check("S3", "scanners on manifests and code", "0 failed, 0 critical, at most 3 exceptions", run)
