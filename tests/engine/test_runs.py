"""The Pulumi command of `make up` with the real engine: what is shown without a terminal, which words matter."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.console import Problem
from cli.stack import Stack, change, policy
from cli.stack.events import EventLog
from tests.engine.test_strangers import copy_to
from tests.unit.test_terminal import opened

pytestmark = pytest.mark.engine

#: `make up` of prod on a folder instead of a cluster, in a checkout of its own.
UP = """
import os
from pathlib import Path
from cli import console
from lab import toolchain
from cli.stack import Stack, change, policy
def main():
    made = Stack('prod', toolchain.ensure('engine'), None)
    made.prepare()
    with made.offline(Path('out')) as variables:
        exports = {**made.exports(), **variables}
        made.exports = lambda: exports
        Path('began').touch()
        change._run(made, os.open(os.devnull, os.O_RDONLY), ['up', '--yes', '--skip-preview', *policy.options('prod')])
console.run(main)
"""


@pytest.fixture
def offline(stack: Callable[[str], Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """prod, which protects its data, on a folder instead of a cluster."""
    made = stack("prod")
    with made.offline(tmp_path / "out") as variables:
        exporting(made, variables, monkeypatch)
        yield made


@pytest.fixture
def there(deployed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The same, once it was deployed."""
    with deployed("prod") as (made, variables, _):
        exporting(made, variables, monkeypatch)
        yield made


def exporting(made: Stack, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    exports = {**made.exports(), **variables}
    monkeypatch.setattr(made, "exports", lambda: exports)


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    yield descriptor
    os.close(descriptor)


def up(made: Stack, lock: int) -> EventLog | None:
    return change._run(made, lock, ["up", "--yes", "--skip-preview", *policy.options(made.name)])


def test_up_prints_a_line_for_each_object_and_pulumis_end(offline, lock, capfd):
    assert up(offline, lock) is None
    said = capfd.readouterr().out
    head, _, end = said.partition("Policies:\n")
    lines = head.splitlines()
    assert all(re.fullmatch(r"created: [A-Z]\w+ [\w.-]+ \(\d+ s\)", line) for line in lines), said
    assert len([line for line in lines if "Deployment authenticate-deployment" in line]) == 1
    assert len(set(lines)) == len(lines) >= 12
    assert re.search(r"databaseHost *: \"mysqlauth-service\.", end)
    assert re.search(r"Resources:\n +\+ \d+ created", end)


def test_an_image_that_does_not_open_the_data_is_refused_after_the_preview(there, lock, capfd, monkeypatch):
    older = f"mysql:8.4.6@sha256:{'1' * 64}"
    there.ask("pulumi", "config", "set", "--plaintext", "mysqlImage", older, purpose="go back")
    with pytest.raises(
        Problem, match=r"Deployment mysqlauth-deployment, image: mysql:9\.7.* → mysql:8\.4.*: MySQL 8\.4 does"
    ):
        change._run(there, lock, ["preview", *policy.options(there.name)])
    monkeypatch.setenv("ALLOW", "prod/mysqlauth-deployment")
    assert change._run(there, lock, ["preview", *policy.options(there.name)]) is None


def test_what_is_protected_is_known_by_the_engines_event(there, lock, capfd, monkeypatch):
    monkeypatch.setattr(change.guard, "protected", lambda _: ["the volume"])
    with pytest.raises(Problem, match="keeps its data: the volume"):
        change.destroy(there, lock, refresh=False)


def test_the_engines_words_for_an_interrupt_are_known(offline, lock, capfd, monkeypatch):
    seen = []

    def poll(log: EventLog) -> None:
        read(log)
        if log.phase == "runs the program" and not seen:
            seen.append(log)
            os.kill(os.getpid(), signal.SIGINT)

    read = EventLog.poll
    monkeypatch.setattr(EventLog, "poll", poll)
    with pytest.raises(SystemExit) as ended:
        up(offline, lock)
    assert ended.value.code == 130
    assert seen[0].interrupted
    assert "interrupted; make up STACK=prod goes on from here" in capfd.readouterr().err


def test_ctrl_z_and_ctrl_c_while_pulumi_draws_on_a_terminal(engine, tmp_path):
    """The real one reads single keys then, of which Ctrl-Z would be none and Ctrl-C none of ours."""
    with opened(copy_to(tmp_path, packages=True), UP) as shell:
        shell.start()
        shell.wait_for(r"Updating \(|Loading policy", 60)
        time.sleep(1)
        shell.type("\x1a")
        shell.wait_for("Stopped", 10)
        assert shell.is_as_it_was()
        shell.type("fg\n")
        shell.wait_for("make up")
        time.sleep(0.5)
        shell.type("\x03")
        shell.wait_for("interrupted; make up STACK=prod goes on from here", 60)
        assert shell.status() == "130"
        assert shell.is_as_it_was()
        shell.gone()
