"""The shell scripts as the kubelet hands them over."""

from pathlib import Path

import pytest

import components

SCRIPTS = sorted(Path(components.__file__).parent.glob("*/scripts/*.sh"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_nothing_in_a_script_means_something_to_the_kubelet(path):
    """It makes one `$` of two in a container's command, so that a shell's own number is no number there."""
    assert "$$" not in path.read_text(encoding="utf-8")
