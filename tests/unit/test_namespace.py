import pytest

from components import AppNamespace, InputErrors, Quota, Resources

from .recorder import MINE, deploy

COMMON = {
    "app.kubernetes.io/name": "namespace",
    "app.kubernetes.io/instance": "shop",
    "app.kubernetes.io/component": "namespace",
    "app.kubernetes.io/part-of": "kubeauth",
    "app.kubernetes.io/managed-by": "pulumi",
}


def test_children_names_and_parents():
    assert deploy(lambda: AppNamespace("shop", {})).tree() == [
        ("AppNamespace", "shop", ""),
        ("Namespace", "shop-namespace", "shop"),
        ("NetworkPolicy", "shop-default-deny", "shop"),
    ]


def test_the_namespace_enforces_restricted_pods_at_a_pinned_version():
    namespace = deploy(lambda: AppNamespace("shop", {"labels": {"team": "payments"}})).one(
        "Namespace", "shop-namespace"
    )
    assert namespace.inputs["metadata"] == {
        "name": "shop",
        "annotations": MINE,
        "labels": {
            **COMMON,
            "team": "payments",
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "v1.34",
            "pod-security.kubernetes.io/audit": "restricted",
            "pod-security.kubernetes.io/audit-version": "v1.34",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/warn-version": "v1.34",
        },
    }


def test_nothing_talks_unless_a_policy_allows_it():
    policy = deploy(lambda: AppNamespace("shop", {})).one("NetworkPolicy", "shop-default-deny")
    assert policy.inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policy.inputs["metadata"] == {
        "name": "shop-default-deny",
        "namespace": "shop-live",
        "labels": COMMON,
        "annotations": MINE,
    }


def test_a_quota_bounds_all_pods_together():
    quota: Quota = {"cpu": "4", "memory": "8Gi", "storage": "20Gi", "pods": 20}
    recorder = deploy(lambda: AppNamespace("shop", {"quota": quota}))
    assert recorder.one("ResourceQuota", "shop-quota").inputs["spec"] == {
        "hard": {"limits.cpu": "4", "limits.memory": "8Gi", "requests.storage": "20Gi", "pods": "20"}
    }


def test_containers_that_state_nothing_get_the_defaults():
    defaults: Resources = {"cpu_request": "50m", "cpu_limit": "1", "memory_request": "64Mi", "memory_limit": "128Mi"}
    recorder = deploy(lambda: AppNamespace("shop", {"container_defaults": defaults}))
    assert recorder.one("LimitRange", "shop-container-defaults").inputs["spec"] == {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
                "default": {"cpu": "1", "memory": "128Mi"},
            }
        ]
    }


def test_annotations_reach_every_child():
    recorder = deploy(lambda: AppNamespace("shop", {"annotations": {"example.com/owner": "x"}, "quota": {"pods": 1}}))
    assert len(recorder.all) == 4
    for child in recorder.all[1:]:
        assert child.inputs["metadata"]["annotations"] == {**MINE, "example.com/owner": "x"}, child.name


def test_the_output_is_the_name_that_the_cluster_gave():
    assert deploy(lambda: AppNamespace("shop", {})).one("AppNamespace", "shop").outputs == {"name": "shop-live"}


def test_bad_input_registers_nothing():
    with pytest.raises(InputErrors) as caught:
        AppNamespace("Shop_1", {"labels": {"name": "x", "a b": "ok", "team": "no/slash"}, "label": {}})  # pyright: ignore
    assert str(caught.value).splitlines() == [
        "AppNamespace Shop_1: 5 inputs are not allowed. Nothing of it was created or changed.",
        "1. name = 'Shop_1'",
        "   rule: 1 to 40 characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'",
        "   fix:  production-cloud",
        "2. label = (unknown key)",
        "   rule: one of: annotations, container_defaults, labels, quota, resource_name",
        "   fix:  did you mean labels?",
        "3. labels.name = 'name'",
        "   rule: not a label that kubeauth sets itself",
        "   fix:  team",
        "4. labels.a b = 'a b'",
        "   rule: a label key: [domain/]name, name of 1 to 63 characters",
        "   fix:  team",
        "5. labels.team = 'no/slash'",
        "   rule: a label value: text of at most 63 of A-Z a-z 0-9 - _ .",
        "   fix:  payments",
    ]
