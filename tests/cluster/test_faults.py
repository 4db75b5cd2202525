"""Short versions of the fault bench: `make faults` runs the long ones. The seed is fixed, so is what is broken."""

from collections.abc import Iterator
from random import Random

import pytest

from lab.faults import bench, registry
from lab.node import owned

from .conftest import AS_DEPLOYER

pytestmark = pytest.mark.cluster

#: How often each, so that all of it takes about a quarter of an hour. F11 is test_drift.py; F17 is
#: tests/sql/test_backup.py, which kills a restore at each of its calls.
SHORT = {"F1": 3, "F2": 2, "F3": 1, "F4": 1, "F5": 2, "F6": 4, "F7": 2, "F8": 1, "F9": 1, "F10": 1}
SHORT |= {"F12": 6, "F13": 1, "F14": 1, "F15": 2, "F16": 2}


@pytest.fixture(scope="module")
def broken() -> Iterator[bench.Bench]:
    """A system of its own, because what is broken here must not trouble other tests."""
    with bench.system(owned.name("broken"), deployer=AS_DEPLOYER) as system:
        yield system


@pytest.mark.parametrize("name", SHORT)
def test_the_system_survives(broken, name):
    fault = registry()[name]
    result = fault.run(broken, SHORT[name], Random(f"20261124 {name}"))
    assert result.count >= SHORT[name]
    assert result.survived == result.count, "\n".join([fault.goal, *result.failures])
