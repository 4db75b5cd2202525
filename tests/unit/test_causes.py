"""The cause of a rollout that does not succeed, from what the cluster reports."""

import subprocess

import pytest

from cli.stack import diagnose
from cli.stack.causes import NEVER, Questions, find, going
from cli.stack.namespace import Namespace

from .cluster_objects import LABELS, RUNNING, claim, deployment, event, pod, replica_set, waiting


def namespace(*items):
    return Namespace("production-cloud", [deployment(), replica_set(), *items])


def meant(*names, kind="Deployment"):
    return {(kind, name): 1 for name in names}


def failure(message):
    return {"type": "ReplicaFailure", "status": "True", "message": message}


SEEN = {
    "image": (
        [pod(waiting("ImagePullBackOff")), event("authenticate-p2", "Failed", "localhost/x:1: not found")],
        "image localhost/x:1 cannot be pulled",
        "localhost/x:1: not found",
    ),
    "memory": (
        [pod({"started": False, "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled"}}})],
        "container main needs more memory than its limit of 256Mi: the kernel ended it (OOMKilled)",
        "restarted 1 times",
    ),
    "probe": (
        [
            pod({**RUNNING, "started": False, "restartCount": 1}),
            event("authenticate-p2", "Killing", "Container main failed startup probe, will be restarted"),
            event("authenticate-p2", "Unhealthy", "Startup probe failed: connection refused"),
        ],
        "pod authenticate-pod does not pass its probe",
        "Startup probe failed: connection refused",
    ),
    "crash": (
        [
            pod(
                {
                    **waiting("CrashLoopBackOff"),
                    "restartCount": 3,
                    "lastState": {"terminated": {"exitCode": 7, "reason": "Error"}},
                }
            )
        ],
        "container main ends again and again, with exit code 7",
        "it says: first / DNS",
    ),
    "dns": (
        [pod(RUNNING), event("authenticate-p2", "Unhealthy", "Readiness probe failed: 503 name does not resolve")],
        "pod authenticate-pod runs, but names do not resolve: the cluster's DNS is down or cannot be reached",
        "Readiness probe failed: 503 name does not resolve; it says: first / DNS",
    ),
    "selector": (
        [
            {
                "kind": "Service",
                "metadata": {"name": "mysqlauth-service", "labels": LABELS},
                "spec": {"selector": {"name": "nobody"}},
            }
        ],
        "Service mysqlauth-service selects no pod: no workload of the namespace makes pods with its labels",
        "selector: name=nobody",
    ),
}


ASKED = Questions(logs=lambda pod, container: "first\nDNS\n", resolves=lambda pod, container, host: host != "nowhere")


@pytest.mark.parametrize("kind", SEEN)
def test_the_cause_is_named(kind):
    items, what, seen = SEEN[kind]
    first = find(namespace(*items), ask=ASKED)[0]
    assert (first.what, first.seen) == (what, seen)
    assert first.fix
    assert first.patience <= 60


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ('pods "x" is forbidden: violates PodSecurity "restricted:v1.34": privileged', "the namespace enforces Pod"),
        ('pods "x" is forbidden: exceeded quota: small, requested: pods=1', "quota is used up"),
        ("admission webhook said no", "the pods of authenticate-deployment are refused"),
    ],
)
def test_refused_pods_are_named_with_the_words_of_the_api_server(message, what):
    (cause,) = find(Namespace("x", [deployment(conditions=[failure(message)])]))
    assert what in cause.what
    assert cause.seen == message


def test_a_claim_that_pulumi_still_waits_for_before_it_makes_the_deployment():
    pending = claim("nope")
    pending["metadata"]["labels"] = LABELS
    failed = event("claim", "ProvisioningFailed", 'storageclass "nope" not found')
    unready = pod({"started": True}, conditions=[{"type": "Ready", "status": "False"}])
    first = find(namespace(unready, pending, failed))[0]
    assert first.what == "volume claim mysqlauth-data gets no volume from storage class nope"
    assert not [cause for cause in find(namespace(pending)) if "volume claim" in cause.what]


