"""`kubeauth status`: what it makes of recorded answers of a cluster, and of a cluster that does not answer."""

import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cli import paths, programs
from cli.clusters.road import CONTEXT, Road
from cli.console import Problem
from cli.stack import config
from cli.status import gather, judge, show
from cli.status.asking import Clock
from cli.status.certificates import expiry
from cli.status.model import Status

from .cluster_objects import LABELS, RUNNING, claim, deployment, event, pod, replica_set, waiting

WAY = Road(CONTEXT, "kind-a", "KUBECONFIG", "https://127.0.0.1:1", "text")
READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-27T01:00:00Z"}
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:kubernetes::default_4_25_0::id"
#: When the tests look; a certificate knows no parts of a second.
NOW = datetime.now(UTC).replace(microsecond=0)


def resource(kind: str, identity: str, /, **inputs: Any) -> dict[str, Any]:
    return {"type": f"kubernetes:{kind}", "id": identity, "provider": PROVIDER, "inputs": inputs}


TLS_VOLUME = {"name": "tls", "projected": {"sources": [{"secret": {"name": "db-tls"}}]}}
STATE = [
    resource("core/v1:Namespace", "shop"),
    resource("core/v1:PersistentVolumeClaim", "shop/mysqlauth-data"),
    resource(
        "apps/v1:Deployment",
        "shop/mysqlauth-deployment",
        kind="Deployment",
        spec={"replicas": 1, "template": {"spec": {"volumes": [TLS_VOLUME]}}},
    ),
    resource("apps/v1:Deployment", "shop/authenticate-deployment", kind="Deployment", spec={"replicas": 1}),
    resource("batch/v1:CronJob", "shop/mysqlauth-backup"),
]
HISTORY = {
    "kind": "update",
    "result": "succeeded",
    "startTime": "2026-11-27T00:00:00.000Z",
    "endTime": "2026-11-27T00:01:00.000Z",
    "config": {"shop:mysqlPassword": {"value": "canary", "secret": True}},
    "environment": {"git.head": "0123456789abcdef", "git.author": "Ann", "pulumi.version": "v3.259.0"},
    "resourceChanges": {"create": 2, "same": 14},
}


def certificate(days: float) -> str:
    """A certificate that ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * 60)])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    end = NOW + timedelta(days=days)
    signed = made.not_valid_before(NOW - timedelta(days=90)).not_valid_after(end).sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def bound(size: str = "1Gi") -> dict[str, Any]:
    made = claim("fast")
    made["metadata"]["labels"] = LABELS
    made["spec"]["resources"] = {"requests": {"storage": "1Gi"}}
    made["status"] = {"phase": "Bound", "capacity": {"storage": size}}
    return made


def cron(**status: Any) -> dict[str, Any]:
    metadata = {"name": "mysqlauth-backup", "uid": "cron"}
    return {"kind": "CronJob", "metadata": metadata, "spec": {"schedule": "0 3 * * *"}, "status": status}


def job(name: str, kind: str, hours_ago: float, arguments: str = "backup") -> dict[str, Any]:
    when = (NOW - timedelta(hours=hours_ago)).isoformat()
    container = {"args": [arguments]}
    return {
        "kind": "Job",
        "metadata": {"name": name, "ownerReferences": [{"uid": "cron"}]},
        "spec": {"template": {"spec": {"containers": [container]}}},
        "status": {
            "conditions": [
                {"type": kind, "status": "True", "lastTransitionTime": when, "reason": "BackoffLimitExceeded"}
            ]
        },
    }


def well() -> list[dict[str, Any]]:
    """What the cluster has when all is well."""
    names = ("mysqlauth", "authenticate")
    pods = [pod(RUNNING, name, conditions=[READY]) for name in names]
    for item in pods:
        item["spec"]["nodeName"] = "one"
    deployments = [
        deployment("mysqlauth", ready=True, component="database", claim="mysqlauth-data"),
        deployment("authenticate", ready=True),
    ]
    for item in deployments:
        item["spec"]["template"]["spec"]["containers"] = [{"image": "localhost/x:1"}]
    return [*deployments, *map(replica_set, names), *pods, bound(), cron(), job("good", "Complete", 5)]


def broken(*more: dict[str, Any], state: dict[str, Any]) -> list[dict[str, Any]]:
    """The same, with the service's Deployment not ready and its pod in a state."""
    kept = [
        item for item in well() if item["metadata"].get("name") not in ("authenticate-deployment", "authenticate-pod")
    ]
    return [*kept, deployment("authenticate"), pod(state), *more]


