"""What a report needs beyond what `kubeauth status` asks: traffic, history and drift."""

import getpass
import re
import socket
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..console import Problem
from ..preview import difftext, drift
from ..preview.model import CREATE, DELETE, SAME, UPDATE, Preview, masked
from ..stack import Stack
from ..status import judge, questions
from ..status.asking import Clock, together
from ..status.backups import moment
from ..status.gather import Seen
from ..status.keeping import first_line
from ..status.model import Status
from ..status.questions import Question
from . import history

Object = dict[str, Any]
#: What is asked besides the lists of `kubeauth status`.
MORE = {
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
}
#: How long Pulumi may take to read its history, in seconds.
HISTORY_SECONDS = 20
#: Programs that write to objects without anybody's hand.
_OWN = re.compile(r"pulumi-|kube-|kubelet|k3s|.*-(controller|provisioner)")
_DRIFT = {CREATE: "is not the stack's", UPDATE: "was changed", DELETE: "is gone"}


@dataclass(frozen=True)
class Drift:
    """Whether the cluster has what Pulumi last saw there."""

    verdict: str
    """`no`, `yes` or `unknown`."""
    why: str = ""
    """Why it is not known."""
    changes: tuple[str, ...] = ()
    """Each object that differs, and in what way."""
    lines: tuple[str, ...] = ()
    """The fields, as lines of a diff."""
    remedies: tuple[str, ...] = ()
    """The commands that put it right."""


@dataclass(frozen=True)
class Hand:
    """A program that wrote to an object, as the API server recorded it."""

    what: str
    program: str
    """As it calls itself: `kubectl-edit`."""
    at: datetime


@dataclass
class Facts:
    """All that a report says."""

    status: Status
    seen: Seen
    drift: Drift
    past: history.History
    by: str
    live: bool
    """Whether the objects are the cluster's; else they are what the state says of them."""
    hands: list[Hand] = field(default_factory=list)
    """What other programs than Pulumi last wrote to what differs, newest first."""
    objects: dict[str, list[Object]] = field(default_factory=dict)
    """The objects of all the stack's namespaces, by kind."""
    unread: list[str] = field(default_factory=list)
    """What could not be read of them."""

    def of(self, kind: str) -> list[Object]:
        """The objects of a kind."""
        return self.objects.get(kind, [])


def facts(stack: Stack, seen: Seen, *, with_drift: bool) -> Facts:
    """Ask what is not asked yet."""
    asked = {}
    reached = bool(seen.way and not seen.lost)
    if reached:
        clock = Clock()
        for namespace in questions.namespaces(seen.resources or []):
            asked |= questions.lists(stack, clock, namespace, MORE)
        seen.answers |= (answers := together(asked, clock))
        asked = {question: answer.problem for question, answer in answers.items() if answer.problem}
    # As one of the status' own questions, what could not be read would make all of it uncertain.
    status = judge.status(replace(seen, answers=_without(seen)))
    lost = not reached or any(part.what == "the cluster" for part in status.unknown)
    made = Facts(
        status,
        seen,
        _drift(stack, status, lost=lost, wanted=with_drift),
        history.read(stack, HISTORY_SECONDS),
        author(),
        not lost,
    )
    made.objects = of_state(seen.resources or []) if lost else of_cluster(seen)
    made.hands = [] if lost else hands(made.objects, made.drift)
    # Where nothing answers, the status says why.
    made.unread = [] if lost else [f"{question}: {first_line(problem)}" for question, problem in asked.items()]
    return made


def _without(seen: Seen) -> dict[Question, Any]:
    return {question: answer for question, answer in seen.answers.items() if question.what not in MORE}


def of_cluster(seen: Seen) -> dict[str, list[Object]]:
    """The objects that the cluster listed, by kind; what only a report asks is there when it was read whole."""
    found: dict[str, list[Object]] = {}
    for question, answer in seen.answers.items():
        if question.what in {*questions.LISTS, *MORE}:
            found.setdefault(question.what, []).extend(answer.value or [])
    unread = {question.what for question, answer in seen.answers.items() if question.what in MORE and answer.problem}
    spaces = (answer.value for question, answer in seen.answers.items() if question.what == questions.NAMESPACE)
    known = {kind: items for kind, items in found.items() if kind not in unread}
    return {**known, "Namespace": [item for item in spaces if item]}


def of_state(resources: list[Object]) -> dict[str, list[Object]]:
    """The objects as the program made them, by kind: what is known where nobody can ask the cluster."""
    found: dict[str, list[Object]] = {"NetworkPolicy": []}
    for item in resources:
        made = masked(item.get("inputs") or {})
        if isinstance(made.get("metadata"), dict) and made.get("kind") != "Secret":
            found.setdefault(str(made.get("kind")), []).append(made)
    return found


def _drift(stack: Stack, status: Status, *, lost: bool, wanted: bool) -> Drift:
    if not wanted:
        return Drift("unknown", f"it was not asked for; make drift STACK={stack.name} compares every field")
    if lost or status.deployed is None:
        return Drift("unknown", "neither state nor cluster can be compared; see what is not known")
    if status.running:
        return Drift("unknown", f"a change by {status.running} is running")
    try:
        found, notes = drift.find(stack)
    except Problem as problem:
        return Drift("unknown", first_line(problem))
    differing = [change for change in found.changes if change.op != SAME]
    lines = [line for line in difftext.lines(Preview(differing), _DRIFT) if line]
    told = tuple(f"{change.kind} {change.object_name} {_DRIFT[change.op]}" for change in differing)
    return Drift(
        "yes" if differing else "no", " ".join(notes[1:]), told, tuple(lines), tuple(drift.remedies(differing))
    )


def hands(objects: dict[str, list[Object]], drift: Drift) -> list[Hand]:
    """Which programs last wrote to what differs, newest first: Pulumi and the cluster's own are not meant."""
    found = []
    for kind, items in objects.items():
        for item in items:
            what = f"{kind} {item['metadata'].get('name', '')}"
            if not any(change.startswith(f"{what} ") for change in drift.changes):
                continue
            for entry in item["metadata"].get("managedFields") or []:
                program, at = str(entry.get("manager", "")), moment(entry.get("time", ""))
                if at and not entry.get("subresource") and not _OWN.match(program):
                    found.append(Hand(what, program, at))
    return sorted(found, key=lambda hand: hand.at, reverse=True)


def author() -> str:
    """Who writes the report, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
