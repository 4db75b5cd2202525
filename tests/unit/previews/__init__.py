"""What the engine said about the commits of the series, recorded; record.py renews it."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def file_of(case: str) -> Path:
    """The recording of a case."""
    return HERE / f"{re.sub('[^a-z]+', '-', case.lower()).strip('-')}.jsonl"