class Stack:
    """Answers as a cluster and Pulumi would, and remembers what was asked."""

    name = "dev"
    files = None

    def __init__(self, items: list[dict[str, Any]], state: Any = STATE, **answers: Any) -> None:
        self.items, self.state, self.answers, self.asked = items, state, answers, list[tuple[str, ...]]()

    def run(self, *command: str, seconds: float, check: bool = False, **_: Any):
        self.asked.append(command)
        found = self._answer(command)
        if isinstance(found, Exception):
            raise found
        return subprocess.CompletedProcess(command, 0, found, "")

    def ask(self, *command: str, purpose: str, **options: Any) -> str:
        return self.run(*command, seconds=1).stdout

    def _answer(self, command: tuple[str, ...]) -> Any:
        if command[:3] == ("pulumi", "stack", "export"):
            if isinstance(self.state, Exception):
                return self.state
            return json.dumps({"deployment": {"resources": self.state}})
        if command[0] == "pulumi":
            said = {"history": [HISTORY], "tag": {"kubeauth:cluster": "uid-1 https://127.0.0.1:1"}}[command[2]]
            return self.answers.get(command[2], json.dumps(said))
        if "every" in self.answers:
            return self.answers["every"]
        if command[1] == "get" and command[2] == "secret":
            pem = self.answers.get("certificate", certificate(60))
            return pem if isinstance(pem, Exception) else base64.b64encode(pem.encode()).decode()
        if command[1] in ("logs", "exec"):
            return self.answers.get(command[1], "")
        path = command[3]
        assert command[:3] == ("kubectl", "get", "--raw"), command
        if path == "/version":
            return json.dumps({"gitVersion": "v1.34.4"})
        last = path.rpartition("/")[2]
        if last in self.answers:
            return self.answers[last]
        if path.count("/") == 4:
            return json.dumps({"metadata": {"name": last, "uid": "uid-1"}, "status": {"phase": "Active"}})
        kind = next(kind for kind, where in gather.questions.LISTS.items() if where.endswith(f"/{last}"))
        found = [{key: value for key, value in item.items() if key != "kind"} for item in self.items]
        return json.dumps({"items": [new for new, old in zip(found, self.items, strict=True) if old["kind"] == kind]})


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text(
        "name: shop\nconfig: {mysqlImage: {}, authImage: {}, mysqlBackupSchedule: {}}"
    )
    monkeypatch.setattr(config, "project_file", lambda: tmp_path / "Pulumi.yaml")
    return tmp_path / "Pulumi.yaml"


def status_of(stack: Any, clock: Clock | None = None) -> Status:
    clock = clock or Clock()
    seen = gather.offline(stack, clock)
    seen.at = NOW
    if seen.resources:
        gather.online(seen, stack, WAY, clock)
    return judge.status(seen)


def shown(status: Status) -> str:
    return "\n".join(line.text for line in show.lines(status))


def test_well_is_said_with_what_runs_where_and_since_when():
    status = status_of(Stack(well()))
    assert (status.verdict, status.as_data()["exit"], status.problems) == ("well", 0, [])
    text = shown(status)
    assert text.startswith("Stack dev: all is well (")
    for part in (
        "cluster     context kind-a, https://127.0.0.1:1, Kubernetes v1.34.4",
        "Deployment  shop/mysqlauth-deployment  ready, 1/1 pods  localhost/x:1",
        "mysqlauth-pod on one, ready for",
        "last change update succeeded",
        "commit 0123456789 of Ann (2 create)",
        "backup      shop/mysqlauth-backup (0 3 * * *): last good one 5 h ago",
        "certificate shop/db-tls: ends in 60 d,",
        "volume      shop/mysqlauth-data: 1Gi of class fast",
        "pulumi v3.259.0, provider 4.25.0",
        "next        make drift STACK=dev",
    ):
        assert part in text
    assert "not known" not in text


