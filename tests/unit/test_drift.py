"""What counts as drift, and what the cluster writes by itself."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cli.preview import drift
from cli.preview.model import Change


def changed(
    old: dict[str, Any], new: dict[str, Any] | None, inputs: dict[str, Any] | None = None, op: str = "same"
) -> Change:
    kind = "kubernetes:apps/v1:Deployment"
    metadata = {
        "op": op,
        "urn": f"urn:pulumi:dev::kubeauth::{kind}::web",
        "type": kind,
        "old": {"inputs": inputs or {}, "outputs": old},
        "new": new and {"inputs": inputs or {}, "outputs": new},
    }
    (change,) = drift.compared([json.dumps({"resOutputsEvent": {"metadata": metadata}})])
    return change


DEPLOYMENT = "apps/v1:Deployment"


def _line(kind: str, old: Any, new: Any, **more: Any) -> str:
    urn = f"urn:pulumi:dev::kubeauth::kubernetes:{kind}::web"
    step = {"op": "same", "urn": urn, "type": f"kubernetes:{kind}", **more}
    return json.dumps({"resOutputsEvent": {"metadata": {**step, "old": {"outputs": old}, "new": {"outputs": new}}}})


def compared(old: Any, new: Any, strangers: Sequence[str] = (), **more: Any) -> list[Change]:
    return drift.compared([_line(DEPLOYMENT, old, new, **more)], strangers)


def test_what_the_cluster_writes_by_itself_is_no_drift():
    old = {"metadata": {"name": "web", "resourceVersion": "1", "uid": "u"}, "status": {"ready": 1}, "spec": {}}
    new = {
        "metadata": {
            "name": "web",
            "resourceVersion": "2",
            "generation": 3,
            "uid": "u",
            "managedFields": [{}],
            "annotations": {"deployment.kubernetes.io/revision": "2", "pv.kubernetes.io/bind-completed": "yes"},
        },
        "spec": {"volumeName": "pvc-1"},
    }
    assert changed(old, new).op == "same"


def test_an_object_made_again_is_drift_though_it_looks_the_same():
    change = changed({"metadata": {"name": "web", "uid": "1"}}, {"metadata": {"name": "web", "uid": "2"}})
    assert change.op == "update"
    assert drift.remedies([change]) == [f"pulumi refresh --target '{change.urn}'"]


def test_what_others_added_stays_drift_after_a_refresh_recorded_it():
    declared = {"spec": {"env": [{"name": "A"}], "from": [{"x": 1}]}, "metadata": {"labels": {"app": "web"}}}
    recorded = {
        "spec": {"env": [{"name": "A"}, {"name": "B"}], "from": [{"x": 1}, {"x": 2}], "default": ["y"]},
        "metadata": {"labels": {"app": "web", "team": "x", "kubernetes.io/metadata.name": "n"}},
    }
    change = changed(recorded, recorded, declared)
    assert change.op == "update"
    assert change.before == {
        "spec": {"env": [{"name": "A"}], "from": [{"x": 1}], "default": ["y"]},
        "metadata": {"labels": {"app": "web", "kubernetes.io/metadata.name": "n"}},
    }


def test_a_deleted_object_is_brought_back_by_up():
    change = changed({"metadata": {"name": "web"}}, None, op="delete")
    assert change.op == "delete"
    assert drift.remedies([change]) == ["PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh"]


def test_objects_of_others_are_found_but_not_those_of_controllers_and_of_kubernetes():
    listed = [
        "NetworkPolicy\tallow-all\t",
        "NetworkPolicy\tweb\t",
        "Pod\tweb-1\tReplicaSet",
        "ConfigMap\tkube-root-ca.crt\t",
        "ServiceAccount\tdefault\t",
        "Role\tkubeauth-deployer-cloud\t",
        "RoleBinding\tkubeauth-reader-cloud\t",
    ]
    found = drift.foreign("dev", "cloud", {("NetworkPolicy", "web")}, "\n".join(listed))
    assert [str(change) for change in found] == ["NetworkPolicy allow-all"]
    assert drift.remedies(found) == ["kubectl delete --namespace cloud networkpolicy/allow-all"]


RESTARTED = {"kubectl.kubernetes.io/restartedAt": "2026-11-28T19:00:00Z"}


def _pods(annotations: dict[str, Any]) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}, **({"annotations": annotations} if annotations else {})}}
    return {"metadata": {"name": "web"}, "spec": {"template": template}}


def test_a_restart_by_kubectl_is_no_drift_and_another_annotation_of_the_pods_is():
    assert changed(_pods({}), _pods(RESTARTED)).op == "same"
    assert changed(_pods(RESTARTED), _pods({}), _pods({})).op == "same"
    assert changed(_pods({"a": "b"}), _pods({"a": "b", **RESTARTED}), _pods({"a": "b"})).op == "same"
    assert changed(_pods({}), _pods({"a": "b", **RESTARTED})).op == "update"


def test_what_the_platform_writes_is_no_drift_once_the_project_says_so():
    old = {"metadata": {"name": "web", "annotations": {"team": "a"}}}
    new = {"metadata": {"name": "web", "labels": {"x.cattle.io/id": "1"}, "annotations": {"team": "a", "neg": "{}"}}}
    assert [change.op for change in compared(old, new)] == ["update"]
    assert [change.op for change in compared(old, new, strangers=["*.cattle.io/*", "neg"])] == ["same"]
    assert [change.op for change in compared(old, new, strangers=["neg"])] == ["update"]


@pytest.mark.parametrize(
    ("path", "op"),
    [
        ('metadata.annotations["neg"]', "same"),
        ("metadata.annotations", "same"),
        ("data.password", "update"),
        ("spec.metadata", "update"),
    ],
)
def test_what_only_the_engine_sees_stays_drift_but_for_keys_of_others(path, op):
    old, new = {"metadata": {"annotations": {}}}, {"metadata": {"annotations": {"neg": "{}"}}}
    [change] = compared(old, new, strangers=["neg"], op="update", detailedDiff={path: {}})
    assert change.op == op


def test_how_many_pods_an_autoscaler_of_the_stack_wants_is_no_drift():
    def pods(replicas: int) -> dict[str, Any]:
        return {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": replicas}}

    target = {"kind": "Deployment", "name": "web"}
    scaler = {"metadata": {"name": "s", "namespace": "shop"}, "spec": {"scaleTargetRef": target, "minReplicas": 2}}
    elsewhere = {**scaler, "metadata": {"name": "s", "namespace": "other"}}
    assert changed(pods(1), pods(0)).op == "update"
    for found, ops in ((scaler, ["same", "same"]), (elsewhere, ["same", "update"])):
        lines = [_line("autoscaling/v2:HorizontalPodAutoscaler", found, found), _line(DEPLOYMENT, pods(1), pods(3))]
        assert [change.op for change in drift.compared(lines)] == ops
