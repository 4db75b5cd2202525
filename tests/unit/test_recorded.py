"""What a run without checkpoints made is found by its plan, its events and the stack's mark, and nothing else is."""

import copy
import json

import pytest

from cli.stack import adopt, policy, recorded
from cli.stack.objects import Ref
from cli.stack.recorded import Step

MARK = "organization/kubeauth/dev"
LEFT_OUT = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
ROOT = "urn:pulumi:dev::kubeauth::"
STACK, PROVIDER = f"{ROOT}pulumi:pulumi:Stack::kubeauth-dev", f"{ROOT}pulumi:providers:kubernetes::default_4_25_0"
COMPONENT = f"{ROOT}kubeauth:index:MySqlDatabase::db"
HOME = f"{ROOT}kubernetes:core/v1:Namespace::home"
ONE, TWO = "pulumi-kubernetes-11111111", "pulumi-kubernetes-22222222"


def urn(name, kind="core/v1:Secret"):
    return f"{ROOT}kubeauth:index:MySqlDatabase$kubernetes:{kind}::{name}"


def inputs(name, kind="Secret", mark=MARK, chosen=True, **fields):
    notes = {policy.MARK: mark, **({"pulumi.com/autonamed": "true"} if chosen else {})}
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "home", "annotations": notes},
    } | fields


def state(of, given, type_="kubernetes:core/v1:Secret", **more):
    known = {"urn": of, "type": type_, "custom": True, "id": "", "parent": COMPONENT, "inputs": given}
    return {**known, "provider": f"{PROVIDER}::04da6b54", "outputs": {"x": 1}, **more}


SECRET = state(urn("db-credentials"), inputs("db-credentials-0a1b2c3d", data=LEFT_OUT))
SURROUNDINGS = [
    ("create", {"urn": STACK, "type": "pulumi:pulumi:Stack", "inputs": {}}),
    ("create", {"urn": COMPONENT, "type": "kubeauth:index:MySqlDatabase", "parent": STACK, "inputs": {}}),
    (
        "create",
        {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "custom": True, "inputs": {"version": "4.25.0"}},
    ),
]


def log(*taken, event="resourcePreEvent"):
    return [json.dumps({event: {"metadata": {"op": op, "urn": new["urn"], "new": new}}}) for op, new in taken]


def steps(*taken):
    return recorded.steps(log(*taken))


PLAN = steps(*SURROUNDINGS, ("create", SECRET))


def signed(name, manager=ONE, created="2026-11-27T10:00:00Z", mark=MARK, **fields):
    label = {"f:metadata": {"f:labels": {"f:app.kubernetes.io/managed-by": {}}}}
    owner = {"manager": manager, "operation": "Apply", "time": created, "fieldsV1": label}
    found = inputs(name, mark=mark, **fields)
    found["metadata"] |= {"managedFields": [owner], "creationTimestamp": created}
    return found


def ref(name, kind="Secret"):
    return Ref("v1", kind, "home", name)


def replayed(before, planned, begun, cluster):
    """As cli/stack/repair.py puts it together, with a cluster as a table."""
    added, pending = recorded.operations(before, planned, begun, set(cluster))
    grown = {**before, "resources": [*before.get("resources", []), *added], "pending_operations": pending}
    asked = adopt.announced(grown)
    live = {one: cluster[one] for one in asked if one in cluster}
    there = recorded.existing(pending, before, live)
    return adopt.settle({**grown, "pending_operations": there}, live, set(asked) - set(live))


def test_what_was_made_from_nothing_is_adopted_with_its_parents_its_provider_and_its_secret():
    begun = [*PLAN, *steps(("create", state(urn("db-credentials"), inputs("db-credentials-99999999", data=LEFT_OUT))))]
    cluster = {ref("db-credentials-99999999"): signed("db-credentials-99999999", data={"password": "cHc="})}
    outcome = replayed({}, PLAN, begun, cluster)
    *around, adopted = outcome.deployment["resources"]
    assert [item["urn"] for item in around] == [STACK, COMPONENT, PROVIDER]
    assert adopted["id"] == "home/db-credentials-99999999"
    assert adopted["provider"] == f"{PROVIDER}::{around[2]['id']}"
    assert adopted["inputs"]["data"] == {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": '{"password": "cHc="}',
    }
    assert adopted["outputs"]["__fieldManager"] == ONE
    assert adopted["additionalSecretOutputs"] == ["data", "stringData"]
    assert outcome.deployment["pending_operations"] == []