def test_a_pending_claim_comes_before_what_follows_from_it():
    items = [
        *(deployment(), replica_set(), pod(RUNNING)),
        deployment("mysqlauth", component="database", claim="mysqlauth-data"),
        claim("nope"),
        event("claim", "ProvisioningFailed", 'storageclass "nope" not found'),
    ]
    first, second = find(Namespace("x", items))
    assert first.what == "volume claim mysqlauth-data gets no volume from storage class nope"
    assert first.seen == 'storageclass "nope" not found'
    assert "pulumi config set mysqlStorageClass" in first.fix
    assert "readiness" in second.what
    assert second.patience == NEVER, "it waits for the database"


MYSQLD = """2026-11-26T20:00:00Z 0 [System] [MY-010116] [Server] mysqld starting
2026-11-26T20:00:01Z 6 [ERROR] [MY-000061] [Server] 1064 An error in your SQL near 'IDENTIFIED BY "pw"' at line 1
2026-11-26T20:00:01Z 0 [ERROR] [MY-010119] [Server] Aborting
2026-11-26T20:00:02Z 0 [System] [MY-015016] [Server] MySQL Server - end."""


def test_of_a_servers_log_the_first_error_is_the_cause_and_no_statement_is_shown():
    ask = Questions(logs=lambda pod, container: MYSQLD, resolves=lambda pod, container, host: True)
    crashed = {**waiting("CrashLoopBackOff"), "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    (cause,) = find(namespace(pod(crashed)), ask=ask)
    assert cause.seen == ("it says: 2026-11-26T20:00:01Z 6 [ERROR] [MY-000061] [Server] 1064 An error in your SQL")


def test_wrong_sql_at_a_start_is_named_soon():
    said = "Startup probe failed: error: the SQL of this start ended early, in line 3 of init_sql: see"
    items = [pod({**RUNNING, "started": False}), event("authenticate-p2", "Unhealthy", said)]
    (cause,) = find(namespace(*items), ask=ASKED)
    assert cause.what == "the accounts' SQL of pod authenticate-pod did not run to its end"
    assert "in line 3 of init_sql" in cause.seen
    assert cause.patience == 15


def test_a_slow_start_is_no_failure():
    for state in (waiting("ContainerCreating"), waiting("PodInitializing"), {**RUNNING, "started": False}):
        assert find(namespace(pod(state))) == []
    probing = find(namespace(pod({**RUNNING, "started": False}), event("authenticate-p2", "Unhealthy", "not yet")))
    assert [cause.patience for cause in probing] == [NEVER]


def test_old_pods_and_finished_rollouts_have_no_causes():
    broken = pod(waiting("ImagePullBackOff"), revision="1")
    assert find(namespace(replica_set(revision="1"), broken)) == []
    assert find(Namespace("x", [deployment(ready=True), replica_set(), pod(waiting("ImagePullBackOff"))])) == []


def test_only_the_deployments_in_question_count():
    items = [pod(waiting("ImagePullBackOff"))]
    assert find(namespace(*items), only={"mysqlauth-deployment"}) == []
    assert find(namespace(*items), only={"authenticate-deployment"})


@pytest.mark.parametrize(("host", "what"), [("nowhere", "names do not resolve"), ("here", "readiness probe fails")])
def test_a_pod_that_hangs_is_asked_whether_it_can_look_up_its_database(host, what):
    hanging = pod(RUNNING)
    hanging["spec"]["containers"][0]["env"] = [{"name": "DB_HOST", "value": f"{host}:3306"}]
    (cause,) = find(namespace(hanging), ask=ASKED)
    assert what in cause.what


@pytest.mark.parametrize(
    ("host", "asked", "ended", "status"),
    [
        ("db.shop.svc.cluster.local", "ahosts db.shop.svc.cluster.local.", 2, diagnose.UNRESOLVED),
        ("db.shop", "ahosts db.shop", 2, diagnose.UNRESOLVED),
        ("db.shop", "ahosts db.shop", 0, 0),
        # One that knows no such question has not said that the name is not there.
        ("db.shop", "ahosts db.shop", 1, 0),
    ],
    ids=["full name", "short name", "found", "no answer"],
)
def test_a_full_name_is_looked_up_without_search_domains_and_only_not_found_counts(
    tmp_path, host, asked, ended, status
):
    program = tmp_path / "getent"
    program.write_text(f'#!/bin/sh\necho "$RES_OPTIONS: $*" > {tmp_path}/asked\nexit {ended}\n')
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", diagnose.LOOK_UP, "sh", host], env=env, capture_output=True, check=False)
    assert done.returncode == status
    assert (tmp_path / "asked").read_text() == f"timeout:1 attempts:1: {asked}\n"


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("429 Too Many Requests - toomanyrequests: You have reached your pull rate limit", "allows no more pulls"),
        ("failed to authorize: 401 Unauthorized", "wants a login, or there is no such repository"),
        ("pull access denied, repository does not exist", "wants a login, or there is no such repository"),
        ("localhost/x:1: not found", "name one that exists"),
    ],
)
def test_what_to_do_about_an_image_follows_the_registrys_words(said, fix):
    objects = [pod(waiting("ImagePullBackOff")), event("authenticate-p2", "Failed", f"localhost/x:1: {said}")]
    (cause, *_) = find(Namespace("x", [deployment(), replica_set(), *objects]))
    assert fix in cause.fix
    assert "pulumi config set authImage <image> --plaintext" in cause.fix


