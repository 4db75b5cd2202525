"""A change rehearsed: deployed over its base under a writer, and taken back, on a node of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests import copies

pytestmark = pytest.mark.cluster


def test_a_change_is_made_and_taken_back_and_says_what_it_costs(tmp_path):
    checkout = copies.make(tmp_path / "kubeauth", commit=True)
    values = checkout / "Pulumi.dev.yaml"
    values.write_text(f"{values.read_text()}  kubeauth:mysqlResourcesMemoryLimit: 600Mi\n")
    command = [sys.executable, "-m", "lab.rehearsal", "--base", "HEAD", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        command, cwd=checkout, env=os.environ, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "out/rehearsal.json").read_text())
    assert result["well"] is True
    assert result["sentence"] in done.stdout
    # The server restarts in both directions; the service has ready pods all the time.
    for turn in (result["there"], result["back"]):
        assert turn["away"] > 1
        assert turn["written"] > 0
        assert turn["lost"] == 0
