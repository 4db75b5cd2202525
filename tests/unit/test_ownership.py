"""Objects of other stacks and of other tools are refused by name; a stack's own are not."""

import json

import pytest

from cli.stack import policy as tools
from components.kubernetes import ownership as program
from policy import ownership
from policy.ownership import MARK, Place, Unanswered, check, marked, ref, taken
from policy.values import UNKNOWN
from policy.workloads import Resource

OURS, OTHERS = "organization/kubeauth/dev2", "organization/kubeauth/dev"
SIGNED = {"manager": "pulumi-kubernetes-1a2b3c4d"}
NAME = "Service shop/db-service"


def service(mark=OURS, name="db-service"):
    metadata = {"name": name, "namespace": "shop", "annotations": {MARK: mark} if mark else {}}
    return Resource("Service", {"apiVersion": "v1", "kind": "Service", "metadata": metadata})


def live(mark="", *managers):
    metadata = {"name": "db-service", "namespace": "shop", "annotations": {MARK: mark} if mark else {}}
    return {NAME: {"kind": "Service", "metadata": {**metadata, "managedFields": list(managers)}}}


def found(there, known: list[str] | None = None, *, adopt=False):
    return [finding.text(resource) for resource, finding in taken([service()], there, known, adopt=adopt)]


def test_program_policy_and_tools_mean_the_same_mark():
    assert program.MARK == MARK == tools.MARK


def test_another_stacks_object_is_refused_with_its_name():
    for known in (None, []):
        (text,) = found(live(OTHERS, SIGNED), known)
        assert f"exists and belongs to stack {OTHERS}" in text
    assert found(live(OTHERS, SIGNED), [], adopt=True), "another stack's object is never adopted"


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "helm", "argocd-controller"])
def test_another_tools_object_is_refused_with_the_command_that_gives_it_away(manager):
    for known in (None, []):
        (text,) = found(live("", {"manager": manager}), known)
        assert f"was made by {manager}" in text
        assert f"kubectl annotate --namespace shop service db-service {MARK}={OURS}" in text


def test_an_object_that_was_given_to_the_stack_is_taken():
    assert found(live(OURS, {"manager": "kubectl-annotate"}), []) == []


def test_the_stacks_own_object_is_no_finding():
    assert found(live(OURS, SIGNED), [NAME]) == []
    assert found(live(OURS, SIGNED)) == [], "plain pulumi up: the mark has to tell"


def test_an_object_with_the_stacks_mark_that_its_state_lacks_needs_a_word():
    (text,) = found(live(OURS, SIGNED), [])
    assert "make up ADOPT=1" in text
    assert found(live(OURS, SIGNED), [], adopt=True) == []


def test_objects_of_a_version_without_marks_are_still_the_stacks():
    assert found(live("", SIGNED), [NAME]) == []
    assert found(live("", SIGNED)) == []
    assert found(live("", SIGNED), []), "the tools know that the state lacks it"


def test_what_does_not_exist_is_no_finding():
    assert found({}, []) == []


def test_only_marked_objects_with_known_names_are_asked_for():
    unknown = service(name=UNKNOWN)  # pyright: ignore[reportArgumentType] - a name to come
    assert list(marked([service(), service(""), unknown])) == [service()]


def test_an_object_is_called_as_in_the_tools_list():
    assert ref(service().properties) == NAME
    assert ref({"kind": "Namespace", "metadata": {"name": "shop"}}) == "Namespace shop"


def test_nothing_is_asked_where_manifests_are_rendered_or_the_cluster_is_to_come():
    assert Place.of({"renderYamlToDirectory": "out"}) is None
    assert Place.of({"kubeconfig": UNKNOWN}) is None
    assert Place.of({"context": "a"}) == Place("", "a")


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl that keeps its arguments and its input, and answers what a test says."""

    def answering(text, status=0):
        path = tmp_path / "kubectl"
        script = (
            f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\ncat > {tmp_path}/input\ncat <<'E'\n{text}\nE\nexit {status}\n"
        )
        path.write_text(script)
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return answering


def test_a_cluster_is_asked_once_for_all_objects_of_its_place(kubectl, tmp_path):
    kubectl(json.dumps({"kind": "List", "items": [live(OTHERS, SIGNED)[NAME]]}))
    resources = [(service(), {"context": "a"}), (service(name="other"), {"context": "a"})]
    assert [resource.name for resource, _ in check(resources, [], adopt=False)] == ["db-service"]
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    assert "--context a" in asked
    assert len(json.loads((tmp_path / "input").read_text())["items"]) == 2


def test_a_cluster_that_does_not_answer_is_a_finding_not_a_pass(kubectl, tmp_path, monkeypatch):
    kubectl("", status=1)
    ((_, finding),) = check([(service(), {})], [], adopt=False)
    assert "the cluster did not say" in finding.problem
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(Unanswered, match="kubectl is not on PATH"):
        ownership.ask([service()], Place())