def test_an_exporters_image_is_not_mistaken_for_the_databases():
    name = "mysqlauth-metrics"
    objects = [deployment(name, component="metrics"), replica_set(name), pod(waiting("ImagePullBackOff"), name)]
    (cause, *_) = find(Namespace("x", objects), {f"{name}-deployment"}, keys=["mysqlImage", "mysqlMetricsImage"])
    assert "pulumi config set mysqlMetricsImage" in cause.fix


CREATING = waiting("ContainerCreating")
MOUNT = 'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.key'


@pytest.mark.parametrize(
    ("reason", "said", "what"),
    [
        ("FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "db-tls" not found', "for Secret db-tls"),
        ("FailedMount", 'MountVolume.SetUp failed : configmap "settings" not found', "for ConfigMap settings"),
        ("FailedMount", MOUNT, "for key tls.key"),
        ("FailedAttachVolume", "Multi-Attach error for volume", "for a volume that cannot be attached or mounted"),
    ],
)
def test_a_mount_that_cannot_be_made_is_named_and_may_still_come(reason, said, what):
    (cause,) = find(namespace(pod(CREATING), event("authenticate-p2", reason, said)))
    assert what in cause.what
    assert (cause.seen, cause.patience) == (said, NEVER)
    begun = pod({**RUNNING, "started": False})
    assert not find(namespace(begun, event("authenticate-p2", reason, said))), "it was mounted since"


FULL = "Readiness probe failed: error: the data volume has 12 MiB left, less than 16: give it a larger storage_size"


INODES = "Readiness probe failed: error: the data volume has 3 inodes left, less than 16: give it a larger storage_size"


@pytest.mark.parametrize("said", [FULL, INODES, "error: the data volume takes no writes: Disk quota exceeded"])
def test_a_full_volume_is_named_with_the_key_that_makes_it_larger(said):
    items = [
        *(deployment("mysqlauth", component="database"), replica_set("mysqlauth"), pod(RUNNING, "mysqlauth")),
        event("mysqlauth-p2", "Unhealthy", said),
    ]
    (cause,) = find(Namespace("x", items))
    assert cause.what == "the volume of pod mysqlauth-pod is full"
    assert "pulumi config set mysqlStorageSize <more>" in cause.fix
    assert cause.patience <= 20, "with the probe's ten seconds it is told within thirty"
    full = [*items[:2], pod({**waiting("CrashLoopBackOff"), "restartCount": 3}, "mysqlauth")]
    ask = Questions(lambda *_: "[ERROR] [MY-010131] (errno: 28 - No space left on device)", lambda *_: True)
    assert find(Namespace("x", full), ask=ask)[0].what == cause.what


@pytest.mark.parametrize(
    ("log", "seen"),
    [
        (
            "starting\nerror: the key password of the Secret holds a line break\nmore\nbye\n",
            "error: the key password of the",
        ),
        ("x [ERROR] [MY-014061] [Server] Invalid MySQL server downgrade\nAborting\nend\n", "x [ERROR] [MY-014061]"),
    ],
)
def test_what_a_start_refuses_is_its_first_error(log, seen):
    crashed = {**waiting("CrashLoopBackOff"), "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    (cause,) = find(namespace(pod(crashed)), ask=Questions(lambda *_: log, lambda *_: True))
    assert cause.seen.startswith(f"it says: {seen}")
    assert ("put the image back that wrote the data" in cause.fix) == ("downgrade" in log)


def test_an_evicted_pod_is_named_with_what_it_used_up():
    evicted = pod({"state": {"terminated": {"reason": "Error", "exitCode": 137}}, "restartCount": 2})
    evicted["status"] |= {"phase": "Failed", "reason": "Evicted", "message": 'Usage of EmptyDir volume "tmp" exceeds'}
    (cause,) = find(namespace(evicted))
    assert cause.what == "pod authenticate-pod was evicted"
    assert "Usage of EmptyDir" in cause.seen


def test_a_node_that_does_not_answer_is_named():
    unready = pod({"state": {"running": {}}}, conditions=[{"type": "Ready", "status": "False"}])
    unready["spec"]["nodeName"] = "one"
    cause = find(namespace(unready, event("authenticate-p2", "NodeNotReady", "Node is not ready")))[0]
    assert cause.what == "node one does not answer; on it: authenticate-pod"
    assert "kubectl describe node one" in cause.fix


def test_all_pods_of_a_node_that_does_not_answer_are_one_cause_and_nothing_old_is_told_of_them():
    pods = []
    for number in (1, 2):
        lost = pod({"state": {"running": {}}, "started": False}, conditions=[{"type": "Ready", "status": "False"}])
        lost["metadata"] = lost["metadata"] | {"name": f"pod-{number}", "uid": f"uid-{number}"}
        lost["spec"] = lost["spec"] | {"nodeName": "one"}
        said = ("NodeNotReady", "Node is not ready"), ("Unhealthy", "Startup probe failed: refused")
        pods += [lost, *(event(f"uid-{number}", *each) for each in said)]
    assert [cause.what for cause in find(namespace(*pods))] == ["node one does not answer; on it: pod-1, pod-2"]


def test_a_container_that_initialised_and_ended_is_not_one_that_does_not_start():
    ended = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}, "started": False}
    ready = pod({"state": {"running": {}}, "started": True}, conditions=[{"type": "Ready", "status": "True"}])
    ready["status"]["initContainerStatuses"] = [{"name": "certificate", "image": "i", **ended}]
    assert not find(namespace(ready, event("authenticate-p2", "Unhealthy", "Startup probe failed: refused")))


