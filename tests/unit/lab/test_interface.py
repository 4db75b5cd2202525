"""The interface changes only on purpose: recorded, documented, and with a line in CHANGELOG.md."""

import json
import subprocess
import sys

import pytest

from cli import paths
from cli.console import Problem
from lab import interface

CHANGELOG = "# Changes\n\n## Unreleased\n\n### Added\n- one\n\n## 0.1.0\n- first\n"


def test_schema_documentation_and_record_are_current():
    # In a process of its own: Python 3.11 may fail to parse sources, docstrings among them, after a RecursionError.
    command = [sys.executable, "-m", "lab.interface", "--check"]
    done = subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_input_and_output_has_a_description_that_fits_one_line():
    schema = json.loads(interface.SCHEMA.read_text())
    for token, entry in {**schema["resources"], **schema["types"]}.items():
        assert entry["description"], token
        assert "\n" not in entry["description"], f"{token}: Pythons differ in how they indent a second line"
        for name, declared in {**entry.get("inputProperties", {}), **entry.get("properties", {})}.items():
            description = declared.get("description", "")
            assert description, f"{token}.{name}"
            assert "\n" not in description, f"{token}.{name}: a second line would start with the source's indentation"


def test_a_change_without_a_changelog_entry_is_refused():
    recorded = interface.record({}, "one", CHANGELOG)
    assert interface.record(recorded, "one", CHANGELOG) == recorded
    with pytest.raises(Problem, match=r"CHANGELOG\.md has no new entry"):
        interface.record(recorded, "other", CHANGELOG)
    # An entry of an older version does not count.
    with pytest.raises(Problem):
        interface.record(recorded, "other", CHANGELOG + "- more about 0.1.0\n")
    assert interface.record(recorded, "other", CHANGELOG.replace("- one", "- one\n- two"))["interface"] == "other"
