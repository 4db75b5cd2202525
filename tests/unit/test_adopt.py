"""Operations that a killed run began: what was created is adopted, the rest is dropped, nothing foreign is touched."""

import copy

from cli.stack import policy, signatures
from cli.stack.adopt import announced, from_preview, settle
from cli.stack.objects import Ref

URN = "urn:pulumi:dev::kubeauth::kubeauth:index:MySqlDatabase$kubernetes:core/v1:Secret::mysqlauth-credentials"
REF = Ref("v1", "Secret", "production-cloud", "mysqlauth-credentials-2222")
MANAGED = "app.kubernetes.io/managed-by"
MINE = {policy.MARK: "organization/kubeauth/dev"}
ONE, TWO = "pulumi-kubernetes-11111111", "pulumi-kubernetes-22222222"
CIPHER = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def resource(name="mysqlauth-credentials-2222", **extra):
    return {
        "urn": URN,
        "custom": True,
        "type": "kubernetes:core/v1:Secret",
        "inputs": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": "production-cloud", "annotations": MINE},
            "data": CIPHER,
        },
        "parent": "urn:parent",
        "dependencies": ["urn:namespace"],
        **extra,
    }


def deployment(*resources, pending=()):
    operations = [{"type": kind, "resource": item} for kind, item in pending]
    return {"manifest": {}, "resources": list(resources), "pending_operations": operations}


def owner(manager, time="2026-11-24T04:00:00Z", operation="Apply", field=f"f:{MANAGED}"):
    fields = {"f:metadata": {"f:labels": {field: {}}}}
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": fields}


def signed(*owners, mark=MINE):
    return {"kind": "Secret", "metadata": {"annotations": mark, "managedFields": list(owners)}}


def live(manager=ONE, **options):
    return {REF: signed(owner(manager), **options)}


def test_what_was_created_is_adopted_with_the_inputs_it_was_created_with():
    before = deployment(pending=[("creating", resource())])
    assert announced(before) == [REF]
    outcome = settle(before, live())
    (adopted,) = outcome.deployment["resources"]
    assert adopted["id"] == "production-cloud/mysqlauth-credentials-2222"
    assert adopted["inputs"] == resource()["inputs"]
    assert adopted["outputs"] == {**resource()["inputs"], "__fieldManager": ONE}
    assert (adopted["parent"], adopted["dependencies"]) == ("urn:parent", ["urn:namespace"])
    assert outcome.deployment["pending_operations"] == []
    assert outcome.notes == [f"{REF}: was created and not written down; adopted"]


def test_what_was_not_created_is_dropped():
    outcome = settle(deployment(pending=[("creating", resource())]), {})
    assert outcome.deployment["resources"] == outcome.deployment["pending_operations"] == []
    assert outcome.notes == [f"{REF}: was not created"]


def test_an_object_of_somebody_else_is_left_alone():
    another = {policy.MARK: "organization/kubeauth/dev2"}
    for foreign in (live("kubectl-client-side-apply"), live(mark=another), live(mark=None), live(mark={})):
        outcome = settle(deployment(pending=[("creating", resource())]), foreign)
        assert outcome.deployment["resources"] == []
        assert outcome.notes == [f"{REF}: exists, but this stack did not make it; left alone"]


def test_what_a_version_without_marks_announced_is_left_alone():
    announced_before = resource()
    announced_before["inputs"]["metadata"]["annotations"] = {}
    outcome = settle(deployment(pending=[("creating", announced_before)]), live(mark={}))
    assert outcome.deployment["resources"] == []


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


def test_of_two_signatures_the_one_in_the_state_stays():
    status = owner("kube-controller-manager", operation="Update")
    both = signed(owner(ONE), owner(TWO, "2026-11-24T05:00:00Z"), status)
    assert signatures.of(both) == TWO
    assert signatures.corrected(both, ONE) == [owner(ONE), status]
    assert signatures.corrected(signed(owner(ONE), status), ONE) is None


def test_an_object_signed_by_a_run_that_nobody_knows_gets_the_signature_of_the_state():
    assert signatures.corrected(signed(owner(TWO)), ONE) == [owner(ONE)]


def test_what_another_program_patched_stays_its_own():
    patch = owner(TWO, field="f:team")
    assert signatures.corrected(signed(owner(ONE), patch), ONE) is None


def test_a_state_older_than_the_cluster_announces_what_a_preview_would_create():
    provider = {"urn": "urn:provider", "id": "p"}
    component = {"urn": "urn:parent", "custom": False}
    service = resource("mysqlauth-service", urn="urn:service", provider="urn:provider::p")
    del service["inputs"]["data"]
    secret = resource(urn="urn:secret", provider="urn:provider::p", inputs={**service["inputs"], "data": "[secret]"})
    steps = [{"op": "create", "newState": item} for item in (component, service, secret)]
    steps.append({"op": "update", "newState": {"urn": "urn:other"}})
    grown = from_preview(deployment(provider), steps)
    assert grown["resources"] == [provider, component]
    (announcement,) = grown["pending_operations"]
    assert announcement["type"] == "creating"
    assert announcement["resource"] == {key: value for key, value in service.items() if key != "dependencies"}