def test_a_volume_that_did_not_grow_is_named_though_all_pods_run():
    grown = claim("fast")
    grown["metadata"]["labels"] = LABELS
    grown["spec"]["resources"] = {"requests": {"storage": "2Gi"}}
    grown["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    ready = [deployment(ready=True), grown]
    (cause,) = find(Namespace("x", ready))
    assert cause.what == "volume claim mysqlauth-data asked for 2Gi and has 1Gi"
    grown["status"]["capacity"]["storage"] = "2048Mi"
    assert not find(Namespace("x", ready))


def test_what_the_program_has_and_somebody_took_away_comes_first():
    scaled = deployment("mysqlauth", component="database")
    scaled["spec"]["replicas"] = 0
    scaled["status"] |= {"replicas": 0, "updatedReplicas": 0}
    hanging = pod(RUNNING)
    causes = find(namespace(scaled, hanging), replicas=meant("mysqlauth-deployment", "gone", "authenticate-deployment"))
    assert [cause.what.partition(" is ")[0] for cause in causes[:2]] == [
        "Deployment gone",
        "Deployment mysqlauth-deployment",
    ]
    assert causes[1].fix == "kubectl -n production-cloud scale deployment/mysqlauth-deployment --replicas=1"
    assert not find(Namespace("x", [], unread=["Deployment"]), replicas=meant("gone")), "nobody can tell"


def test_what_could_not_be_read_is_not_taken_for_missing():
    using = deployment("mysqlauth", component="database", claim="mysqlauth-data")
    assert "volume claim mysqlauth-data does not exist" in find(Namespace("x", [using]))[0].what
    assert not find(Namespace("x", [using], unread=["PersistentVolumeClaim"]))
    (service,), *_ = SEEN["selector"]
    assert not find(Namespace("x", [service], unread=["Deployment"]))


def test_a_deployment_of_no_component_is_explained_where_the_program_has_it_but_ends_no_run():
    stranger = deployment()
    stranger["metadata"]["labels"] = {}
    objects = Namespace("x", [stranger, replica_set(), pod(waiting("ImagePullBackOff", "not found"))])
    (cause,) = find(objects, replicas=meant("authenticate-deployment"))
    assert "change its image in the program" in cause.fix
    assert not find(objects, only={"authenticate-deployment"})


def test_another_programs_keys_are_not_named():
    (cause,) = find(namespace(pod(waiting("ImagePullBackOff", "not found"))), keys=["tier"])
    assert cause.fix.endswith("set image of the component in the program to <image>")


def test_a_namespace_that_is_going_says_what_keeps_it():
    told = {
        "type": "NamespaceDeletionDiscoveryFailure",
        "status": "True",
        "message": "unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1",
    }
    cause = going({"metadata": {"name": "shop"}, "status": {"phase": "Terminating", "conditions": [told]}})
    assert cause
    assert "metrics.k8s.io" in cause.seen
    assert "kubectl get apiservices" in cause.fix
    assert going({"metadata": {"name": "shop"}, "status": {"phase": "Active"}}) is None


def stateful(*, ready=0, **more):
    status = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": ready}
    return {
        **deployment("db"),
        "kind": "StatefulSet",
        "metadata": {**deployment("db")["metadata"], "name": "db-tablet", "uid": "db-s"},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"name": "db-selector"}}, "spec": {}}},
        "status": {**status, "updateRevision": "db-2"},
        **more,
    }