def shipping() -> list[dict[str, Any]]:
    """The same with a container beside the server that sends its binary log."""
    items = well()
    items[0]["spec"]["template"]["spec"]["containers"].append({"image": "x", "args": ["ship"]})
    server = next(item for item in items if item["metadata"].get("name") == "mysqlauth-pod")
    server["spec"]["containers"] = [{"name": "mysqlauth-container"}, {"name": "binary-log-s3", "args": ["ship"]}]
    return items


def said(seconds_ago: float, *errors: str) -> str:
    until = NOW - timedelta(seconds=seconds_ago)
    return "\n".join(["Restorable up to 20261101T000000Z", f"Restorable up to {until:%Y%m%dT%H%M%SZ}", *errors, ""])


def test_the_last_second_that_can_be_restored_is_told_from_the_log_of_the_container_that_sends():
    stack = Stack(shipping(), logs=said(20))
    status = status_of(stack)
    assert (status.verdict, status.any_second) == ("well", True)
    assert f"mysqlauth-pod: any second up to {NOW - timedelta(seconds=20):%Y-%m-%d %H:%M:%S} UTC" in shown(status)
    assert [command[2] for command in stack.asked if "binary-log-s3" in command] == ["mysqlauth-pod"]
    none = status_of(Stack(well()))
    assert (none.any_second, none.restorable) == (False, [])


def test_a_binary_log_that_does_not_reach_the_bucket_is_wrong_and_says_why():
    error = "error: the bucket takes no binary logs: AccessDenied"
    (problem,) = status_of(Stack(shipping(), logs=said(600, error))).problems
    assert "the bucket has nothing of the binary log of mysqlauth-pod since " in problem.what
    assert (problem.seen, problem.fix) == (error, "kubectl -n shop logs mysqlauth-pod -c binary-log-s3")
    (never,) = status_of(Stack(shipping(), logs=error)).problems
    assert "of mysqlauth-pod yet: later seconds cannot be restored" in never.what


def test_an_error_of_the_binary_log_that_is_over_or_one_round_old_is_no_alarm():
    error = "error: the bucket takes no binary logs: SlowDown\n"
    over, once = status_of(Stack(shipping(), logs=error + said(5))), status_of(Stack(shipping(), logs=said(50, error)))
    assert (over.verdict, over.restorable[0].problem) == ("well", "")
    assert (once.verdict, once.restorable[0].problem) == ("well", error.strip())
    new = status_of(Stack(shipping(), logs=""))
    assert (new.verdict, new.restorable[0].until) == ("well", None)


def test_a_log_that_may_not_be_read_hides_the_last_second_and_nothing_else():
    status = status_of(Stack(shipping(), logs=forbidden("pods/log")))
    assert (status.verdict, status.restorable[0].problem) == ("well", "not readable with your rights")


def test_nothing_of_a_secret_is_asked_for_or_shown_but_its_certificate():
    stack = Stack(well())
    text = shown(status_of(stack)) + json.dumps(status_of(stack).as_data())
    secrets = [command for command in stack.asked if any("secret" in word for word in command)]
    assert secrets
    assert all(r"jsonpath={.data.tls\.crt}" in command for command in secrets)
    assert not [command for command in stack.asked if "--show-secrets" in command]
    assert "canary" not in text


def test_nothing_is_changed():
    stack = Stack(broken(state=waiting("ImagePullBackOff", "not found")))
    status_of(stack)
    verbs = {command[1] if command[0] == "kubectl" else " ".join(command[1:3]) for command in stack.asked}
    assert verbs <= {"get", "logs", "exec", "stack export", "stack history", "stack tag"}


