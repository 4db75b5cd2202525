"""`make backup` and `make restore`: the database's CronJob, run now and with other arguments."""

import json
import secrets
import time
from typing import Any

from ..console import Problem, console, step
from . import Stack

#: The name in the place of a backup's that removes what earlier restores replaced.
DROP_OLD = "drop-old"
#: A pod that does not start has no end.
START_SECONDS = 120
_POLL_SECONDS = 1


def run(stack: Stack, command: str, name: str, *, force: bool) -> None:
    """Run `backup` or `restore`."""
    if command == "backup":
        backup(stack)
    else:
        restore(stack, name, force=force)


def backup(stack: Stack) -> None:
    """Make a backup now."""
    with step("make a backup"):
        name, size, state = _run(stack, "backup").strip().splitlines()[-1].split(" ", 2)
    console.print(f"{name} ({int(size):,} bytes), {state}", markup=False)


def restore(stack: Stack, name: str, *, force: bool) -> None:
    """Put the database's schema back to a backup; or list the backups, or remove what restores have replaced.

    Args:
        stack: The stack.
        name: The backup's file name; empty for a list; `drop-old` to remove what earlier restores replaced.
        force: Whether rows that are there may be replaced.
    """
    if not name:
        listed = _run(stack, "list").strip()
        print(listed or "There are no backups.")
        return
    if name == DROP_OLD:
        with step("remove what restores have replaced"):
            done = _run(stack, "drop_old")
        console.print(done.strip() or "There is nothing to remove.", markup=False)
        return
    with step(f"restore {name}"):
        done = _run(stack, "restore", name, *(["force"] if force else []))
    console.print(f"{done.rstrip()}\nRemove it with: make restore STACK={stack.name} BACKUP={DROP_OLD}", markup=False)


def _run(stack: Stack, *arguments: str) -> str:
    """Run the CronJob's pod with arguments and return what it printed; the Job goes with its pod when it is over."""
    settings = stack.settings()
    database, namespace = settings["mysqlName"], settings["namespaceName"]
    kubectl = ("kubectl", "--namespace", namespace)
    cronjob = f"{database}-backup"
    asked = ("get", "cronjob", cronjob, "--ignore-not-found", "--output", "json")
    found = stack.ask(*kubectl, *asked, purpose=f"look for CronJob {cronjob}")
    if not found:
        raise Problem(
            f"stack {stack.name} makes no backups: there is no CronJob {cronjob} in namespace {namespace}",
            f"pulumi config set mysqlBackupSchedule '0 3 * * *', then make up STACK={stack.name}",
        )
    job = _job(json.loads(found), arguments)
    name = job["metadata"]["name"]
    created = stack.run(*kubectl, "create", "--filename", "-", text=json.dumps(job))
    if created.returncode:
        raise Problem(f"the job was refused: {created.stderr.strip()}")
    succeeded = _wait(stack, kubectl, name)
    logs = stack.run(*kubectl, "logs", f"job/{name}").stdout
    if succeeded:
        stack.run(*kubectl, "delete", "job", name, "--wait=false")
        return logs
    said = (
        logs.strip() or stack.run(*kubectl, "get", "events", "--field-selector", f"involvedObject.name={name}").stdout
    )
    fix = f"read kubectl --namespace {namespace} describe job {name}"
    if "has rows" in said:
        fix = f"to replace them: make restore STACK={stack.name} BACKUP={arguments[1]} FORCE=1"
    elif "is in use" in said:
        fix = "run it again when nobody uses that table for long; the old content is as it was"
    elif "there is no backup" in said:
        fix = f"make restore STACK={stack.name} lists the backups"
    raise Problem(f"{arguments[0]} failed: {said.removeprefix('error: ')}", fix)


def _job(cronjob: dict[str, Any], arguments: tuple[str, ...]) -> dict[str, Any]:
    spec = cronjob["spec"]["jobTemplate"]["spec"]
    # Only a backup may be ended half-way without a loss of time.
    if arguments[0] != "backup":
        spec.pop("activeDeadlineSeconds", None)
    # Tried once: who typed the command sees why it failed.
    spec |= {"backoffLimit": 0, "ttlSecondsAfterFinished": 3600}
    spec["template"]["spec"]["containers"][0]["args"] = list(arguments)
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


def _wait(stack: Stack, kubectl: tuple[str, ...], name: str) -> bool:
    """Wait until a Job is over; return whether it succeeded."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        answer = stack.run(*kubectl, "get", "job", name, "--output", "json")
        status = json.loads(answer.stdout).get("status", {}) if answer.returncode == 0 else {}
        for condition in status.get("conditions", []):
            if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
                return condition["type"] == "Complete"
        if not status.get("ready") and time.monotonic() > deadline:
            raise Problem(
                f"the pod of job {name} is not running after {START_SECONDS} s",
                f"read {' '.join(kubectl)} describe pod --selector job-name={name}",
            )
        time.sleep(_POLL_SECONDS)
