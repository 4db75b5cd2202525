"""Operations that a killed run began: what was created is adopted, the rest is dropped, nothing foreign is touched."""

import copy

from tools.stack.adopt import announced, settle
from tools.stack.objects import Ref

URN = "urn:pulumi:dev::kubeauth::kubeauth:index:MySqlDatabase$kubernetes:core/v1:Secret::mysqlauth-credentials"
REF = Ref("v1", "Secret", "production-cloud", "mysqlauth-credentials-2222")
CIPHER = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def resource(name="mysqlauth-credentials-2222", **extra):
    return {
        "urn": URN,
        "custom": True,
        "type": "kubernetes:core/v1:Secret",
        "inputs": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "production-cloud"},
            "data": CIPHER,
            "__fieldManager": "pulumi-kubernetes-1",
        },
        "parent": "urn:parent",
        "dependencies": ["urn:namespace"],
        **extra,
    }


def deployment(*resources, pending=()):
    operations = [{"type": kind, "resource": item} for kind, item in pending]
    return {"manifest": {}, "resources": list(resources), "pending_operations": operations}


def live(manager="pulumi-kubernetes-1"):
    return {REF: {"kind": "Secret", "metadata": {"managedFields": [{"manager": manager}]}}}


def test_what_was_created_is_adopted_with_the_inputs_it_was_created_with():
    before = deployment(pending=[("creating", resource())])
    assert announced(before) == [REF]
    outcome = settle(before, live())
    (adopted,) = outcome.deployment["resources"]
    assert adopted["id"] == "production-cloud/mysqlauth-credentials-2222"
    assert adopted["inputs"] == adopted["outputs"] == resource()["inputs"]
    assert (adopted["parent"], adopted["dependencies"]) == ("urn:parent", ["urn:namespace"])
    assert outcome.deployment["pending_operations"] == []
    assert outcome.notes == [f"{REF}: was created and not written down; adopted"]


def test_what_was_not_created_is_dropped():
    outcome = settle(deployment(pending=[("creating", resource())]), {})
    assert outcome.deployment["resources"] == outcome.deployment["pending_operations"] == []
    assert outcome.notes == [f"{REF}: was not created"]


def test_an_object_of_somebody_else_is_left_alone():
    outcome = settle(deployment(pending=[("creating", resource())]), live("kubectl-client-side-apply"))
    assert outcome.deployment["resources"] == []
    assert outcome.notes == [f"{REF}: exists, but the interrupted run did not make it; left alone"]


def test_a_replacement_takes_the_place_and_the_old_object_is_removed_by_the_next_up():
    old = resource("mysqlauth-credentials-1111", id="production-cloud/mysqlauth-credentials-1111")
    dependent = {"urn": "urn:dependent", "id": "x"}
    outcome = settle(deployment(old, dependent, pending=[("creating", resource())]), live())
    new, kept, last = outcome.deployment["resources"]
    assert (new["id"], kept, last) == (REF.id, dependent, {**old, "delete": True})


def test_an_object_that_the_state_knows_is_not_taken_twice():
    known = resource(id=REF.id)
    outcome = settle(deployment(known, pending=[("creating", resource())]), live())
    assert outcome.deployment["resources"] == [known]


def test_updates_and_deletions_are_left_to_the_refresh():
    known = resource(id=REF.id)
    for kind in ("updating", "deleting", "reading"):
        outcome = settle(deployment(known, pending=[(kind, known)]), {})
        assert outcome.deployment["resources"] == [known]
        assert outcome.deployment["pending_operations"] == []
        assert f"{kind} was interrupted" in outcome.notes[0]


def test_components_and_providers_have_nothing_to_adopt():
    component = {"urn": "urn:x::kubeauth:index:AuthService::authenticate", "custom": False, "type": "t"}
    outcome = settle(deployment(pending=[("creating", component)]), {})
    assert outcome.deployment["resources"] == []
    assert outcome.notes == ["authenticate: was not created"]


def test_the_given_state_is_not_changed():
    given = deployment(resource("a", id="production-cloud/a"), pending=[("creating", resource())])
    before = copy.deepcopy(given)
    settle(given, live())
    assert given == before
