"""The bench from end to end, once and with one database; how fast anything is, no test says."""

import re

import pytest

from lab.node import owned

from .conftest import make

pytestmark = pytest.mark.cluster

SIDES = ["components", "inline", "untyped", "yaml", "empty", "kubectl", "helm"]


def test_all_sides_end_with_the_same_objects(clone):
    """The bench itself compares them, after the first `up` and after the change, and fails where they differ."""
    asked = {"ONLY": "sides", "SIZES": "1", "COUNT": "1", "ARGS": "--no-record"}
    done = make(clone, owned.name("test", "bench"), "bench", *(f"{key}={value}" for key, value in asked.items()))
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    assert (
        re.findall(r"^ +1 (\w+) +first up .* second up .* preview .* one value .* destroy ", said, re.MULTILINE)
        == SIDES
    )
    assert re.search(r"^P3 first up / kubectl apply and wait: [\d.]+ ×, goal ≤ 1.1 ×", said, re.MULTILINE)