CAUSES = {
    "image": ([], waiting("ImagePullBackOff", "not found"), "image localhost/x:1 cannot be pulled"),
    "volume": (
        [event("authenticate-p2", "FailedMount", 'secret "db-tls" not found')],
        waiting("ContainerCreating"),
        "pod authenticate-pod waits for Secret db-tls, which does not exist",
    ),
    "probe": (
        [event("authenticate-p2", "Killing", "failed startup probe")],
        {**RUNNING, "started": False, "restartCount": 1},
        "pod authenticate-pod does not pass its probe",
    ),
    "DNS": (
        [event("authenticate-p2", "Unhealthy", "503 the database's name does not resolve")],
        RUNNING,
        "pod authenticate-pod runs, but names do not resolve: the cluster's DNS is down or cannot be reached",
    ),
    "SQL": (
        [event("authenticate-p2", "Unhealthy", "error: the SQL of this start ended early, in line 3 of init_sql")],
        {**RUNNING, "started": False},
        "the accounts' SQL of pod authenticate-pod did not run to its end",
    ),
    "disk": (
        [event("authenticate-p2", "Unhealthy", "error: the data volume has 3 MiB left, less than 16")],
        RUNNING,
        "the volume of pod authenticate-pod is full",
    ),
}


@pytest.mark.parametrize("kind", CAUSES)
def test_each_cause_is_named_first_with_what_to_do(kind):
    more, state, what = CAUSES[kind]
    status = status_of(Stack(broken(*more, state=state)))
    assert (status.verdict, status.as_data()["exit"]) == ("wrong", 1)
    assert status.problems[0].what == what
    assert status.problems[0].fix
    assert f"wrong       {what}" in shown(status)
    assert status.next == ["do what stands at `fix`, then make up STACK=dev"]


def test_pods_that_a_quota_refuses():
    items = [item for item in well() if item["metadata"].get("name") != "authenticate-deployment"]
    said = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    status = status_of(Stack([*items, deployment("authenticate", conditions=[said])]))
    assert (
        status.problems[0].what == "the pods of authenticate-deployment are refused: the namespace's quota is used up"
    )


def test_pods_of_an_older_version_that_still_serve_are_shown_as_such():
    old = pod(RUNNING, revision="1", conditions=[READY])
    old["metadata"]["name"] = "authenticate-old"
    items = broken(replica_set(revision="1"), old, state=waiting("ImagePullBackOff", "not found"))
    assert "authenticate-old (older version) on no node, ready for" in shown(status_of(Stack(items)))


def test_what_another_stack_has_in_the_same_namespace_is_not_this_stacks_trouble():
    stranger = [deployment("other"), replica_set("other"), pod(waiting("ImagePullBackOff", "not found"), "other")]
    status = status_of(Stack([*well(), *stranger]))
    assert (status.verdict, len(status.workloads)) == ("well", 2)


def test_a_containers_own_words_are_asked_for():
    crashed = {**waiting("CrashLoopBackOff"), "restartCount": 3}
    status = status_of(Stack(broken(state=crashed), logs="begins\nerror: no key\nend\n"))
    assert status.problems[0].seen == "it says: error: no key"


def test_pods_that_do_not_say_anything_in_time_hide_no_cause(monkeypatch):
    stack = Stack(broken(state={**waiting("CrashLoopBackOff"), "restartCount": 3}))
    asked = gather.together
    late = Problem("late")

    def slow(questions: Any, clock: Any) -> Any:
        return {
            key: gather.Answer(problem=late) if key.what == "causes" else answer
            for key, answer in asked(questions, clock).items()
        }

    monkeypatch.setattr(gather, "together", slow)
    assert "ends again and again" in status_of(stack).problems[0].what


def forbidden(what: str) -> programs.Forbidden:
    return programs.Forbidden(f"Error from server (Forbidden): {what} is forbidden")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("pods", "Pods of shop"),
        ("events", "Events of shop"),
        ("jobs", "Jobs of shop"),
        ("services", "Services of shop"),
    ],
)
def test_what_the_user_may_not_read_is_said_and_hides_nothing_else(what, told):
    status = status_of(Stack(well(), **{what: forbidden(what)}))
    assert status.verdict == "well"
    assert [(part.what, part.why) for part in status.unknown] == [(told, "not readable with your rights")]
    assert f"not known   {told}: not readable with your rights" in shown(status)
    assert "shop/mysqlauth-deployment  ready" in shown(status)