def test_what_was_made_before_its_event_was_written_is_found_by_plan_and_mark():
    # The plan says -0a1b2c3d, the run chose another end.
    cluster = {ref("db-credentials-99999999"): signed("db-credentials-99999999", data={})}
    outcome = replayed({}, PLAN, [], cluster)
    assert outcome.deployment["resources"][-1]["id"] == "home/db-credentials-99999999"


@pytest.mark.parametrize(
    "item",
    [
        signed("db-credentials-99999999", mark="organization/other/dev", data={}),
        {**signed("db-credentials-99999999", data={}), "metadata": inputs("db-credentials-99999999")["metadata"]},
    ],
    ids=["another stack's", "not the provider's"],
)
def test_what_this_stack_did_not_make_is_left_alone(item):
    outcome = replayed({}, PLAN, [], {ref("db-credentials-99999999"): item})
    assert not [known for known in outcome.deployment["resources"] if known["type"].startswith("kubernetes:")]


def test_an_object_of_another_name_is_not_taken_for_one_with_a_chosen_name():
    for name in ("db-credentials", "db-credentials-copy", "db-credentials-extra-99999999", "other-99999999"):
        assert replayed({}, PLAN, [], {ref(name): signed(name, data={})}).notes == []


def test_what_was_never_made_is_not_in_the_state_and_not_told():
    outcome = replayed({}, PLAN, PLAN, {})
    assert not [known for known in outcome.deployment["resources"] if known["type"].startswith("kubernetes:")]
    assert outcome.notes == []


def deployed(name="db-credentials-00000001", **more):
    old = state(urn("db-credentials"), inputs(name, data={"ciphertext": "v1:x"}), id=f"home/{name}")
    old |= {"dependencies": [HOME], "outputs": {"__fieldManager": TWO}, **more}
    around = [dict(item) for _, item in SURROUNDINGS]
    around[2]["id"] = "id-of-the-provider"
    return {"resources": [*around, {"urn": HOME, "type": "t", "inputs": {}}, old]}


REPLACED = steps(("create-replacement", SECRET))


def test_of_a_replacement_the_new_one_is_adopted_and_the_old_one_goes_with_the_next_up():
    cluster = {
        ref("db-credentials-00000001"): signed("db-credentials-00000001", TWO, "2026-11-27T09:00:00Z"),
        ref("db-credentials-99999999"): signed("db-credentials-99999999", data={}),
    }
    for begun in ([], steps(("create-replacement", state(urn("db-credentials"), inputs("db-credentials-99999999"))))):
        found = replayed(deployed(), REPLACED, begun, cluster).deployment["resources"]
        new, old = [item for item in found if item["urn"] == urn("db-credentials")]
        assert (new["id"], new.get("delete"), old["id"], old["delete"]) == (
            "home/db-credentials-99999999", None, "home/db-credentials-00000001", True)  # fmt: skip
        assert (new["dependencies"], new["provider"]) == ([HOME], f"{PROVIDER}::id-of-the-provider")


def test_of_a_replacement_that_came_to_its_end_the_old_one_is_forgotten():
    cluster = {ref("db-credentials-99999999"): signed("db-credentials-99999999", data={})}
    found = replayed(deployed(), REPLACED, [], cluster).deployment["resources"]
    assert [item["id"] for item in found if item["urn"] == urn("db-credentials")] == ["home/db-credentials-99999999"]


def test_what_a_later_run_replaced_already_is_to_be_removed_and_never_becomes_the_current_one():
    # Plain `pulumi up` between the kill and the repair knows nothing of the journal.
    cluster = {
        ref("db-credentials-00000001"): signed("db-credentials-00000001", TWO, "2026-11-27T11:00:00Z"),
        ref("db-credentials-99999999"): signed("db-credentials-99999999", data={}),
    }
    found = replayed(deployed(), REPLACED, [], cluster).deployment["resources"]
    current, old = [item for item in found if item["urn"] == urn("db-credentials")]
    assert (current["id"], old["id"], old["delete"]) == (
        "home/db-credentials-00000001", "home/db-credentials-99999999", True)  # fmt: skip


def test_an_object_made_anew_under_its_old_name_gives_the_state_its_signature():
    cluster = {ref("db-credentials-00000001"): signed("db-credentials-00000001", ONE)}
    begun = steps(("create-replacement", state(urn("db-credentials"), inputs("db-credentials-00000001"))))
    found = replayed(deployed(), [], begun, cluster).deployment["resources"]
    assert [item["outputs"] for item in found if item["urn"] == urn("db-credentials")] == [{"__fieldManager": ONE}]


