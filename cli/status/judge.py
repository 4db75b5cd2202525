"""What the answers mean: pure, so that every case can be tried without a cluster."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

from .. import programs
from ..console import Problem as Told
from ..stack.namespace import WORKLOADS
from . import keeping, objects, questions
from .backups import moment
from .gather import Seen
from .keeping import NO_RIGHTS, first_line
from .model import Change, Cluster, Problem, Status, Unknown
from .questions import Question

#: Kinds of changes whose failure leaves the cluster half changed.
_CHANGING = ("update", "destroy", "resource-import", "import")
_SILENT = (programs.Unreachable, programs.TimedOut)
#: What is asked for the sake of something else, or told in a place of its own.
_BESIDES = (questions.CERTIFICATE, questions.HOME, questions.VERSION)


def status(seen: Seen) -> Status:
    """Judge what was found out."""
    made = Status(seen.stack, seen.project, seen.at, running=seen.running)
    made.deployed = None if seen.resources is None else bool(seen.resources)
    if seen.lost_state:
        made.unknown.append(
            Unknown("the stack's state", first_line(seen.lost_state), seen.lost_state.fix, essential=True)
        )
    if seen.resources:
        _cluster(made, seen)
        _stack(made, seen)
    if seen.killed:
        # A first run that was killed may have made what the state does not list.
        what = "a run was killed: it left its lock, or operations that it did not finish"
        made.problems.append(Problem(what, "", f"make repair STACK={seen.stack}"))
    made.next = list(_next(made))
    return made


def _cluster(made: Status, seen: Seen) -> None:
    if seen.lost or not seen.way:
        lost = seen.lost or Told("there is no way to it")
        made.unknown.append(Unknown("the cluster", first_line(lost), lost.fix, essential=True))
        return
    version = seen.answer(questions.VERSION) or {}
    server = seen.way.server
    made.cluster = Cluster(str(seen.way), seen.way.kind, seen.way.name, server, str(version.get("gitVersion", "")))
    known, _, place = str(seen.answer(questions.TAG) or "").partition(" ")
    uid = ((seen.answer(questions.HOME) or {}).get("metadata") or {}).get("uid")
    if known and uid and known != uid:
        why = f"the stack lives in another cluster: {place}, not {seen.way.place}"
        fix = "name that cluster: CONTEXT=<its context>, KUBECONFIG or CLUSTER=node"
        made.unknown.append(Unknown("the cluster", why, fix, essential=True))
        return
    asked = {question: answer for question, answer in seen.answers.items() if question.what not in questions.OF_STACK}
    silent = [answer.problem for answer in asked.values() if isinstance(answer.problem, _SILENT)]
    if silent and len(silent) == len(asked):
        fix = silent[0].fix or "see whether it runs and this machine reaches it, then type the same command again"
        why = f"it does not answer: {first_line(silent[0])}"
        made.unknown.append(Unknown("the cluster", why, fix, essential=True))
        return
    for question, answer in asked.items():
        if question.what == questions.NAMESPACE and isinstance(answer.problem, programs.NotFound):
            what = f"namespace {question.namespace} is in the stack's state and not in the cluster: somebody deleted it"
            made.problems.append(Problem(what, "", f"make repair STACK={seen.stack}, then make up STACK={seen.stack}"))
        elif answer.problem and question.what not in _BESIDES:
            made.unknown.append(_unread(question, answer.problem))
    for namespace in questions.namespaces(seen.resources or []):
        made.workloads += objects.workloads(seen, namespace)
        made.volumes += objects.volumes(seen, namespace)
    made.problems += [Problem(cause.what, cause.seen, cause.fix) for cause in seen.causes]
    made.problems += _unexplained(made, seen)
    keeping.backups(made, seen)
    keeping.certificates(made, seen)


def _unread(question: Question, problem: Told) -> Unknown:
    if isinstance(problem, programs.Forbidden):
        return Unknown(str(question), NO_RIGHTS, essential=question.what in WORKLOADS)
    # What did not come in time may be what is wrong.
    return Unknown(str(question), first_line(problem), problem.fix, essential=question.what != "Event")


def _unexplained(made: Status, seen: Seen) -> Iterator[Problem]:
    """Workloads that are not ready where nothing that could be read says why."""
    if made.problems:
        return
    for item in made.workloads:
        if not item.ready:
            what = f"{item.kind} {item.name} is not ready: {item.available} of {item.wanted} pods are available"
            hidden = " Not all of the namespace could be read." if made.unknown else ""
            fix = f"kubectl -n {item.namespace} describe {item.kind.lower()} {item.name}"
            yield Problem(what, f"The cluster reports no cause, or not yet.{hidden}", fix)


def change_of(told: dict[str, Any], by: str) -> Change:
    """An entry of the stack's history; `by` is the owner of its file, empty where there is none."""
    where = told.get("environment") or {}
    return Change(
        kind=str(told.get("kind", "")),
        result=str(told.get("result", "")),
        at=moment(told.get("endTime") or told.get("startTime") or ""),
        by=by,
        commit=str(where.get("git.head", ""))[:10],
        author=str(where.get("git.author", "")),
        changes={name: count for name, count in (told.get("resourceChanges") or {}).items() if name != "same"},
    )


def _stack(made: Status, seen: Seen) -> None:
    """The last change, the state's order, and versions."""
    history = seen.answers.get(Question(questions.HISTORY))
    if history and history.problem:
        made.unknown.append(Unknown("the last change", first_line(history.problem), history.problem.fix))
    elif history and history.value[0]:
        last, by = history.value
        made.change = change_of(last, by)
        made.versions["pulumi"] = str((last.get("environment") or {}).get("pulumi.version", ""))
        if made.change.result == "failed" and made.change.kind in _CHANGING:
            fix = f"remove the cause, then make up STACK={seen.stack}"
            made.problems.append(Problem(f"the last {made.change.kind} of the stack failed", "", fix))
    made.versions |= {
        "kubeauth": _own_version(),
        "provider": ", ".join(seen.providers),
        "kubernetes": made.cluster.version if made.cluster else "",
    }


def _own_version() -> str:
    try:
        return importlib.metadata.version("kubeauth")
    except importlib.metadata.PackageNotFoundError:
        return "of this checkout"


def _next(made: Status) -> Iterator[str]:
    stack = f"STACK={made.stack}"
    if made.deployed is False and not made.problems:
        yield f"make up {stack}"
        return
    if made.running:
        yield f"make status {stack} again, when the run of {made.running} is over"
    essential = [part for part in made.unknown if part.essential]
    if made.problems:
        ready = all(item.ready for item in made.workloads)
        yield f"do what stands at `fix`, then make {'status' if ready else 'up'} {stack}"
    elif essential:
        yield essential[0].fix or f"make status {stack}, as a user who may read it (make deployer {stack})"
    else:
        yield f"make drift {stack} compares every field with the cluster"
        if made.backups:
            yield f"make restore {stack} lists the backups"