def member(status, revision="db-2"):
    made = pod(status)
    owner = [{"kind": "StatefulSet", "uid": "db-s"}]
    metadata = {**made["metadata"], "name": "db-tablet-0", "ownerReferences": owner}
    return {**made, "metadata": {**metadata, "labels": {"controller-revision-hash": revision}}}


def test_a_stateful_sets_pods_match_its_service():
    service = {
        "kind": "Service",
        "metadata": {"name": "db", "labels": LABELS},
        "spec": {"selector": {"name": "db-selector"}},
    }
    assert not find(Namespace("x", [stateful(ready=3), service]))
    lost = {**service, "spec": {"selector": {"name": "db"}}}
    assert "Service db selects no pod" in find(Namespace("x", [stateful(ready=3), lost]))[0].what
    gateways = {**LABELS, "app.kubernetes.io/component": "database"}
    early = {**lost, "metadata": {"name": "db", "labels": gateways}}
    assert not find(Namespace("x", [stateful(ready=3), early])), "its workload is made after the servers"


def test_a_stateful_sets_pods_say_why_it_is_not_ready_and_those_of_its_last_version_do_not():
    objects = [stateful(), member(waiting("ImagePullBackOff"))]
    assert "cannot be pulled" in find(Namespace("x", objects))[0].what
    assert not find(Namespace("x", [stateful(), member(waiting("ImagePullBackOff"), "db-1")]))
    assert not find(Namespace("x", [stateful(ready=3), member(waiting("ImagePullBackOff"))])), "it is complete"


