"""What the scan lets pass, each with its reason. Nothing else in the scan skips a finding."""

from typing import NamedTuple


class Excepted(NamedTuple):
    """One exception."""

    check: str
    what: str
    reason: str
    findings: tuple[str, ...] = ()
    """S3: the findings it covers, as `<scanner> <rule>` or `<scanner> <rule> <object>`."""


EXCEPTIONS: list[Excepted] = []
