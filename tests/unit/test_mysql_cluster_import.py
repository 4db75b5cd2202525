"""Whether there is anything to take along: who answers at the database's name decides, and nobody's silence does."""

import os
import subprocess
from pathlib import Path

import pytest

from components.mysql_cluster import scripts

AWAY = "ERROR 2003 (HY000): Can't connect to MySQL server on 'db:3306' (111)"
GATEWAY = "ERROR 2059 (HY000): Authentication plugin 'mysql_native_password' cannot be loaded"
REFUSED = "ERROR 1045 (28000): Access denied for user 'admin'@'10.0.0.1' (using password: YES)"


def run(folder: Path, began: str, said: str, wait: int = 0) -> subprocess.CompletedProcess[str]:
    """The script with a `mysql` that fails with these words, and a topology that must not be asked."""
    for name, lines in (("mysql", f'cat >/dev/null; echo "{said}" >&2; exit 1'), ("vtctldclient", "touch asked")):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
    for key, text in (("username", "admin"), ("password", "app-pw"), ("previous-password", "old-pw")):
        (folder / key).write_text(text)
    values = {
        "BEGAN": began, "HOST": "db", "FRONT": 3306, "PORT": 3306, "KEYSPACE": "admin", "WAIT": wait, "BASE": 100,
        "RUN": folder, "SECRETS": folder, "TOPOLOGY": "", "DOMAIN": "d", "SET": "s", "CELL": "zone1",
        "SHARD": "0", "SHARDS": 1,
    }  # fmt: skip
    words = [*(f"{key}={value}" for key, value in values.items()), "--"]
    done = subprocess.run(
        ["/bin/sh", "-c", scripts.text("values", "errant", "import"), "import", *words],
        cwd=folder, env={**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert not (folder / "asked").exists(), "nothing is changed before it is known what there is"
    return done


def test_a_new_database_has_nothing_to_take_along(tmp_path):
    done = run(tmp_path, "several", AWAY)
    assert (done.returncode, done.stdout) == (0, "the database is new: there is nothing to take along\n")


def test_a_server_that_is_away_is_never_taken_for_none(tmp_path):
    done = run(tmp_path, "one", AWAY)
    assert done.returncode == 1
    assert done.stderr == f"error: waited 0 s for the server with the data, at db: {AWAY}\n"


@pytest.mark.parametrize("began", ["one", "several"])
def test_gateways_that_serve_already_end_it(tmp_path, began):
    done = run(tmp_path, began, GATEWAY)
    assert (done.returncode, done.stdout[:12]) == (0, "the gateways")


@pytest.mark.parametrize("began", ["one", "several"])
def test_a_server_that_does_not_let_the_account_in_is_not_tried_again(tmp_path, began):
    done = run(tmp_path, began, REFUSED)
    assert done.returncode == 3
    assert "does not let the account in" in done.stderr
    assert "nothing was changed" in done.stderr