def test_a_stateful_set_whose_pods_are_refused_says_so_in_its_events_only():
    said = 'pods "db-tablet-0" is forbidden: violates PodSecurity "restricted:v1.34": runAsNonRoot != true'
    (cause,) = find(Namespace("x", [stateful(), event("db-s", "FailedCreate", said)]))
    assert (cause.what, cause.seen) == (
        "the pods of db-tablet are refused: the namespace enforces Pod Security and the pod breaks it",
        said,
    )
    healed = [stateful(), event("db-s", "FailedCreate", said), *three()]
    assert not find(Namespace("x", healed))


def three():
    ready = {"type": "Ready", "status": "True"}
    for number in range(3):
        made = member(RUNNING)
        metadata = {**made["metadata"], "name": f"db-tablet-{number}"}
        yield {**made, "metadata": metadata, "status": {**made["status"], "conditions": [ready]}}


def test_a_stateful_set_that_somebody_deleted_or_scaled_to_nothing_is_told_from_a_deployment_of_its_name():
    scaled = stateful()
    scaled["spec"]["replicas"] = 0
    (cause,) = find(Namespace("x", [scaled]), replicas=meant("db-tablet", kind="StatefulSet"))
    assert cause.fix == "kubectl -n x scale statefulset/db-tablet --replicas=1"
    (cause,) = find(Namespace("x", [stateful(ready=3)]), replicas=meant("db-tablet"))
    assert cause.what.startswith("Deployment db-tablet is in the stack's state and not in the cluster")


@pytest.mark.parametrize(
    ("labels", "name", "key"),
    [("tablet", "db-tablet", "mysqlClusterImage"), ("etcd", "db-etcd", "mysqlEtcdImage")],
)
def test_an_image_of_a_clusters_programs_is_changed_by_its_own_key(labels, name, key):
    made = stateful()
    made["metadata"] |= {"name": name, "labels": {**LABELS, "app.kubernetes.io/component": labels}}
    assert f"pulumi config set {key} " in find(Namespace("x", [made, member(waiting("ImagePullBackOff"))]))[0].fix


def test_a_gateways_image_is_the_clusters_and_its_servers_memory_has_the_key_of_one_server():
    made = deployment("db", component="database")
    made["metadata"]["name"] = "db-vtgate"
    objects = [made, replica_set("db"), pod(waiting("ImagePullBackOff"), "db")]
    assert "pulumi config set mysqlClusterImage " in find(Namespace("x", objects))[0].fix
    tablets = stateful()
    tablets["metadata"]["labels"] = {**LABELS, "app.kubernetes.io/component": "tablet"}
    killed = member(
        {"name": "mysqld", "started": False, "restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled"}}}
    )
    assert "pulumi config set mysqlResourcesMemoryLimit " in find(Namespace("x", [tablets, killed]))[0].fix


def job(status, owners=()):
    metadata = {"name": "mysqlauth-shards", "uid": "job", "labels": LABELS, "ownerReferences": list(owners)}
    told = [{"type": "Failed", "status": status, "message": "Container shards failed with exit code 3"}]
    made = pod(RUNNING, "mysqlauth")
    made["metadata"]["ownerReferences"] = [{"uid": "job"}]
    return [{"kind": "Job", "metadata": metadata, "spec": {}, "status": {"conditions": told}}, made]


def test_a_job_that_gave_up_ends_the_wait_at_once_with_its_last_error():
    logs = Questions(lambda *_: "waiting\nerror: shard 0 serves, not -80\n", lambda *_: True)
    (cause,) = find(Namespace("x", job("True")), ask=logs)
    assert (cause.what, cause.seen) == ("Job mysqlauth-shards failed", "error: shard 0 serves, not -80")
    assert cause.patience == 0
    (cause,) = find(Namespace("x", job("True")), {"mysqlauth-shards"})
    assert cause.seen == "Container shards failed with exit code 3"


def test_a_job_that_works_or_is_a_commands_or_is_not_waited_for_is_no_cause():
    assert find(Namespace("x", job("False"))) == []
    assert find(Namespace("x", job("True", owners=[{"uid": "cronjob"}]))) == []
    assert find(Namespace("x", job("True")), {"authenticate"}) == []
