"""Ask state and cluster, all at once, and keep what they say; what one of them does not say hides nothing else."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import programs
from ..clusters import road
from ..clusters.road import Road
from ..console import Problem
from ..stack import Stack, causes, cluster, config, diagnose, guard, state
from ..stack.cause import Cause
from ..stack.namespace import WORKLOADS, Named, Namespace
from ..toolchain import Toolchain
from . import backups, questions, seconds
from .asking import Answer, Clock, together
from .questions import LISTS, Question

#: How long a pod's log or a look-up in it may take, in seconds.
POD_SECONDS = 2.5


@dataclass
class Seen:
    """What was found out, not yet judged."""

    stack: str
    project: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    way: Road | None = None
    lost: Problem | None = None
    """Why there is no way to the cluster."""
    resources: list[dict[str, Any]] | None = None
    """What the state lists; None where it could not be read, and `lost_state` says why."""
    lost_state: Problem | None = None
    answers: dict[Question, Answer] = field(default_factory=dict)
    causes: list[Cause] = field(default_factory=list)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a failed Job said, by namespace and name."""
    sent: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """What the container said that sends a server's binary log, by the namespace and name of its pod."""
    running: str = ""
    """Who changes the stack right now, where its state is in files."""
    killed: bool = False
    """Whether a run was killed that left its lock, or began what it did not finish."""
    keys: set[str] = field(default_factory=set)
    """The keys of configuration that the project declares."""

    def answer(self, what: str, namespace: str = "", name: str = "") -> Any:
        """What a question came to; None without an answer."""
        found = self.answers.get(Question(what, namespace, name))
        return found.value if found else None

    def items(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """The objects of a kind in a namespace; none where they could not be read."""
        return self.answer(kind, namespace) or []

    def crons(self, namespace: str) -> list[dict[str, Any]]:
        """The stack's CronJobs that make backups, in a namespace."""
        own = {str(item.get("id")) for item in self.resources or [] if str(item["type"]).endswith("batch/v1:CronJob")}
        found = backups.crons(self.items("CronJob", namespace))
        return [item for item in found if f"{namespace}/{item['metadata']['name']}" in own]

    @property
    def providers(self) -> list[str]:
        """The versions of the Kubernetes provider that made the stack's objects, as far as its default names them."""
        used = (re.search(r"::default_(\d+)_(\d+)_(\d+)::", str(item.get("provider"))) for item in self.resources or [])
        return sorted({".".join(match.groups()) for match in used if match})

    def replicas(self, namespace: str) -> dict[Named, int]:
        """How many pods the program gives each workload of a namespace, by kind and name."""
        found: dict[Named, int] = {}
        for item in self.resources or []:
            home, _, name = str(item.get("id") or "").partition("/")
            group, _, kind = str(item["type"]).rpartition(":")
            if group.endswith("apps/v1") and kind in WORKLOADS and home == namespace and name:
                given = ((item.get("inputs") or {}).get("spec") or {}).get("replicas", 1)
                found[kind, name] = given if isinstance(given, int) else 1
        return found


def offline(stack: Stack, clock: Clock) -> Seen:
    """What Pulumi says: enough to tell whether there is anything to ask a cluster for."""
    seen = Seen(stack.name, str(config.read(config.project_file()).get("name", "")), keys=config.keys())
    try:
        if stack.files:
            state.refuse_damage(stack.files, stack.name)
        seen.resources = guard.resources(stack, seconds=clock.left())
    except Problem as problem:
        if "no stack named" in getattr(problem, "said", ""):
            seen.resources = []
        else:
            seen.lost_state = problem
    if stack.files:
        locks = stack.files.locks()
        # A lock of another machine may be a live one's.
        live = [lock for lock in locks if lock.elsewhere() or lock.alive()]
        seen.running = str(live[0]) if live else ""
        seen.killed = not live and bool(locks or stack.files.pending())
    seen.answers = together(questions.of_stack(stack, clock), clock) if seen.resources else {}
    return seen


def online(seen: Seen, stack: Stack, way: Road, clock: Clock) -> None:
    """Add what the cluster says."""
    seen.way = way
    seen.answers |= together(questions.of_cluster(stack, seen.resources or [], clock), clock)
    seen.causes = _causes(seen, stack, clock)


def _causes(seen: Seen, stack: Stack, clock: Clock) -> list[Cause]:
    """The causes, asking the pods as far as there is time; and what failed Jobs said."""
    found: list[Cause] = []
    asked, unasked = {}, {}
    for namespace in questions.namespaces(seen.resources or []):
        going = causes.going(seen.answer(questions.NAMESPACE, namespace) or {"metadata": {"name": namespace}})
        found += [going] if going else []
        unread = [kind for kind in LISTS if seen.answer(kind, namespace) is None]
        objects = Namespace(namespace, [item for kind in LISTS for item in seen.items(kind, namespace)], unread)
        replicas = seen.replicas(namespace)
        names = {name for _, name in replicas} | {job["metadata"]["name"] for job in objects.jobs()}
        unasked[namespace] = causes.find(objects, names, keys=seen.keys, replicas=replicas)
        if unasked[namespace]:
            pods = diagnose.questions(stack, namespace, POD_SECONDS)
            asked[Question("causes", namespace)] = lambda it=(objects, names, pods, replicas): causes.find(
                it[0], it[1], it[2], seen.keys, it[3]
            )
        for job in backups.failed(seen.crons(namespace), seen.items("Job", namespace)):
            asked[Question("log", namespace, job)] = questions.log(stack, clock, namespace, f"job/{job}")
        for pod, container in seconds.senders(seen.items("Pod", namespace)).items():
            asked[Question("sent", namespace, pod)] = questions.log(stack, clock, namespace, pod, container)
    answers = together(asked, clock)
    for question, answer in answers.items():
        if question.what == "log":
            seen.reasons[question.namespace, question.name] = answer.value or ""
        if question.what == "sent":
            seen.sent[question.namespace, question.name] = answer
    for namespace, known in unasked.items():
        answer = answers.get(Question("causes", namespace))
        # What the pods add is worth a wait, not the causes themselves.
        found += answer.value if answer and answer.value is not None else known
    return sorted(set(found))


@contextmanager
def reached(name: str, way: Road, tools: Toolchain) -> Iterator[Stack]:
    """The stack with the way to its cluster, in a file of its own: another run's is not touched.

    Raises:
        Problem: The cluster is not there.
    """
    if way.kind != road.CONTEXT:
        file = cluster.kubeconfig(name, way)
        if not file.exists():
            raise programs.Unreachable(f"the {way} does not exist", f"make up STACK={name}")
        yield Stack(name, tools, file)
        return
    descriptor, path = tempfile.mkstemp(prefix="kubeauth-", suffix=".kubeconfig")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(way.kubeconfig)
        yield Stack(name, tools, Path(path))
    finally:
        Path(path).unlink(missing_ok=True)
