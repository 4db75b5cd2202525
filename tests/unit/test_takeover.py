"""What `adopt` plans, refuses and signs, without any cluster."""

import pytest

from cli.console import Problem
from cli.stack import existing, policy, signatures, takeover
from cli.stack.objects import Ref

MINE, OTHER = "organization/kubeauth/dev", "organization/shop/prod"
POD = {"containers": [{"name": "db", "image": "registry.example.com/mysql:8.4"}]}


def deployment(mark="", pod=POD, selector="db", managers=("kubectl-client-side-apply",), **metadata):
    return {
        "kind": "Deployment",
        "metadata": {
            "annotations": {policy.MARK: mark} if mark else {},
            "managedFields": [{"manager": name} for name in managers],
            **metadata,
        },
        "spec": {"selector": {"matchLabels": {"name": selector}}, "template": {"spec": pod}},
    }


def found(has, wanted=None):
    return existing.Found(Ref("apps/v1", "Deployment", "shop", "db"), wanted or deployment(MINE), has)


def test_an_object_of_another_stack_is_refused_unless_that_stack_is_named():
    with pytest.raises(Problem, match=f"Deployment shop/db belongs to stack {OTHER}"):
        existing.refuse([found(deployment(OTHER))], "")
    existing.refuse([found(deployment(OTHER)), found(deployment(MINE)), found(deployment())], OTHER)


def test_what_cannot_become_what_the_program_says_is_refused():
    with pytest.raises(Problem, match="which Kubernetes never changes"):
        existing.refuse([found(deployment(selector="mysql"))], "")
    with pytest.raises(Problem, match="is being deleted"):
        existing.refuse([found(deployment(deletionTimestamp="2026-11-27T00:00:00Z"))], "")


def claimed(name):
    return {**POD, "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def test_data_in_a_claim_that_the_program_does_not_use_is_never_left_behind():
    with pytest.raises(Problem, match="in volume claim old, and the program gives it an empty one") as refused:
        existing.refuse([found(deployment(pod=claimed("old")), deployment(MINE, pod=claimed("db-data")))], "")
    assert "existing_claim of the component in the program to old" in refused.value.fix
    existing.refuse([found(deployment(pod=claimed("old")), deployment(MINE, pod=claimed("old")))], "")


def test_a_pod_with_its_data_in_it_is_not_ended_unless_that_is_said():
    with pytest.raises(Problem, match="container db of Deployment shop/db has its data in the pod, which ends"):
        existing.refuse_loss([found(deployment())])


def test_the_plan_names_what_changes_whose_pods_end_and_what_data_goes_with_them():
    new = {"containers": [{"name": "db", "image": "mysql:9.7"}]}
    kept, replaced, lost = existing.plan([found(deployment(), deployment(MINE, pod=new))])
    assert kept == (
        "  keep Deployment shop/db (made by kubectl-client-side-apply): changes metadata.annotations,"
        " spec.template.spec.containers[0].image"
    )
    assert "its pods are replaced" in replaced
    assert "container db has its data in the pod, and it ENDS WITH IT" in lost
    assert len(list(existing.plan([found(deployment(MINE))]))) == 1, "pods that stay lose nothing"


@pytest.mark.parametrize(
    ("mounts", "volume", "lost"),
    [
        ([], {}, ["db"]),
        ([{"name": "data"}], {"emptyDir": {}}, ["db"]),
        ([{"name": "data"}], {"persistentVolumeClaim": {"claimName": "data"}}, []),
    ],
)
def test_a_database_without_a_claim_loses_its_data(mounts, volume, lost):
    pod = {"containers": [{**POD["containers"][0], "volumeMounts": mounts}], "volumes": [{"name": "data", **volume}]}
    assert existing.loses(deployment(pod=pod)) == lost


def test_all_who_applied_or_edited_are_one_signature_and_controllers_stay():
    entries = [
        {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "kube-controller-manager", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {
            "manager": "kubectl-patch",
            "operation": "Update",
            "fieldsV1": {"f:spec": {"f:paused": {}}, "f:metadata": {"f:labels": {f"f:{signatures.LABEL}": {}}}},
        },
    ]
    controller, own = takeover.signed(entries, "pulumi-kubernetes-11111111")
    assert controller == entries[1]
    assert own["fieldsV1"]["f:spec"] == {"f:replicas": {}, "f:paused": {}}
    assert signatures.of({"metadata": {"managedFields": [controller, own]}}) == "pulumi-kubernetes-11111111"


def test_a_stack_without_resources_gets_the_provider_that_pulumi_will_make():
    urn = "urn:pulumi:dev::kubeauth::pulumi:providers:kubernetes::default_4_25_0"
    steps = [{"newState": {"provider": f"{urn}::unknown"}}, {"newState": {"provider": f"{urn}::unknown"}}, {}]
    made = takeover.with_providers({"resources": None}, steps)
    [provider] = made["resources"]
    assert (provider["urn"], provider["type"]) == (urn, "pulumi:providers:kubernetes")
    assert provider["inputs"] == {"version": "4.25.0"}
    assert {step["newState"]["provider"] for step in steps[:2]} == {f"{urn}::{provider['id']}"}
    again = [{"newState": {"provider": f"{urn}::unknown"}}]
    assert takeover.with_providers(made, again) == made, "a state that has it keeps it"
