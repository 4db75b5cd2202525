"""Jobs made of a database's backup CronJob: its pod with other arguments, run now, watched to its end."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from ..console import Problem
from . import Stack, guard
from .namespace import PART_OF

#: A pod that does not start has no end.
START_SECONDS = 120
_POLL_SECONDS = 1
#: What the bucket's container does for what the backups' does, and whether it comes first.
_BUCKET = {
    "backup": ("push", False),
    "restore": ("fetch", True),
    "restore_second": ("fetch_second", True),
    "list": ("show", True),
}


class Failure(Problem):
    """A job ended with an error; the message is what its pod printed, or what the cluster says of it."""


class Jobs:
    """The jobs of one database."""

    def __init__(self, stack: Stack, database: str = "") -> None:
        """Find the CronJob of the stack's database.

        Args:
            stack: The stack.
            database: The database's name in the cluster, or `<namespace>/<name>`. Default: the only one.

        Raises:
            Problem: There is none, or more than one.
        """
        self._stack = stack
        every = list(_backed_up(stack))
        names = ", ".join(sorted(f"{namespace}/{name}" for namespace, name in every))
        found = [(namespace, name) for namespace, name in every if database in ("", name, f"{namespace}/{name}")]
        if not every:
            raise Problem(
                f"stack {stack.name} makes no backups: its state has no CronJob of a database",
                f"pulumi config set mysqlBackupSchedule '0 3 * * *' (the input backup), make up STACK={stack.name}",
            )
        if not found:
            raise Problem(f"stack {stack.name} backs up no database {database}", f"--database with one of: {names}")
        if len(found) > 1:
            raise Problem(f"stack {stack.name} backs up several databases: {names}", "say which one: --database <name>")
        [(self.namespace, instance)] = found
        self._cronjob = f"{instance}-backup"
        self.kubectl = ("kubectl", "--namespace", self.namespace)

    def start(self, *arguments: str) -> str:
        """Create a job with these arguments of the script, and return its name."""
        asked = (*self.kubectl, "get", "cronjob", self._cronjob, "--output", "json")
        found = self._stack.ask(*asked, purpose=f"read CronJob {self._cronjob}")
        job = _job(json.loads(found), arguments)
        create = (*self.kubectl, "create", "--filename", "-")
        self._stack.ask(*create, purpose="create the job", text=json.dumps(job))
        return job["metadata"]["name"]

    def result(self, name: str) -> str:
        """Wait for a job's end and return what it printed; it goes with its pod.

        Raises:
            Failure: It ended with an error; it stays for an hour, to be looked at.
        """
        succeeded = self._wait(name)
        logs = self._stack.run(*self.kubectl, "logs", f"job/{name}", "--all-containers").stdout
        if succeeded:
            self._stack.run(*self.kubectl, "delete", "job", name, "--wait=false")
            return logs
        events = ("get", "events", "--field-selector", f"involvedObject.name={name}")
        said = logs.strip() or self._stack.run(*self.kubectl, *events).stdout.strip()
        raise Failure(said.removeprefix("error: "), f"read {' '.join(self.kubectl)} describe job {name}")

    def pod(self, name: str) -> str:
        """Wait until a job's pod runs, and return its name."""
        selector = ("--selector", f"job-name={name}")
        ready = ("wait", "pod", *selector, "--for=condition=Ready", f"--timeout={START_SECONDS}s")
        # The pod itself takes a moment to be there.
        deadline = time.monotonic() + START_SECONDS
        while self._stack.run(*self.kubectl, *ready).returncode:
            if time.monotonic() > deadline:
                raise self._not_running(name)
            time.sleep(_POLL_SECONDS)
        listed = (*self.kubectl, "get", "pod", *selector, "--output", "jsonpath={.items[0].metadata.name}")
        return self._stack.ask(*listed, purpose="find the job's pod")

    def _wait(self, name: str) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while True:
            answer = self._stack.run(*self.kubectl, "get", "job", name, "--output", "json")
            status = json.loads(answer.stdout).get("status", {}) if answer.returncode == 0 else {}
            for condition in status.get("conditions", []):
                if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
                    return condition["type"] == "Complete"
            if not status.get("ready") and time.monotonic() > deadline:
                raise self._not_running(name)
            time.sleep(_POLL_SECONDS)

    def _not_running(self, name: str) -> Problem:
        return Problem(
            f"the pod of job {name} is not running after {START_SECONDS} s",
            f"read {' '.join(self.kubectl)} describe pod --selector job-name={name}",
        )


def _backed_up(stack: Stack) -> Iterator[tuple[str, str]]:
    """The databases with backups of the stack's state: each one's namespace and name in the cluster."""
    for item in guard.resources(stack):
        namespace, _, name = str(item.get("id") or "").partition("/")
        inputs: Any = item.get("inputs")
        if str(item["type"]).endswith("batch/v1:CronJob") and name.endswith("-backup") and _is_backup(inputs):
            yield namespace, name.removesuffix("-backup")


def _is_backup(inputs: Any) -> bool:
    return PART_OF.items() <= (inputs["metadata"].get("labels") or {}).items()


def arrange(pod: dict[str, Any], *arguments: str) -> None:
    """Make a backup's pod do something else: its containers change their arguments and their order.

    Args:
        pod: The pod's specification, as the component made it.
        arguments: What the script of backups is to do.
    """
    every = {each["name"]: each for each in [*pod.pop("initContainers", []), *pod["containers"]]}
    backup, bucket = every["backup"], every.get("s3")
    backup["args"] = list(arguments)
    pod["containers"] = [backup]
    if bucket is None or arguments[0] not in _BUCKET:
        return
    what, first = _BUCKET[arguments[0]]
    # `force` is for the database.
    bucket["args"] = [what, *(each for each in arguments[1:] if each != "force")]
    pod["initContainers"], pod["containers"] = ([bucket], [backup]) if first else ([backup], [bucket])


def _job(cronjob: dict[str, Any], arguments: tuple[str, ...]) -> dict[str, Any]:
    spec = cronjob["spec"]["jobTemplate"]["spec"]
    # Only a backup may be ended half-way without a loss of time.
    if arguments[0] != "backup":
        spec.pop("activeDeadlineSeconds", None)
    # Tried once: who typed the command sees why it failed.
    spec |= {"backoffLimit": 0, "ttlSecondsAfterFinished": 3600}
    arrange(spec["template"]["spec"], *arguments)
    name = f"{cronjob['metadata']['name']}-{secrets.token_hex(4)}"
    # As `kubectl create job --from` does: it goes with the CronJob, or its pod would hold the volume claim for ever.
    owner = {
        "apiVersion": cronjob["apiVersion"],
        "kind": cronjob["kind"],
        "name": cronjob["metadata"]["name"],
        "uid": cronjob["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata = {
        "name": name,
        "labels": cronjob["metadata"]["labels"],
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [owner],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