def test_a_second_time_finds_nothing():
    cluster = {ref("db-credentials-99999999"): signed("db-credentials-99999999", data={"password": "cHc="})}
    once = replayed({}, PLAN, [], cluster).deployment
    again = replayed(once, PLAN, [], cluster)
    assert (again.deployment["resources"], again.notes) == (once["resources"], [])


def test_what_is_in_a_namespace_depends_on_it_so_that_a_destroy_keeps_the_order():
    home = state(HOME, inputs("home", "Namespace", chosen=False), "kubernetes:core/v1:Namespace")
    home["inputs"]["metadata"].pop("namespace")
    begun = steps(*SURROUNDINGS, ("create", SECRET), ("create", home))
    cluster = {
        Ref("v1", "Namespace", "", "home"): {**signed("home"), "kind": "Namespace"},
        ref("db-credentials-0a1b2c3d"): signed("db-credentials-0a1b2c3d", data={}),
    }
    found = [item for item in replayed({}, PLAN, begun, cluster).deployment["resources"] if item["type"][:4] == "kube"]
    assert [item["urn"] for item in found[-2:]] == [HOME, urn("db-credentials")]
    assert found[-1]["dependencies"] == [HOME]


def test_a_secret_that_cannot_be_read_back_ends_it():
    with pytest.raises(LookupError):
        replayed({}, PLAN, [], {ref("db-credentials-99999999"): signed("db-credentials-99999999")})


def test_what_is_given_is_not_changed():
    before, cluster = deployed(), {ref("db-credentials-99999999"): signed("db-credentials-99999999", data={})}
    plan, kept = copy.deepcopy(REPLACED), copy.deepcopy(before)
    replayed(before, REPLACED, [], cluster)
    assert (before, REPLACED) == (kept, plan)


def test_a_line_that_a_kill_cut_off_is_no_event():
    whole = log(*SURROUNDINGS, ("same", SECRET), ("refresh", SECRET))
    assert [step.urn for step in recorded.steps([*whole, whole[0][:40], "", "\0\0"])] == [STACK, COMPONENT, PROVIDER]


def test_the_id_of_a_provider_is_the_one_it_got():
    op, made = SURROUNDINGS[2]
    [step] = recorded.steps([*log((op, made)), *log((op, {**made, "id": "its-id"}), event="resOutputsEvent")])
    assert step.resource["id"] == "its-id"


def why(op="create", type_="kubernetes:core/v1:Secret", given=None, **more):
    given = inputs("db-credentials-0a1b2c3d", data=LEFT_OUT) if given is None else given
    return recorded.unrecognizable(Step(op, state(urn("db-credentials"), given, type_, **more)), MARK)


def test_objects_with_the_stacks_mark_need_no_checkpoints():
    assert why() == why("create-replacement") == why("update") == why("delete") == why("delete-replaced") == ""
    assert [recorded.unrecognizable(step, MARK) for step in PLAN] == [""] * 4


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("no object of a cluster", {"type_": "random:index/randomPassword:RandomPassword", "given": {"length": 8}}),
        ("no object of a cluster", {"type_": "kubernetes:helm.sh/v3:Release", "given": {"chart": "x"}}),
        ("no object of a cluster", {"type_": "kubernetes:core/v1:ServicePatch"}),
        ("import is not known", {"op": "import"}),
        ("mark", {"given": inputs("db-credentials-0a1b2c3d", mark="organization/other/dev")}),
        ("name is not known", {"given": inputs("04da6b54-80e4-46f7-96ec-b56ff0331ba9", chosen=False)}),
        ("another way", {"given": inputs("db-credentials-x7")}),
        ("another way", {"given": inputs("db-credentials")}),
        ("told from", {"given": inputs("a", "ConfigMap", chosen=False, data=LEFT_OUT)}),
        ("told from", {"given": inputs("db-credentials-0a1b2c3d", stringData=LEFT_OUT)}),
        ("settings are secret", {"type_": "pulumi:providers:kubernetes", "given": {"kubeconfig": LEFT_OUT}}),
        ("settings are secret", {"op": "create-replacement", "type_": "pulumi:providers:kubernetes", "given": {}}),
    ],
)
def test_what_could_not_be_found_again_keeps_the_checkpoints(reason, step):
    assert reason in why(**step)
