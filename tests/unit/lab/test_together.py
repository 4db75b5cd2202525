"""What shares something that takes long to make is one worker's, as a whole."""

import os
import subprocess
import sys
from pathlib import Path

from cli import paths

CONFTEST = """
from tests.together import Together
def pytest_xdist_make_scheduler(config, log):
    return Together(config, log, lambda name: {"test_a.py": "ab", "test_b.py": "ab"}.get(name, name))
"""
TESTS = """
import os, time
from pathlib import Path
import pytest
@pytest.mark.parametrize("number", range(3))
def test_it(number):
    time.sleep(0.1)
    with Path(__file__).with_suffix(".workers").open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


def test_files_that_share_something_go_to_one_worker(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-q"]
    env = {**os.environ, "PYTHONPATH": str(paths.CHECKOUT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    a, b, c = ({*(tmp_path / f"test_{name}.workers").read_text().split()} for name in "abc")
    assert len(a) == len(c) == 1
    assert a == b != c
