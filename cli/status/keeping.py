"""What keeps the data and the way to it: backups and certificates, and what is wrong with them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from .. import programs
from ..console import Problem as Told
from . import questions, seconds
from .backups import jobs_of, last, moment
from .backups import reason as reason_of
from .certificates import expiry
from .gather import Seen
from .model import Backup, Certificate, Problem, Restorable, Status
from .questions import Question

#: A certificate that ends sooner is a problem: whoever renews it should have done so.
RENEWED = timedelta(days=14)
#: How late a Job may begin, and how long it may take, where its CronJob does not say it.
_HOUR = 3600
#: What says that this user may not read something.
NO_RIGHTS = "not readable with your rights"


def backups(made: Status, seen: Seen) -> None:
    """Add the backups, and what is wrong with them."""
    found: list[Backup] = []
    spaces = questions.namespaces(seen.resources or [])
    for namespace in spaces:
        if seen.answer("CronJob", namespace) is None:
            made.backups = None
            return
        jobs = seen.items("Job", namespace)
        for cron in seen.crons(namespace):
            own, told = jobs_of(cron, jobs), cron.get("status", {})
            good = last(own, "Complete")
            times = [time for time in (good and good[0], moment(told.get("lastSuccessfulTime", ""))) if time]
            bad = last(own, "Failed")
            name, spec = cron["metadata"]["name"], cron["spec"]
            job = bad[1]["metadata"]["name"] if bad else ""
            reason = reason_of(seen.reasons.get((namespace, job), ""), bad[1]) if bad else ""
            succeeded = max(times, default=None)
            suspended = bool(spec.get("suspend"))
            one = Backup(namespace, name, spec["schedule"], suspended, succeeded, bad[0] if bad else None, reason)
            found.append(one)
            limits = (spec.get("startingDeadlineSeconds"), _active(spec))
            late = timedelta(seconds=sum(_HOUR if limit is None else limit for limit in limits))
            made.problems += _backup_problems(one, told, seen, job, late)
    made.backups = found
    deployed = [item for space in spaces for item in seen.items("Deployment", space)]
    made.any_second = any(seconds.sender(item["spec"]["template"]) for item in deployed)
    _seconds(made, seen)


def _seconds(made: Status, seen: Seen) -> None:
    """Add up to which second can be restored."""
    own = {(item.namespace, pod.name) for item in made.workloads for pod in item.pods or () if pod.newest}
    for (namespace, name), answer in seen.sent.items():
        if (namespace, name) not in own:
            continue
        if answer.problem:
            why = NO_RIGHTS if isinstance(answer.problem, programs.Forbidden) else first_line(answer.problem)
            made.restorable.append(Restorable(namespace, name, None, why))
            continue
        pod = next(item for item in seen.items("Pod", namespace) if item["metadata"]["name"] == name)
        found = seconds.read(namespace, pod, answer.value or "")
        made.restorable.append(found)
        made.problems += seconds.late(found, seen.at, seconds.sender(pod))


def _active(spec: dict[str, Any]) -> int | None:
    return spec.get("jobTemplate", {}).get("spec", {}).get("activeDeadlineSeconds")


def _backup_problems(one: Backup, told: dict[str, Any], seen: Seen, job: str, late: timedelta) -> Iterator[Problem]:
    """What is wrong with one database's backups; `late` is how long after its time one may still be on its way."""
    kubectl = f"kubectl -n {one.namespace}"
    due = moment(told.get("lastScheduleTime", ""))
    if one.failed and (one.succeeded is None or one.failed > one.succeeded):
        again = f"{kubectl} create job --from=cronjob/{one.name} {one.name}-again"
        again = f"make backup STACK={seen.stack}" if "mysqlBackupSchedule" in seen.keys else again
        yield Problem(f"the last backup of {one.name} failed", one.reason, f"{kubectl} logs job/{job}; then {again}")
    elif due and not told.get("active") and seen.at - due > late and not (one.succeeded and one.succeeded > due):
        what = f"the backup of {one.name} that was due at {due:%Y-%m-%d %H:%M} UTC did not succeed"
        yield Problem(what, "", f"{kubectl} get jobs; {kubectl} describe cronjob {one.name}")
    if one.suspended:
        fix = f'{kubectl} patch cronjob {one.name} --patch \'{{"spec":{{"suspend":false}}}}\''
        yield Problem(f"the backups of {one.name} are suspended", "", fix)


def certificates(made: Status, seen: Seen) -> None:
    """Add the certificates, and those that end soon."""
    for namespace, name in sorted(questions.certificates(seen.resources or [])):
        answer = seen.answers.get(Question(questions.CERTIFICATE, namespace, name))
        if not answer:
            continue
        if answer.problem:
            why = NO_RIGHTS if isinstance(answer.problem, programs.Forbidden) else first_line(answer.problem)
            made.certificates.append(Certificate(namespace, name, None, why))
            continue
        end = expiry(answer.value)
        made.certificates.append(Certificate(namespace, name, end, "" if end else "it holds no certificate in tls.crt"))
        if end and end - seen.at < RENEWED:
            over = end <= seen.at
            told = f"{'ended' if over else 'ends'} at {end:%Y-%m-%d %H:%M} UTC"
            fix = f"renew it (with cert-manager: kubectl -n {namespace} get certificates)"
            made.problems.append(Problem(f"the certificate in Secret {name} {told}", "", fix))


def first_line(problem: Told) -> str:
    """What a problem says, in one line."""
    return str(problem).strip().partition("\n")[0]