def test_a_certificate_that_may_not_be_read_is_no_error():
    status = status_of(Stack(well(), certificate=forbidden("secrets")))
    assert (status.verdict, status.unknown) == ("well", [])
    assert "certificate shop/db-tls: not readable with your rights" in shown(status)


def test_without_the_right_to_read_deployments_nobody_can_tell():
    status = status_of(Stack(well(), deployments=forbidden("deployments")))
    assert (status.verdict, status.as_data()["exit"]) == ("unknown", 3)
    assert status.problems == []
    assert "make deployer STACK=dev" in status.next[0]


def test_a_deployment_that_is_not_ready_for_unseen_reasons_is_wrong_all_the_same():
    status = status_of(Stack(broken(state=RUNNING), pods=forbidden("pods")))
    assert status.verdict == "wrong"
    assert status.problems[0].what == "Deployment authenticate-deployment is not ready: 0 of 1 pods are available"
    assert "Not all of the namespace could be read" in status.problems[0].seen


def test_a_cluster_that_does_not_answer_is_said_once():
    status = status_of(Stack([], every=programs.Unreachable("Unable to connect to the server")))
    assert (status.verdict, status.as_data()["exit"]) == ("unknown", 3)
    (part,) = status.unknown
    assert part.why == "it does not answer: Unable to connect to the server"
    assert status.change, "Pulumi's part is there"


def test_there_is_no_cluster():
    seen = gather.offline(Stack([]), Clock())  # pyright: ignore[reportArgumentType]
    seen.lost = Problem("there is no cluster to deploy to.\nlong", "make up CONTEXT=<a context>")
    status = judge.status(seen)
    assert (status.verdict, status.next) == ("unknown", ["make up CONTEXT=<a context>"])
    assert "not known   there is no cluster to deploy to." in shown(status)


def test_a_slow_part_is_left_out_when_the_time_is_over_and_said():
    never = Event()

    class Slow(Stack):
        def _answer(self, command):
            if command[-1].endswith("s") and "/pods" in " ".join(command):
                never.wait(20)
            return super()._answer(command)

    status = status_of(Slow(well()), Clock(0.5))
    never.set()
    assert (status.verdict, [part.what for part in status.unknown]) == ("unknown", ["Pods of shop"])
    assert "shop/mysqlauth-deployment  ready" in shown(status)


def test_every_question_has_a_limit_and_so_has_all_of_it():
    limits: list[float] = []

    class Limited(Stack):
        def run(self, *command, seconds, **more):
            limits.append(seconds)
            if command[0] == "kubectl" and command[1] != "exec":
                assert "--request-timeout" in command
            return super().run(*command, seconds=seconds, **more)

    status_of(Limited(broken(state={**waiting("CrashLoopBackOff"), "restartCount": 3})), Clock(3))
    assert limits
    assert max(limits) <= 3


def test_another_cluster_than_the_stacks_own_is_not_taken_for_it():
    tag = json.dumps({"kubeauth:cluster": "uid-2 https://prod.example"})
    status = status_of(Stack([], tag=tag))
    assert (status.verdict, status.problems) == ("unknown", [])
    assert status.unknown[0].why == "the stack lives in another cluster: https://prod.example, not https://127.0.0.1:1"


@pytest.mark.parametrize("state", [[], programs.Failed("x", said="error: no stack named 'dev' found")])
def test_nothing_deployed_says_so_and_what_to_type(state):
    stack = Stack([], state)
    status = status_of(stack)
    assert (status.verdict, status.as_data()["exit"], status.next) == ("nothing", 1, ["make up STACK=dev"])
    assert shown(status).startswith("Stack dev: nothing is deployed (")
    assert not [command for command in stack.asked if command[0] == "kubectl"]


def test_a_state_that_cannot_be_read_is_not_taken_for_an_empty_one():
    status = status_of(Stack([], Problem("the state of stack dev is not whole", "make repair STACK=dev")))
    assert (status.verdict, status.next) == ("unknown", ["make repair STACK=dev"])


