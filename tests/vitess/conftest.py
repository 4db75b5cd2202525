"""What several files of this tier need."""

from collections.abc import Iterator

import pytest

from .checkout import Checkout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A copy for a file's tests; `make down` when they are done."""
    made = Checkout(tmp_path_factory.mktemp("checkout") / "kubeauth")
    try:
        yield made
    finally:
        made.make("down")
