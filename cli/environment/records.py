"""Which stacks are environments: a tag beside each one's state says so, for whoever shares the state."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import machine, paths, programs
from ..console import Problem
from ..stack import ANSWER_SECONDS, Stack, backends
from ..toolchain import Toolchain
from .settings import PREFIX

TAG = "kubeauth:environment"


@dataclass(frozen=True)
class Record:
    """What is remembered of an environment. Times are in UTC, as ISO 8601."""

    name: str
    base: str
    """The stack whose settings it has."""
    namespace: str
    commit: str
    """What was deployed last."""
    created: str
    expires: str
    data: str = ""
    """What was loaded into its database; empty for nothing."""

    def age(self, now: datetime) -> timedelta:
        """How long ago it was made."""
        return now - datetime.fromisoformat(self.created)

    def left(self, now: datetime) -> timedelta:
        """How long it still lives; negative where its time is over."""
        return datetime.fromisoformat(self.expires) - now


@dataclass(frozen=True)
class Known:
    """A stack that an environment has, or may have left."""

    stack: str
    resources: int
    record: Record | None
    """None: its first run was killed before it said what it makes, or somebody else made the stack."""

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.stack.removeprefix(PREFIX)


def now() -> datetime:
    """This second."""
    return datetime.now(UTC).replace(microsecond=0)


def parse(text: str) -> Record | None:
    """A record from its tag; None where it is none."""
    try:
        return Record(**json.loads(text))
    except (ValueError, TypeError):
        return None


def keep(stack: Stack, record: Record) -> None:
    """Write a record beside the stack's state."""
    tag = ("pulumi", "stack", "tag", "set", TAG, json.dumps(asdict(record)))
    stack.ask(*tag, purpose=f"mark stack {stack.name} as an environment")


def every(tools: Toolchain | None = None) -> list[Known]:
    """Every environment of this project whose state is where a new one's would be, by name.

    Raises:
        Problem: The state's backend cannot be read.
    """
    return sorted(_every(tools or machine.this().toolchain()), key=lambda one: one.name)


def find(stack: str, tools: Toolchain) -> Known | None:
    """The environment of this stack; None where there is no such stack."""
    return next((known for known in _every(tools, stack) if known.stack == stack), None)


def refuse_others(known: Known | None) -> None:
    """Refuse a stack of an environment's name that `environment up` did not make.

    Raises:
        Problem: Names the stack.
    """
    if known and known.record is None and known.resources:
        raise Problem(
            f"stack {known.stack} has {known.resources} resources and was not made by environment up. "
            "Nothing was changed.",
            "use another --name; or, if they may go: kubeauth destroy --stack " + known.stack,
        )


def _every(tools: Toolchain, only: str = "") -> Iterator[Known]:
    backend = backends.of(only, tools.pulumi_home)
    if backend == f"file://{paths.LOCAL / 'state'}" and not (paths.LOCAL / "state").exists():
        return
    env = {**os.environ, **tools.environment(), "PULUMI_BACKEND_URL": backend, "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def ask(*command: str) -> Any:
        what = "list the project's stacks"
        done = programs.run(("pulumi", *command), seconds=ANSWER_SECONDS, purpose=what, env=env, cwd=paths.CHECKOUT)
        return json.loads(done.stdout)

    for listed in ask("stack", "ls", "--json"):
        # Pulumi Cloud puts the organization before the name.
        stack = str(listed["name"]).rpartition("/")[2]
        if stack.startswith(PREFIX) and only in ("", stack):
            tags = ask("stack", "tag", "ls", "--json", "--stack", str(listed["name"])) or {}
            yield Known(stack, int(listed.get("resourceCount") or 0), parse(tags.get(TAG, "")))
