"""The gate's rules on what the real engine said (tests/unit/previews, recorded by record.py), and on near misses."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cli.preview import allowed, gate, model
from cli.preview.model import SECRET, UNKNOWN, Change, Preview
from tests.series_cases import CASES, Case, new_password

from .previews import file_of

RECORDED = [case for case in CASES if case.verdict != "failed"]
KEPT = Change("same", "urn:pulumi:dev::kubeauth::kubernetes:core/v1:ConfigMap::kept", before={}, after={})


def said(case: Case) -> Preview:
    """What the engine said about a commit; what stays the same is not recorded."""
    preview = model.read(file_of(case.name).read_text().splitlines())
    return preview if case.stack == "qa" else Preview([*preview.changes, KEPT])


def named(name: str) -> Preview:
    return said(next(case for case in CASES if case.name == name))


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_each_commit_of_the_series_is_judged_as_a_careful_reviewer_would(case):
    findings = gate.judge(said(case), case.stack, allowed.read(case.allow))
    # What a file of rules says is judged in test_gate_file.py.
    expected = {finding for finding in case.findings if not finding.startswith("weaker-checks ")}
    assert {f"{finding.rule} {finding.change.name}" for finding in findings} == expected
    stopped = [finding for finding in findings if finding.stops and not finding.allowed]
    assert (not stopped) == (case.verdict == "ok" or not expected)
    assert all(finding.property and finding.consequence for finding in findings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_commit_of_the_series_can_be_made_from_the_program_of_today(case, checkout):
    # Another password is not made here, because it takes the CLI.
    for edit in (edit for edit in (*case.first, *case.edits) if edit is not new_password):
        edit(checkout)
    for path in [*checkout.glob("*.py"), *checkout.glob("components/**/*.py")]:
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


def every_place(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that is in a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*path, key)
        yield from every_place(entry, (*path, key))


def put(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """A copy of a value with something else at a path."""
    made = copy.deepcopy(value)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return made


@pytest.mark.parametrize("other", [UNKNOWN, SECRET, None])
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", ["another namespace", "rights in the whole cluster", "a password in a ConfigMap"])
def test_no_rule_breaks_on_what_is_secret_or_not_known_yet(name, side, other):
    for given in named(name).changes:
        inputs = getattr(given, side)
        for path in every_place(inputs):
            gate.judge(Preview([KEPT, replace(given, **{side: put(inputs, path, other)})]), "dev")


def test_nobody_is_stopped_for_what_is_harmless():
    harmless = [case for case in CASES if case.name.startswith("harmless: ")]
    assert len(harmless) >= 16
    assert {case.name for case in harmless if gate.judge(said(case), case.stack) or case.verdict != "ok"} == set()


def test_every_rule_is_seen_in_a_real_preview():
    seen = {finding.split()[0] for case in CASES for finding in case.findings}
    assert seen == set(gate.RULES)


@pytest.mark.parametrize(
    ("name", "prop", "consequence"),
    [
        ("a smaller volume", "spec.resources.requests.storage: 1Gi → 512Mi", "cannot shrink"),
        ("another storage class", "spec.storageClassName: none → fast", "data is deleted"),
        ("a node port where there was none", "spec.type: ClusterIP → NodePort", "a port of every node"),
        ("the default-deny policy is removed", "deleted", "allowed"),
        ("the claim renamed in the program, without an alias", "deleted", "data on it are deleted"),
        ("more networks may use the node port", "spec.ingress: more is allowed", "from 0.0.0.0/0 on TCP 3306"),
    ],
)
def test_a_finding_names_the_property_and_the_consequence(name, prop, consequence):
    found = {finding.property: finding.consequence for finding in gate.judge(named(name), "dev")}
    assert consequence in found[prop]


def test_an_approval_covers_one_resource_of_one_stack():
    preview = named("another name of the database")
    tokens = {finding.token for finding in gate.judge(preview, "dev")}
    assert tokens == {"dev/mysqlauth", "dev/mysqlauth-data", "dev/usersdb-service"}
    for tokens_given in (
        {"dev/mysqlauth-data"},
        {"prod/mysqlauth-data"},
        {"mysqlauth-data"},
        {"dev/mysqlauth-dat"},
        {"dev/"},
    ):
        passed = {finding.token for finding in gate.judge(preview, "dev", frozenset(tokens_given)) if finding.allowed}
        assert passed == tokens_given & tokens


def object_(op: str, kind: str, name: str, before: Any, after: Any, **more: Any) -> Change:
    return Change(op, f"urn:pulumi:dev::kubeauth::kubernetes:v1:{kind}::{name}", before=before, after=after, **more)


def rules(*changes: Change) -> list[str]:
    return [finding.rule for finding in gate.judge(Preview([KEPT, *changes]), "dev")]


def test_two_resources_of_one_name_need_two_approvals():
    claim = object_("delete", "PersistentVolumeClaim", "web", {}, None)
    service = object_("create", "Service", "web", None, {"spec": {"type": "LoadBalancer"}})
    findings = gate.judge(Preview([KEPT, claim, service]), "dev", frozenset({"dev/web"}))
    assert {(finding.token, finding.allowed) for finding in findings} == {
        ("dev/PersistentVolumeClaim/web", False),
        ("dev/Service/web", False),
    }


def service(**spec: Any) -> dict[str, Any]:
    return {"spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (service(), service(type="LoadBalancer"), ["wider-service"]),
        (service(type="NodePort"), service(type="LoadBalancer"), ["wider-service"]),
        (service(type="NodePort"), service(type="ClusterIP"), []),
        (service(type="ClusterIP"), service(type="ClusterIP", externalIPs=["192.0.2.1"]), ["wider-service"]),
        (service(externalIPs=["192.0.2.1"]), service(), []),
        (service(loadBalancerSourceRanges=["192.0.2.0/24"]), service(), ["wider-service"]),
        (service(), service(loadBalancerSourceRanges=["192.0.2.0/24"]), []),
        (service(selector={"a": "1"}), service(selector={"a": "2"}), ["selector"]),
        (service(type="NodePort", ports=[{"nodePort": 1}]), service(type="NodePort", ports=[{"nodePort": 2}]), []),
    ],
)
def test_a_service_is_stopped_only_where_it_reaches_further_or_other_pods(before, after, found):
    assert rules(object_("update", "Service", "web", before, after)) == found


def test_a_new_way_in_is_stopped_but_a_new_service_for_pods_is_not():
    assert rules(object_("create", "Service", "web", None, service(type="NodePort"))) == ["wider-service"]
    assert rules(object_("create", "Ingress", "web", None, {})) == ["wider-service"]
    assert rules(object_("create", "Service", "web", None, service())) == []


def test_what_is_protected_is_stopped_because_up_refuses_it():
    secret = object_("delete", "Secret", "keys", {}, None, protected=True)
    assert rules(secret) == ["protected"]
    assert rules(replace(secret, protected=False)) == []


def test_a_new_stack_has_nothing_to_lose():
    new = object_("create", "Service", "web", None, service(type="NodePort"))
    assert gate.judge(Preview([new]), "qa") == []
