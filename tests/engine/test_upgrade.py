"""A stack that a released version made goes on with this one: nothing but its Secrets is replaced or deleted.

`KUBEAUTH_RECORD=0.2.0 make test-engine ARGS='-k upgrade'` records the state of the version that is to be released.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli.stack import config

pytestmark = pytest.mark.engine

RELEASES = Path(__file__).parent / "releases"
PASSWORDS = {"mysqlPassword": "recorded-app", "mysqlRootPassword": "recorded-root"}
OUT = "@the folder of manifests@"


def prepared(dev: Any, variables: dict[str, str]) -> None:
    for key, value in PASSWORDS.items():
        assert dev.run("pulumi", "config", "set", "--secret", key, text=value, variables=variables).returncode == 0


def record(dev: Any, out: Path, file: Path) -> None:
    with dev.offline(out) as variables:
        prepared(dev, variables)
        assert dev.run("pulumi", "up", "--yes", "--skip-preview", variables=variables).returncode == 0
        state = dev.run("pulumi", "stack", "export", "--show-secrets", variables=variables).stdout
    content = json.loads(state.replace(str(out), OUT))
    # What belongs to the machine and to the stack that is gone; the passwords above are no secrets.
    del content["deployment"]["secrets_providers"]
    for resource in content["deployment"]["resources"]:
        for key in ("sourcePosition", "stackTrace", "created", "modified"):
            resource.pop(key, None)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n")


def steps(dev: Any, release: Path, out: Path) -> list[dict[str, Any]]:
    """What `up` would do to the stack of a release."""
    state = out.parent / "state.json"
    content = json.loads(release.read_text().replace(OUT, str(out)))
    with dev.offline(out) as variables:
        salt = config.read(Path(variables["PULUMI_OPTION_CONFIG_FILE"]))["encryptionsalt"]
        content["deployment"]["secrets_providers"] = {"type": "passphrase", "state": {"salt": salt}}
        state.write_text(json.dumps(content))
        prepared(dev, variables)
        imported = dev.run("pulumi", "stack", "import", "--file", str(state), variables=variables)
        assert imported.returncode == 0, imported.stderr
        shown = dev.run("pulumi", "preview", "--json", "--non-interactive", variables=variables)
        assert shown.returncode == 0, shown.stdout + shown.stderr
    return json.loads(shown.stdout)["steps"]


@pytest.mark.parametrize("release", sorted(RELEASES.glob("*.json")), ids=lambda path: path.stem)
def test_an_upgrade_from_a_release_replaces_and_deletes_nothing_but_secrets(stack, tmp_path, release):
    found = steps(stack("dev"), release, tmp_path / "out")
    known = {resource["urn"] for resource in json.loads(release.read_text())["deployment"]["resources"]}
    assert len(known) >= 16
    # What the release made is there (not created again), and stays.
    bad = [
        (step["op"], step["urn"])
        for step in found
        if not _is_a_secret(step)
        and (step["op"] not in ("same", "update", "create") or (step["op"] == "create" and step["urn"] in known))
    ]
    assert not bad, "give the child an alias, or say in CHANGELOG.md why data or addresses may go"
    # Their names no longer follow from the passwords.
    [secret] = [step for step in found if _is_a_secret(step) and step["urn"].endswith("-credentials")]
    old, new = (secret[state]["inputs"]["metadata"]["name"] for state in ("oldState", "newState"))
    assert (secret["op"], old != new) == ("replace", True)


def _is_a_secret(step: dict[str, Any]) -> bool:
    return "kubernetes:core/v1:Secret::" in step["urn"]


@pytest.mark.parametrize("release", sorted(RELEASES.glob("*.json")), ids=lambda path: path.stem)
def test_a_renamed_child_would_be_noticed(stack, checkout, tmp_path, release):
    source = checkout / "components/auth/component.py"
    changed = source.read_text().replace('children.logical("account")', 'children.logical("identity")')
    assert changed != source.read_text()
    source.write_text(changed)
    found = steps(stack("dev"), release, tmp_path / "out")
    assert [step["urn"].rpartition("::")[2] for step in found if step["op"] == "delete"] == ["authenticate-account"]


def test_every_release_of_the_changelog_is_recorded_to_upgrade_from(stack, tmp_path):
    if version := os.environ.get("KUBEAUTH_RECORD"):
        record(stack("dev"), tmp_path / "out", RELEASES / f"{version}.json")
    lines = (Path(__file__).parents[2] / "CHANGELOG.md").read_text().splitlines()
    released = {line.split()[1] for line in lines if line.startswith("## ") and line != "## Unreleased"}
    assert released == {path.stem for path in RELEASES.glob("*.json")}
    assert released, "there is no release to upgrade from"
