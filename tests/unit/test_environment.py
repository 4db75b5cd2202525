"""Nothing of the machine decides whether a test passes: only what is written down gets through."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli import paths
from tests import environment

ROOT = paths.CHECKOUT
#: Each of these has hidden, or would hide, a fault on machines that do not have it.
FOREIGN = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONPATH": "/elsewhere",
    "KUBECONFIG": "/elsewhere",
    "PULUMI_ACCESS_TOKEN": "x",
    "PULUMI_BACKEND_URL": "file:///elsewhere",
    "MAKEFLAGS": "k",
    "STACK": "prod",
    "NODE": "mine",
}
WANTED = {"LC_ALL": "C", "https_proxy": "http://proxy.example", "PIP_INDEX_URL": "https://x.example", "KUBEAUTH_X": "1"}


def seen_by(*command: str, path: str = os.environ["PATH"]) -> dict[str, str]:
    given = {**FOREIGN, **WANTED, "HOME": os.environ["HOME"], "PATH": path}
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=True)
    lines = (line.partition("=") for line in done.stdout.splitlines() if "=" in line)
    return {name: value for name, _, value in lines}


def test_the_tests_see_nothing_but_what_may_pass():
    """Also when pytest is started by hand, in a shell that has all kinds of variables."""
    show = "import os, tests.conftest; print(*(f'{name}={value}' for name, value in os.environ.items()), sep='\\n')"
    seen = seen_by(sys.executable, "-c", show)
    assert not FOREIGN.keys() & seen.keys()
    assert seen.items() >= WANTED.items()


def test_ci_runs_make_test_with_nothing_but_what_may_pass(tmp_path):
    stand_in = tmp_path / "make"
    stand_in.write_text('#!/bin/sh\necho "arguments=$*"\nexec /usr/bin/env\n')
    stand_in.chmod(0o755)
    seen = seen_by(".ci/run", path=f"{tmp_path}:{os.environ['PATH']}")
    assert seen["arguments"] == "test"
    assert not FOREIGN.keys() & seen.keys()
    assert seen.items() >= {**WANTED, "CI": "true"}.items()


@pytest.mark.parametrize("name", ["MY_PATH", "PATHS", "XHOME", "PYTHONUNBUFFERED", "path"])
def test_a_name_that_is_only_alike_does_not_pass(name):
    assert environment.passing({name: "x"}) == {}


def test_the_document_lists_the_same_variables():
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", Path(ROOT / "docs/reference/environment.md").read_text(), re.MULTILINE)
    written = {name: reason for names, reason in rows for name in names.split("`, `")}
    assert written == environment.PASSING


def test_a_test_that_hangs_is_ended_by_the_limit_of_its_tier(request):
    assert request.node.get_closest_marker("timeout").args == (60,)


@pytest.mark.parametrize("value", ["it's", "a b", "$(false)", '"', "x;false", "ä,ö"])
def test_make_hands_on_a_value_as_one_word(value):
    """What make prints is what a shell reads."""
    shown = subprocess.run(
        ["make", "-n", "render", f"STACK={value.replace('$', '$$')}", "OUT=a b"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    command = shlex.split(shown.stdout.splitlines()[-1])
    assert command[-4:] == ["--stack", value, "--out", "a b"]


def test_make_quotes_every_variable_of_its_users():
    """`option` and `quoted` do; ARGS alone is a list of words, and VENV, PY and the like are the Makefile's own."""
    text = (ROOT / "Makefile").read_text()
    bare = re.findall(r"\$\((STACK|NODE|BASE|OUT|AMONG|NAMESPACE|BACKUP|ONLY|COUNT|SIZES|PYTHON|ALLOW)\)", text)
    # Where PYTHON_GIVEN is made of it.
    assert bare == ["PYTHON"]
