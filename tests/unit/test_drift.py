"""What counts as drift, and what the cluster writes by itself."""

import json
from typing import Any

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
