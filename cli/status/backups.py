"""How old the backups are, and why the last one failed, from the CronJob and its Jobs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ..stack.pod_causes import first_error

Object = dict[str, Any]
_COMPONENT = "app.kubernetes.io/component"


def crons(cronjobs: Iterable[Object]) -> list[Object]:
    """The CronJobs that make backups: the components' own, and others that are called so."""
    return [
        item
        for item in cronjobs
        if "backup" in (item["metadata"].get("labels", {}).get(_COMPONENT, ""), *item["metadata"]["name"].split("-"))
    ]


def jobs_of(cron: Object, jobs: Iterable[Object]) -> list[Object]:
    """The Jobs of a CronJob, those that somebody made from it by hand among them."""
    uid = cron["metadata"].get("uid")
    return [
        item for item in jobs if any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences", []))
    ]


def ended(job: Object, kind: str) -> datetime | None:
    """When a Job became `Complete` or `Failed`; None when it did not."""
    for entry in job.get("status", {}).get("conditions", []):
        if entry["type"] == kind and entry["status"] == "True":
            return moment(entry.get("lastTransitionTime", ""))
    return None


def last(jobs: Iterable[Object], kind: str) -> tuple[datetime, Object] | None:
    """The Job that became `Complete` or `Failed` last, and when."""
    found = [(when, job["metadata"]["name"], job) for job in jobs if (when := ended(job, kind)) and _is_backup(job)]
    if not found:
        return None
    when, _, job = max(found, key=lambda entry: entry[:2])
    return when, job


def _is_backup(job: Object) -> bool:
    """Whether a Job makes a backup: restores, imports and lists run the same pod with other arguments."""
    pod = job.get("spec", {}).get("template", {}).get("spec", {})
    containers = [*pod.get("initContainers", []), *pod.get("containers", [])]
    # The component's own name; another program's job has one container.
    arguments = next((each.get("args") for each in containers if each.get("name", "backup") == "backup"), None)
    return not arguments or arguments[0] == "backup"


def failed(cronjobs: Iterable[Object], jobs: Iterable[Object]) -> list[str]:
    """The names of the Jobs whose log says why the last backup failed."""
    jobs = list(jobs)
    found = [last(jobs_of(cron, jobs), "Failed") for cron in crons(cronjobs)]
    return [entry[1]["metadata"]["name"] for entry in found if entry]


def why(job: Object) -> str:
    """Why a Job failed, where its pod left no log: `DeadlineExceeded: Job was active longer than …`."""
    for entry in job.get("status", {}).get("conditions", []):
        if entry["type"] == "Failed" and entry["status"] == "True":
            return ": ".join(filter(None, (entry.get("reason", ""), entry.get("message", ""))))
    return ""


def moment(value: str | float | None) -> datetime | None:
    """A time as Kubernetes and Pulumi write it, as text or in seconds; None where it is none."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value or 0, UTC)
    except ValueError:
        return None


def reason(log: str, job: Object) -> str:
    """Why a Job failed: what its log says first, else what Kubernetes says."""
    lines = [line.strip() for line in log.splitlines()]
    first = next((line for line in lines if line.startswith("error:")), "")
    return first or first_error(log) or why(job)
