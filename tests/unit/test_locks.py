"""A lock that lives exactly as long as its holder."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli import locks, paths

HOLD = "import sys, time; from pathlib import Path; from cli import locks\n"


def holder(path, body="time.sleep(60)"):
    """Another process that holds the lock."""
    script = f"{HOLD}with locks.claimed(Path({str(path)!r}), 'make up') as lock:\n print('held', flush=True)\n {body}"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=paths.CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def refused(path):
    with pytest.raises(locks.Held) as caught, locks.claimed(path, "make up"):
        pass
    return caught.value.holder


def test_whoever_comes_second_learns_who_holds_it(tmp_path):
    process = holder(tmp_path / "lock")
    try:
        told = refused(tmp_path / "lock")
        assert (told.pid, told.command) == (process.pid, "make up")
        assert f"make up by {told.user}@{told.host} (pid {process.pid}, since {told.since})" == str(told)
    finally:
        process.kill()
        process.wait()


def test_the_kernel_frees_it_when_the_holder_is_killed(tmp_path):
    process = holder(tmp_path / "lock")
    process.kill()
    process.wait()
    with locks.claimed(tmp_path / "lock", "make up"):
        assert refused(tmp_path / "lock").pid == os.getpid()


def test_a_child_that_got_the_lock_holds_it_after_its_parent_was_killed(tmp_path):
    body = (
        "import subprocess; child = subprocess.Popen(['sleep', '60'], pass_fds=[lock])\n print(child.pid, flush=True)\n"
    )
    process = holder(tmp_path / "lock", body + " time.sleep(60)")
    assert process.stdout
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    assert refused(tmp_path / "lock").pid == process.pid
    os.kill(child, 9)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with locks.claimed(tmp_path / "lock", "make up"):
                return
        except locks.Held:
            time.sleep(0.05)
    pytest.fail("still held")


def test_a_holder_that_ends_well_frees_it_for_its_children_too(tmp_path):
    with locks.claimed(tmp_path / "lock", "make up") as lock:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[lock])
    try:
        with locks.claimed(tmp_path / "lock", "make up"):
            pass
    finally:
        child.kill()
        child.wait()


def test_of_ten_at_once_one_wins(tmp_path):
    script = f"{HOLD}try:\n with locks.claimed(Path({str(tmp_path / 'lock')!r}), 'make up'): time.sleep(3)\n"
    script += " print('won')\nexcept locks.Held as held: print(held.holder.pid)"

    def attempt(_):
        return subprocess.run(
            [sys.executable, "-c", script], cwd=paths.CHECKOUT, capture_output=True, text=True, check=True
        ).stdout.strip()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(attempt, range(10)))
    assert answers.count("won") == 1
    assert len(set(answers)) == 2, "all losers name the same holder"
    assert "0" not in answers
