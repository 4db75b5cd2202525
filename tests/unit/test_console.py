"""However a command ends, people get a line and an exit status; never a traceback."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import paths

HEAD = "import os, signal, sys\nfrom cli import console\ndef main():\n    "


def ran(body: str, **options) -> subprocess.CompletedProcess[str]:
    script = f"{HEAD}{body}\nconsole.run(main)"
    where = {"cwd": paths.CHECKOUT, "stderr": subprocess.PIPE, "text": True, "timeout": 60, **options}
    return subprocess.run([sys.executable, "-c", script], check=False, **where)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("pass", 0, ""),
        ("raise console.Problem('no', 'type this')", 1, "error: no\n  fix: type this\n"),
        ("raise KeyboardInterrupt", 130, "interrupted; the same command goes on from here\n"),
        ("sys.exit(7)", 7, ""),
        ("raise BrokenPipeError(32, 'Broken pipe')", 141, ""),
    ],
)
def test_each_end_has_its_status_and_its_words(body, status, said):
    done = ran(body)
    assert (done.returncode, done.stderr) == (status, said)


def test_what_nobody_thought_of_is_one_line_and_a_file_with_the_details(tmp_path):
    done = ran("{}['a\\nkey']", env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 1
    (log,) = tmp_path.iterdir()
    assert done.stderr == (
        f"error: this should not happen: KeyError: 'a\\nkey' (details: {log})\n"
        "  fix: try it again; if it comes back, report it with that file\n"
    )
    assert re.search(r"Traceback(.|\n)*KeyError", log.read_text())
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("print('x' * 100_000)\n    print('more')", 141, ""),
        # What stays in the buffer is written at the end only.
        ("print('x')\n    raise console.Problem('no')", 1, "error: no\n"),
    ],
)
def test_a_closed_pipe_is_met_with_silence(body, status, said):
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as closed:
        done = ran(body, stdout=closed)
    assert (done.returncode, done.stderr) == (status, said)


def test_where_no_file_can_be_written_the_line_says_so(tmp_path):
    none = Path(tmp_path, "none")
    body = f"import tempfile; tempfile.tempdir = {str(none)!r}; raise ValueError('odd')"
    done = ran(body)
    assert done.returncode == 1
    assert "error: this should not happen: ValueError: odd (the details cannot be written: No such file" in done.stderr