def test_a_namespace_that_somebody_deleted_is_named():
    gone = programs.NotFound('namespaces "shop" not found')
    status = status_of(Stack([], shop=gone))
    assert status.problems[0].what.startswith("namespace shop is in the stack's state and not in the cluster")
    assert "Deployment authenticate-deployment is in the stack's state" in status.problems[1].what


def test_another_programs_keys_are_not_named(project):
    project.write_text("name: shop\nconfig: {tier: {}}")
    stack = Stack(broken(job("bad", "Failed", 1), state=waiting("ImagePullBackOff", "not found")))
    status = status_of(stack)
    assert status.problems[0].fix.endswith("set image of the component in the program to <image>")
    assert "kubectl -n shop create job --from=cronjob/mysqlauth-backup" in status.problems[1].fix


def test_the_last_backup_failed_and_its_reason_is_the_first_error_of_its_log():
    bad = [job("bad", "Failed", 1), job("older", "Failed", 30), job("restored", "Complete", 0.1, "restore")]
    stack = Stack([*well(), *bad], logs="begins\nerror: the dump is not complete\nerror: more\n")
    status = status_of(stack)
    assert (status.problems[0].what, status.problems[0].seen) == (
        "the last backup of mysqlauth-backup failed",
        "error: the dump is not complete",
    )
    assert "job/bad" in stack.asked[-1]
    assert "last good one 5 h ago; last failed 1 h ago: error: the dump is not complete" in shown(status)


@pytest.mark.parametrize("what", ["restore", "import_", "receive", "drop_old", "list"])
def test_a_job_that_makes_no_backup_is_no_failed_one(what):
    assert status_of(Stack([*well(), job("bad", "Failed", 0.1, what)], logs="error: no")).verdict == "well"


def test_a_failed_backup_whose_pod_is_gone_says_what_kubernetes_says_and_an_old_one_is_no_problem():
    gone = programs.NotFound("pods not found")
    assert status_of(Stack([*well(), job("bad", "Failed", 1)], logs=gone)).problems[0].seen == "BackoffLimitExceeded"
    older = status_of(Stack([*well(), job("bad", "Failed", 9)], logs="error: x"))
    assert older.verdict == "well"
    assert "last failed 9 h ago: error: x" in shown(older)


@pytest.mark.parametrize(("due", "verdict"), [(3, "wrong"), (1, "well"), (6, "well")])
def test_a_backup_that_was_due_and_did_not_come_is_a_problem(due, verdict):
    when = (NOW - timedelta(hours=due)).isoformat()
    items = [item for item in well() if item["kind"] != "CronJob"]
    assert status_of(Stack([*items, cron(lastScheduleTime=when)])).verdict == verdict


def test_a_backup_may_take_as_long_as_its_cronjob_says():
    items = [item for item in well() if item["kind"] != "CronJob"]
    slow = cron(lastScheduleTime=(NOW - timedelta(hours=3)).isoformat())
    slow["spec"] |= {"startingDeadlineSeconds": 3600, "jobTemplate": {"spec": {"activeDeadlineSeconds": 14400}}}
    assert status_of(Stack([*items, slow])).verdict == "well"


@pytest.mark.parametrize(("days", "verdict"), [(-1, "wrong"), (13, "wrong"), (15, "well")])
def test_a_certificate_that_ends_soon_is_a_problem(days, verdict):
    assert status_of(Stack(well(), certificate=certificate(days))).verdict == verdict


def test_the_end_of_a_certificate_is_read_as_it_is_and_no_certificate_is_none():
    pem = certificate(400)
    assert expiry(pem) == x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    late = certificate(365 * 30)
    assert expiry(late) == x509.load_pem_x509_certificate(late.encode()).not_valid_after_utc
    for text in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", pem[:200] + pem[-30:]):
        assert expiry(text) is None


def test_a_failed_change_and_a_killed_run_are_problems():
    status = status_of(Stack(well(), history=json.dumps([{**HISTORY, "result": "failed"}])))
    assert status.problems[0].what == "the last update of the stack failed"
    seen = gather.offline(Stack(well()), Clock())  # pyright: ignore[reportArgumentType]
    seen.killed = True
    assert judge.status(seen).problems[0].what.startswith("a run was killed")


