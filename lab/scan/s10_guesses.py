"""S10: nothing that others may read tells whether a guessed password is the right one."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from cli.console import Problem

from . import Check, Result
from .canaries import Canary
from .live import Copy, Live, copy

CONFIG = {"namespaceName": "scan-guesses", "mysqlNodePort": 0, "mysqlBackupSchedule": "0 3 1 1 *"}
KEYS = ("mysqlPassword", "mysqlRootPassword")

Manifests = list[list[str]]


def readable(manifests: Mapping[str, str]) -> Manifests:
    """What of manifests is for all to read: of a Secret all but its data. Its name counts, too.

    Args:
        manifests: Their texts, by their file's name.
    """
    found: Manifests = []
    for _, text in sorted(manifests.items()):
        item = yaml.safe_load(text)
        hidden = ("data", "stringData") if item["kind"] == "Secret" else ()
        kept = {key: value for key, value in item.items() if key not in hidden}
        found.append(yaml.safe_dump(kept, width=10**6).splitlines())
    return found


def guessable(one: Manifests, again: Manifests, other: Manifests) -> list[str]:
    """The lines with which a password can be guessed: the same each time, and others with another password.

    Args:
        one: What is readable.
        again: The same with the same passwords, made anew.
        other: The same with other passwords.
    """
    if not [len(item) for item in one] == [len(item) for item in again] == [len(item) for item in other]:
        return ["the manifests are not the same ones"]
    lines = zip(*(([line for item in side for line in item]) for side in (one, again, other)), strict=True)
    return [first.strip() for first, second, third in lines if first == second != third]


def _rendered(made: Copy) -> Manifests:
    with tempfile.TemporaryDirectory() as out:
        done = made.run("render", "--out", out)
        if done.returncode:
            raise Problem(f"make render failed: {done.stdout.strip()[-1500:]}")
        return readable({path.name: path.read_text(encoding="utf-8") for path in Path(out).rglob("*.yaml")})


def _keep(made: Copy, passwords: Mapping[str, str]) -> None:
    for key, value in passwords.items():
        done = made.shell("pulumi", "config", "set", "--secret", key, text=value)
        if done.returncode:
            raise Problem(f"pulumi config set failed: {done.stdout.strip()}")


def run(live: Live) -> Result:
    """Render a stack twice with the same passwords and once with others; compare what is no Secret's data."""
    admin = live.node.kubeconfig.read_text(encoding="utf-8")
    with copy(admin, **CONFIG) as made:
        made.run("env")
        _keep(made, {key: Canary.make(key).value for key in KEYS})
        one, again = _rendered(made), _rendered(made)
        _keep(made, {key: Canary.make(key).value for key in KEYS})
        found = guessable(one, again, _rendered(made))
    lines = sum(map(len, one))
    return Result(f"{len(found)} of {lines} lines follow from a password", not found, found)


CHECK = Check("S10", "no name, label or setting tests a guessed password", "0 lines", run)
