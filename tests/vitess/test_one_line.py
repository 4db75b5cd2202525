"""One line of a stack makes its database several servers, by the same two commands."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import copies, environment

#: `make up` on a busy machine, with the images built before.
SECONDS = 900


class Checkout:
    """A stranger's copy of the project."""

    def __init__(self, folder: Path) -> None:
        """Copy it."""
        self.folder = copies.make(folder, commit=True)

    def write(self, **values: object) -> None:
        """Change lines of stack dev's file."""
        file = self.folder / "Pulumi.dev.yaml"
        content = yaml.safe_load(file.read_text())
        content["config"] |= {f"kubeauth:{key}": value for key, value in values.items()}
        file.write_text(yaml.safe_dump(content))

    def make(self, target: str, *, ok: bool = True, **variables: str) -> str:
        """Run a target of the Makefile, and return all that it printed."""
        done = subprocess.run(
            ["make", "-s", target],
            cwd=self.folder,
            env={**environment.passing(os.environ), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    made = Checkout(tmp_path_factory.mktemp("one-line") / "kubeauth")
    try:
        yield made
    finally:
        made.make("down")


def test_one_line_makes_one_server_several_and_the_service_logs_in_as_before(checkout):
    checkout.write(mysqlReplicas=3)
    said = checkout.make("up")
    assert "DB_HOST=mysqlauth-service.production-cloud.svc.cluster.local:3306" in said
    assert "✓ prove it: register and log in" in said
    status = checkout.make("status")
    assert "all is well" in status
    for line in ("StatefulSet production-cloud/mysqlauth-tablet  ready, 3/3 pods", "mysqlauth-etcd  ready, 3/3 pods"):
        assert line in status
    assert "unchanged" in checkout.make("preview")


def test_the_way_back_to_one_server_is_refused_before_anything_changes(checkout):
    checkout.write(mysqlReplicas=1)
    said = checkout.make("up", ok=False)
    assert "MySqlDatabase mysqlauth, several servers → one server: the new one begins with an empty schema" in said
    assert "Nothing was changed" in said
    assert "ALLOW=dev/" in said
    checkout.write(mysqlReplicas=3)
    assert "nothing to repair" in checkout.make("repair")


def test_backups_of_several_servers_are_refused_by_the_name_of_their_key(checkout):
    checkout.write(mysqlBackupSchedule="0 3 * * *")
    said = checkout.make("up", ok=False)
    assert "mysqlBackup" in said
    assert "not for MySqlCluster yet" in said
    checkout.write(mysqlBackupSchedule="")
