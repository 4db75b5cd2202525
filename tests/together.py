"""Which tests stay on one worker: those of a file, and those of files that share what takes long to make."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class Together(LoadScopeScheduling):
    """Gives what belongs together to one worker as a whole, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Any, group: Callable[[str], str]) -> None:
        """Take the group of each file, by its name."""
        super().__init__(config, log)
        self._group = group

    def _split_scope(self, nodeid: str) -> str:
        return self._group(Path(nodeid.partition("::")[0]).name)
