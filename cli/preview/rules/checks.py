"""A rule about what checks changes: nobody takes it away in passing."""

from ..model import UPDATE, Change
from .base import Context, Found

#: The type of what checks changes, for `weakened`; it is in no program.
TYPE = "kubeauth:checks:File"


def weakened(stack: str, file: str, lost: list[tuple[str, str, str]]) -> list[Change]:
    """A change that the rule `weaker-checks` judges: a file that lets more pass.

    Args:
        stack: The stack's name.
        file: The file.
        lost: What lets more pass: the key, the old value and the new one.
    """
    if not lost:
        return []
    before, after = ({key: values[side] for key, *values in lost} for side in (0, 1))
    return [Change(UPDATE, f"urn:pulumi:{stack}::checks::{TYPE}::{file}", before=before, after=after)]


def weaker(change: Change, _: Context) -> Found:
    """A file of rules lets more pass than the base's."""
    if change.types[-1] == TYPE:
        before, after = change.before or {}, change.after or {}
        lost = "; ".join(f"{key}: {old} → {after[key]}" for key, old in before.items())
        yield lost, "changes after this one are judged by it and are no longer stopped; this one still is"
