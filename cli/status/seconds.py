"""Up to which second a database can be restored: said by the container that sends its binary log to the bucket."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .model import Problem, Restorable

Object = dict[str, Any]
#: A log is sent twice a minute (INTERVAL_SECONDS in components/mysql/binary_log.py); one round may fail.
LATE = timedelta(minutes=3)
_SENT = re.compile(r"^Restorable up to (\d{8}T\d{6}Z)$", re.MULTILINE)


def sender(pod: Object) -> str:
    """The name of the container in a pod that sends the binary log; empty where none does."""
    containers = pod.get("spec", {}).get("containers", [])
    return next((str(each.get("name")) for each in containers if (each.get("args") or [])[:1] == ["ship"]), "")


def senders(pods: Iterable[Object]) -> dict[str, str]:
    """The pods with a container that sends, and its name."""
    return {pod["metadata"]["name"]: name for pod in pods if (name := sender(pod))}


def read(namespace: str, pod: Object, log: str) -> Restorable:
    """What a sender's log says."""
    told = _SENT.findall(log)
    until = datetime.strptime(told[-1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if told else None
    # What it said before it went on again is over.
    rest = log.rpartition(told[-1])[2] if told else log
    errors = [line.strip() for line in rest.splitlines() if line.strip().startswith("error:")]
    return Restorable(namespace, pod["metadata"]["name"], until, errors[-1] if errors else "")


def late(found: Restorable, now: datetime, container: str) -> Iterator[Problem]:
    """A problem where the bucket has lacked the last seconds for longer than LATE, or takes none at all."""
    if (found.until and now - found.until <= LATE) or not (found.until or found.problem):
        return
    since = f"since {found.until:%Y-%m-%d %H:%M:%S} UTC" if found.until else "yet"
    what = f"the bucket has nothing of the binary log of {found.pod} {since}: later seconds cannot be restored"
    yield Problem(what, found.problem, f"kubectl -n {found.namespace} logs {found.pod} -c {container}")
