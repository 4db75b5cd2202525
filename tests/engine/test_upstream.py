"""Defects of others that this project works around are still there: docs/upstream says what can go when one is not."""

import os
import subprocess
import sys

import pytest

from lab import toolchain
from tests.conftest import ROOT

pytestmark = pytest.mark.engine


def said(*command: str) -> str:
    tools = toolchain.ensure("engine")
    path = f"{tools.bin}{os.pathsep}{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PULUMI_HOME": str(tools.pulumi_home)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120).stdout


def test_a_policy_pack_still_tells_its_port_only_without_a_buffer():
    assert said(sys.executable, "docs/upstream/policy_port.py").splitlines() == [
        "as it is: no port in 5 s",
        "with PYTHONUNBUFFERED=1: the port",
    ]


def test_a_kill_still_leaves_a_lock_and_a_check_sum_that_ends_every_command():
    lines = said("sh", "docs/upstream/file_backend.sh").splitlines()
    assert lines[1].startswith("  error: the stack is currently locked by 1 lock(s)")
    assert lines[3:] == ["  error: failed to load checkpoint: EOF", "without the check sum:", "  the state is read"]
