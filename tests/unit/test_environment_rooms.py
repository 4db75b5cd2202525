"""What an environment's namespace gets before the program runs, and what its user may do on a cluster."""

import json
from typing import Any

import pytest
import yaml

from cli import programs
from cli.console import Problem
from cli.environment import room
from cli.stack import environment_rights, rights

HOME = environment_rights.HOME
REGISTRY = {
    "metadata": {"name": "registry", "namespace": HOME, "uid": "1", "resourceVersion": "7", "annotations": {"a": "b"}},
    "type": "kubernetes.io/dockerconfigjson",
    "data": {".dockerconfigjson": "e30="},
}
MARK = "organization/shop/env-pr-5"


class Cluster:
    """Stands for a stack whose cluster has some Secrets and a user, and knows new rights after a while."""

    def __init__(self, user: str = "admin", *, late: int = 0) -> None:
        self.user = user
        self.late = late
        self.applied: list[dict[str, Any]] = []

    def mark(self) -> str:
        return MARK

    def ask(self, *command: str, purpose: str, text: str = "", **options: Any) -> str:
        if command[1:3] == ("auth", "whoami"):
            return self.user
        if command[1] == "apply":
            objects = list(yaml.safe_load_all(text))
            if self.late and objects[0]["kind"] == "Secret":
                self.late -= 1
                raise programs.Forbidden(purpose)
            self.applied += objects
            return ""
        if command[5] != "registry":
            raise programs.NotFound(purpose)
        return json.dumps(REGISTRY)


def prepared(cluster: Any, *wanted: str) -> list[str]:
    room.prepare(cluster, "pr-5", "shop-pr-5", wanted)
    return [f"{item['kind']} {item['metadata']['name']}" for item in cluster.applied]


def test_without_secrets_an_administrators_environment_is_made_by_the_program_alone():
    assert prepared(Cluster()) == []


def test_a_secret_is_copied_with_its_type_and_content_and_the_environments_mark_alone():
    cluster = Cluster()
    assert prepared(cluster, "registry") == ["Namespace shop-pr-5", "Secret registry"]
    namespace, secret = cluster.applied
    assert secret == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "registry", "namespace": "shop-pr-5", "annotations": {"kubeauth/stack": MARK}},
        "type": REGISTRY["type"],
        "data": REGISTRY["data"],
    }
    assert namespace["metadata"]["annotations"] == {"kubeauth/stack": MARK}
    assert rights.ENFORCE not in namespace["metadata"]["labels"], "how strict it is, the program says"


def test_a_secret_that_is_missing_is_named_before_anything_is_made():
    cluster = Cluster()
    with pytest.raises(Problem, match="Secret tls in namespace kubeauth-environments does not exist") as raised:
        prepared(cluster, "registry", "tls")
    assert "create secret" in raised.value.fix
    assert cluster.applied == []


def test_a_token_of_the_cluster_is_not_copied():
    with pytest.raises(Problem, match="is a token of this cluster"):
        room.copy({**REGISTRY, "type": "kubernetes.io/service-account-token"}, "shop-pr-5", MARK)


def test_the_user_of_environments_gets_its_rights_first_and_waits_until_they_count(monkeypatch):
    monkeypatch.setattr(room.time, "sleep", lambda seconds: None)
    cluster = Cluster(environment_rights.USER, late=2)
    in_order = ["Namespace shop-pr-5", "RoleBinding kubeauth-environment", "Secret registry"]
    assert prepared(cluster, "registry") == in_order
    labels = cluster.applied[0]["metadata"]["labels"]
    assert labels == {environment_rights.LABEL: "pr-5", rights.ENFORCE: "restricted"}


def test_outside_of_environments_its_user_reads_no_secret_but_by_name_in_their_own_namespace():
    made = environment_rights.manifests()
    bound = [item for item in made if item["kind"] in ("ClusterRoleBinding", "RoleBinding")]
    assert {(item["kind"], item["roleRef"]["name"]) for item in bound} == {
        ("ClusterRoleBinding", HOME),
        ("RoleBinding", HOME),
    }
    rules = {(item["kind"], item["metadata"]["name"]): item["rules"] for item in made if "rules" in item}
    assert rules["Role", HOME] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    everywhere = {resource: rule["verbs"] for rule in rules["ClusterRole", HOME] for resource in rule["resources"]}
    assert everywhere.keys() == {"namespaces", "storageclasses", "rolebindings", "clusterroles"}
    assert rules["ClusterRole", HOME][-1]["resourceNames"] == [environment_rights.INSIDE]
    assert everywhere["clusterroles"] == ["bind"]


def test_every_change_that_it_may_make_everywhere_is_bounded_by_an_admission_policy():
    policies = [item for item in environment_rights.manifests() if item["kind"] == "ValidatingAdmissionPolicy"]
    bounded = {rule["resources"][0]: rule["operations"] for item in policies
               for rule in item["spec"]["matchConstraints"]["resourceRules"]}  # fmt: skip
    assert bounded == {key: ["CREATE", "UPDATE", "DELETE"] for key in ("namespaces", "rolebindings")}
    for item in policies:
        assert item["spec"]["failurePolicy"] == "Fail"
        assert environment_rights.USER in item["spec"]["matchConditions"][0]["expression"]
        assert all(environment_rights.LABEL in one["expression"] for one in item["spec"]["validations"])
