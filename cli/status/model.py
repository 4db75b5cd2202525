"""The status of a stack, and its form for programs: docs/reference/status.md has every key."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

WELL, WRONG, NOTHING, UNKNOWN = "well", "wrong", "nothing", "unknown"
#: Exit statuses, by verdict.
STATUS = {WELL: 0, WRONG: 1, NOTHING: 1, UNKNOWN: 3}
#: The version of the JSON: it changes when a key goes or means something else; keys may be added.
SCHEMA = 1


@dataclass(frozen=True)
class Cluster:
    """Where the stack is."""

    way: str
    """As people know it: `context kind-a, https://127.0.0.1:40001`."""
    kind: str
    context: str
    server: str
    version: str = ""


@dataclass(frozen=True)
class Pod:
    """One pod of a workload's."""

    name: str
    node: str
    ready: bool
    since: datetime | None
    """Since when it is ready, or not."""
    restarts: int
    ended: str = ""
    """Why its container ended the last time: `OOMKilled`, `exit code 1`."""
    newest: bool = True
    """Whether it is of the workload's newest version; older ones serve until new ones are ready."""


@dataclass(frozen=True)
class Workload:
    """One workload of the stack's."""

    namespace: str
    kind: str
    """`Deployment` or `StatefulSet`."""
    name: str
    exists: bool
    ready: bool
    wanted: int
    available: int
    images: tuple[str, ...] = ()
    pods: tuple[Pod, ...] | None = ()
    """None where pods could not be read."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, what says so, and what to do."""

    what: str
    seen: str
    fix: str


@dataclass(frozen=True)
class Change:
    """The last change of the stack."""

    kind: str
    result: str
    at: datetime | None
    by: str
    """Whose run it was, where the state is in files: the owner of its history."""
    commit: str
    author: str
    """Whose the commit is."""
    changes: dict[str, int]


@dataclass(frozen=True)
class Backup:
    """The backups that one CronJob makes."""

    namespace: str
    name: str
    schedule: str
    suspended: bool
    succeeded: datetime | None
    failed: datetime | None
    reason: str


@dataclass(frozen=True)
class Restorable:
    """Up to which second the bucket has the binary log of a server."""

    namespace: str
    pod: str
    """The server's pod."""
    until: datetime | None
    """None where its pod did not say it yet, or `problem` says why nobody can tell."""
    problem: str = ""


@dataclass(frozen=True)
class Certificate:
    """A certificate in a Secret; `problem` says why its end is not known."""

    namespace: str
    secret: str
    expires: datetime | None
    problem: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume claim: what it asked for, and what it has."""

    namespace: str
    name: str
    asked: str
    has: str
    storage_class: str
    phase: str


@dataclass(frozen=True)
class Unknown:
    """What could not be found out."""

    what: str
    why: str
    fix: str = ""
    essential: bool = False
    """Whether nobody can tell without it that all is well."""


@dataclass
class Status:
    """All of it."""

    stack: str
    project: str
    at: datetime
    deployed: bool | None = None
    """Whether the state lists anything; None where it could not be read."""
    cluster: Cluster | None = None
    workloads: list[Workload] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """The most basic first."""
    running: str = ""
    """Who changes the stack right now."""
    change: Change | None = None
    backups: list[Backup] | None = field(default_factory=list)
    """None where nobody can tell."""
    any_second: bool | None = None
    """Whether binary logs go to a bucket, so that any second can be restored; None where nobody can tell."""
    restorable: list[Restorable] = field(default_factory=list)
    """Up to which second, for each server whose log goes there."""
    certificates: list[Certificate] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
    versions: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(("kubeauth", "pulumi", "provider", "kubernetes"), "")
    )
    unknown: list[Unknown] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    """What to type."""

    @property
    def verdict(self) -> str:
        """One of the keys of STATUS."""
        if self.problems:
            return WRONG
        if self.deployed is False:
            return NOTHING
        return UNKNOWN if any(part.essential for part in self.unknown) else WELL

    def as_data(self) -> dict[str, Any]:
        """The status for programs; times are in UTC, as `2026-11-27T03:00:00Z`."""
        given = {"schema": SCHEMA, "verdict": self.verdict, "exit": STATUS[self.verdict], **asdict(self)}
        return _plain(given)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
