"""Say why a rollout failed, and end one that cannot succeed any more instead of waiting for its time to run out."""

import json
import time

from ..console import Problem, console, duration
from . import Stack, config
from .cause import NEVER, READINESS
from .causes import Cause, Questions, find
from .events import EventLog
from .namespace import KINDS, Namespace

#: Most rollouts are over by then; before it, the cluster is not asked.
QUIET_SECONDS = 8
#: How long Pulumi may say nothing while it waits for no object, in seconds: it loads programs, plugins and policies.
SILENT_SECONDS = 5 * 60
#: How long the cluster may take for one answer, in seconds; it is asked again and again.
ASK_SECONDS = 10
#: How many causes are printed: the first is the one to remove, the next ones often follow from it.
SHOWN = 3
_WIDTH = 400
#: How far back a container's log is read.
LOG_LINES = 200
UNRESOLVED = 7
#: With whatever the image has; one without any of these is not asked. A Service's full name is asked as it is, so that
#: the answer is there within a second, however many search domains there are; getent's 2 is "not found".
LOOK_UP = f"""export RES_OPTIONS='timeout:1 attempts:1'
case $1 in *.*.*.*.*) set -- "$1." ;; esac
if command -v getent; then getent ahosts "$1" || [ $? != 2 ] || exit {UNRESOLVED}
elif command -v nslookup; then nslookup "$1" || exit {UNRESOLVED}
elif command -v python3; then python3 -c 'import socket, sys; socket.gethostbyname(sys.argv[1])' "$1" ||
  exit {UNRESOLVED}
fi"""


def read(stack: Stack, namespace: str) -> Namespace | None:
    """What the cluster says of a namespace; None when it does not answer."""
    question = ["kubectl", "get", KINDS, "--namespace", namespace, "--output", "json", "--request-timeout", "5s"]
    try:
        return Namespace(namespace, json.loads(stack.run(*question, seconds=ASK_SECONDS).stdout)["items"])
    except (ValueError, KeyError, Problem):
        return None


class Watcher:
    """Watches what Pulumi waits for, and knows when the wait is in vain.

    A slow image pull, a volume on its way, a database that recovers: none of these is a failure. What the cluster
    reports as one has to last for a while, because many heal by themselves; how long depends on what it is.
    """

    def __init__(self, stack: Stack, events: EventLog) -> None:
        """Name the stack and the events of its run."""
        self._stack, self._events = stack, events
        self._begun = time.monotonic()
        self._since: dict[tuple[int, str], float] = {}
        self.gave_up = False
        """Whether it has said that the run should be ended."""

    def __call__(self) -> bool:
        """Whether the run should be ended; says so, too."""
        self._events.poll()
        self.gave_up = self._silent() or self._in_vain()
        return self.gave_up

    def _silent(self) -> bool:
        lasted = time.monotonic() - self._events.heard
        if self._events.busy() or lasted < SILENT_SECONDS:
            return False
        console.print(
            f"Pulumi {self._events.phase} and has said nothing for {duration(lasted)}: ending it.", markup=False
        )
        return True

    def _in_vain(self) -> bool:
        waiting = self._events.workloads()
        now = time.monotonic()
        if not waiting or now - self._begun < QUIET_SECONDS:
            self._since.clear()
            return False
        seen: dict[tuple[int, str], Cause] = {}
        for place in {namespace for namespace, _ in waiting}:
            if namespace := read(self._stack, place):
                names = {name for home, name in waiting if home == place}
                seen |= {(cause.rank, cause.what): cause for cause in find(namespace, names)}
        # What may still go away by itself does not grow old meanwhile.
        self._since = {
            key: now if cause.patience == NEVER else self._since.get(key, now) for key, cause in seen.items()
        }
        # Of those that run and are not ready one may wait for another: the one that began last may still get there.
        newest = max((since for (rank, _), since in self._since.items() if rank == READINESS), default=now)
        for key, cause in seen.items():
            lasted = now - (newest if cause.rank == READINESS else self._since[key])
            if lasted >= cause.patience:
                console.print(
                    f"This will not get ready ({cause.what}, for {duration(lasted)}): ending it.", markup=False
                )
                return True
        return False


def questions(stack: Stack, namespace: str, seconds: float = ASK_SECONDS) -> Questions:
    """How to ask a namespace's pods.

    Args:
        stack: The stack.
        namespace: The namespace.
        seconds: How long one answer may take.
    """

    def logs(pod: str, container: str) -> str:
        tail = ["--container", container, "--tail", str(LOG_LINES), "--request-timeout", "5s"]
        question = ["kubectl", "logs", "--namespace", namespace, pod, *tail]
        try:
            # A container that was just restarted has not said anything yet.
            return (
                stack.run(*question, seconds=seconds).stdout
                or stack.run(*question, "--previous", seconds=seconds).stdout
            )
        except Problem:
            return ""

    def resolves(pod: str, container: str, host: str) -> bool:
        inside = ["kubectl", "exec", "--namespace", namespace, pod, "--container", container, "--"]
        try:
            asked = stack.run(*inside, "sh", "-c", LOOK_UP, "sh", host, seconds=seconds)
        except Problem:
            return True
        return asked.returncode != UNRESOLVED

    return Questions(logs, resolves)


def explain(stack: Stack, namespace: str) -> bool:
    """Print why a namespace's workloads are not ready, most basic cause first.

    Returns:
        Whether a cause was found.
    """
    objects = read(stack, namespace)
    causes = find(objects, ask=questions(stack, namespace), keys=config.keys()) if objects else []
    for number, cause in enumerate(causes[:SHOWN]):
        console.print(f"{'cause' if not number else ' then'}: {cause.what}", markup=False, style="red")
        if cause.seen:
            console.print(f"  seen: {shortened(cause.seen)}", markup=False)
        console.print(f"  fix: {cause.fix}", markup=False)
    return bool(causes)


def shortened(text: str) -> str:
    """What the cluster says, not longer than a few lines."""
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "…"
