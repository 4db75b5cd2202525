"""`make drift` finds what somebody changes on the cluster without Pulumi, and writes nothing."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lab.faults import f11_drift
from lab.faults.bench import Bench
from lab.faults.f11_drift import KINDS

from .conftest import System

pytestmark = pytest.mark.cluster


def drift(system: System, out: Path) -> tuple[dict[str, Any], str]:
    """What `make drift` says; it must leave every file of the checkout's own as it was."""
    before = files(system)
    done: subprocess.CompletedProcess[str] = system.make("drift", f"OUT={out}")
    assert files(system) == before
    said = json.loads((out / "dev.json").read_text())
    assert (done.returncode == 0) == (said["verdict"] == "ok"), done.stdout + done.stderr
    return said, (out / "dev.full.md").read_text()


def files(system: System) -> dict[str, str]:
    """The state and the configuration, by their content."""
    local = system.checkout / ".kubeauth"
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in local.rglob("*") if path.is_file()}


def test_every_kind_of_drift_is_found_nothing_is_written_and_what_it_says_puts_it_right(system, tmp_path):
    said, _ = drift(system, tmp_path)
    assert (said["verdict"], said["exit"]) == ("ok", 0)

    bench = Bench(system.checkout, system.node)
    password = f11_drift.replace_secret(bench)
    for kind in KINDS:
        if kind != "a Secret":
            f11_drift.make(bench, kind)
    said, text = drift(system, tmp_path)
    assert (said["verdict"], said["exit"]) == ("drift", 4)
    missed = [kind for kind, (_, line) in KINDS.items() if line not in text.splitlines()]
    assert not missed, text
    for form in (password, "canary", system.secret("mysqlPassword")):
        assert form not in text
    assert "kubectl delete --namespace production-cloud networkpolicy/allow-all" in text

    f11_drift.up(bench)
    # The engine takes an added network for its own; the report does not.
    said, text = drift(system, tmp_path)
    assert said["counts"]["update"] == said["counts"]["create"] == 1, text
    assert KINDS["a NetworkPolicy for more networks"][1] in text.splitlines()
    f11_drift.fix(bench)
    said, text = drift(system, tmp_path)
    assert said["verdict"] == "ok", text
