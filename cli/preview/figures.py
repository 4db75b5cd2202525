"""What this repository measured of its own components; a test compares it with docs/reference/reliability.json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    words: str
    """What was measured, for a reader."""
    source: str
    """The measurement's name in docs/reference/reliability.md."""
    date: str

    def __str__(self) -> str:
        """Return it with where it comes from."""
        return f"{self.words} (measured {self.date}, {self.source} in docs/reference/reliability.md)"


#: A database's pod that is deleted and made again, with an image that the node has; a restart does the same.
DATABASE_POD = Figure(
    words="up to 6.9 s in 95 of 100 cases where its pod was deleted, 0 acknowledged writes lost",
    source="F6",
    date="2026-11-25",
)
#: A rollout of the auth service: also a broken one leaves the old pods in place.
AUTH_ROLLOUT = Figure("0 s: its old pods serve until new ones are ready", "F14", "2026-11-25")