def test_a_first_run_that_was_killed_is_no_stack_of_which_nothing_is_deployed():
    seen = gather.Seen("dev", "kubeauth", resources=[], killed=True)
    found = judge.status(seen)
    assert (found.deployed, found.verdict) == (False, "wrong")
    assert found.problems[0].fix == "make repair STACK=dev"
    assert found.next[0].startswith("do what stands at `fix`")
    seen.killed = False
    assert judge.status(seen).verdict == "nothing"


def test_a_volume_that_did_not_grow_is_shown_with_both_sizes():
    items = [item for item in well() if item["kind"] != "PersistentVolumeClaim"]
    status = status_of(Stack([*items, bound("512Mi")]))
    assert status.problems[0].what == "volume claim mysqlauth-data asked for 1Gi and has 512Mi"
    assert "shop/mysqlauth-data: 512Mi of class fast, asked for 1Gi" in shown(status)


def test_a_stateful_set_is_shown_with_its_pods_and_its_claims_beside_the_deployments():
    listed = resource("apps/v1:StatefulSet", "shop/db-tablet", kind="StatefulSet", spec={"replicas": 1})
    status = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    made = {**deployment("db"), "kind": "StatefulSet", "status": {**status, "updateRevision": "r2"}}
    made["metadata"] = {**made["metadata"], "name": "db-tablet", "uid": "db-s"}
    member = pod(RUNNING, "db-tablet-0", conditions=[READY])
    member["metadata"] |= {"ownerReferences": [{"uid": "db-s"}], "labels": {"controller-revision-hash": "r2"}}
    shown = status_of(Stack([*well(), made, member], [*STATE, listed]))
    (found,) = [item for item in shown.workloads if item.kind == "StatefulSet"]
    assert (found.name, found.ready, [each.name for each in found.pods or ()]) == (
        "db-tablet",
        True,
        ["db-tablet-0-pod"],
    )
    gone = status_of(Stack(well(), [*STATE, listed]))
    assert "StatefulSet db-tablet is in the stack's state and not in the cluster" in gone.problems[0].what


KEYS = {
    "": "schema verdict exit stack project at deployed cluster workloads problems running change backups any_second"
    " restorable certificates volumes versions unknown next",
    "cluster": "way kind context server version",
    "workloads": "namespace kind name exists ready wanted available images pods",
    "change": "kind result at by commit author changes",
    "backups": "namespace name schedule suspended succeeded failed reason",
    "restorable": "namespace pod until problem",
    "certificates": "namespace secret expires problem",
    "volumes": "namespace name asked has storage_class phase",
    "versions": "kubeauth pulumi provider kubernetes",
}


def test_the_json_has_the_documented_keys_and_times_in_utc():
    data = status_of(Stack(shipping(), logs=said(20))).as_data()
    for place, keys in KEYS.items():
        part = data[place] if place else data
        assert set(part[0] if isinstance(part, list) else part) == set(keys.split()), place
    assert set(data["workloads"][0]["pods"][0]) == {"name", "node", "ready", "since", "restarts", "ended", "newest"}
    assert data["change"]["at"] == "2026-11-27T00:01:00Z"
    page = (paths.CHECKOUT / "docs/reference/status.md").read_text()
    assert [key for keys in KEYS.values() for key in keys.split() if f"`{key}`" not in page] == []
    wrong = status_of(Stack(broken(state=waiting("ImagePullBackOff")), pods=forbidden("pods"))).as_data()
    assert set(wrong["problems"][0]) == {"what", "seen", "fix"}
    assert set(wrong["unknown"][0]) == {"what", "why", "fix", "essential"}


def test_what_a_cluster_says_cannot_steer_a_terminal():
    evil = "not found \x1b[2J\x1b]0;title\x07 \u202e end"
    status = status_of(Stack(broken(state=waiting("ImagePullBackOff", evil))))
    assert not [line for line in show.lines(status) if not line.text.isprintable()]
