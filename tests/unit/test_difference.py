"""Two versions of a resource, compared: what is shown, and under which path."""

import pytest

from cli.preview import policies
from cli.preview.difference import MISSING, entries, quantity


def test_a_changed_leaf_is_named_by_its_whole_path():
    old = {"spec": {"containers": [{"name": "a", "env": [{"name": "DB_HOST", "value": "x"}]}]}}
    new = {"spec": {"containers": [{"name": "a", "env": [{"name": "DB_HOST", "value": "y"}]}]}}
    assert list(entries(old, new)) == [("spec.containers[a].env[DB_HOST].value", "x", "y")]


def test_an_inserted_item_moves_nothing_else():
    named = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert list(entries(named, [{"name": "new", "value": "0"}, *named], "env")) == [
        ("env[new]", MISSING, {"name": "new", "value": "0"})
    ]
    assert list(entries(["x", "y"], ["w", "x", "y"], "args")) == [("args[0]", MISSING, "w")]


def test_a_removed_and_an_empty_value_differ():
    assert list(entries({"a": None, "b": 1}, {"a": 0})) == [("a", None, 0), ("b", 1, MISSING)]
    assert list(entries({"a": 1}, {"a": 1})) == []


def test_keys_with_dots_are_quoted():
    (entry,) = entries({"labels": {"a.b/c": "1"}}, {"labels": {"a.b/c": "2"}})
    assert entry.path == 'labels["a.b/c"]'


@pytest.mark.parametrize(
    ("text", "bytes_"), [("1Gi", 2**30), ("512Mi", 2**29), ("1G", 10**9), ("1e3", 1000), ("1500m", 1.5), ("2Ti", 2**41)]
)
def test_quantities_are_those_of_kubernetes(text, bytes_):
    assert quantity(text) == bytes_


@pytest.mark.parametrize("text", ["", "1GB", "Gi", "-1", "1..2", None])
def test_what_is_no_quantity_is_none(text):
    assert quantity(text) is None


DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def allowing(*peers: dict[str, object], port: int = 3306) -> dict[str, object]:
    return {**DENY, "ingress": [{"from": list(peers), "ports": [{"port": port, "protocol": "TCP"}]}]}


def block(cidr: str) -> dict[str, object]:
    return {"ipBlock": {"cidr": cidr}}


@pytest.mark.parametrize(
    ("before", "after", "prop"),
    [
        (DENY, {**DENY, "policyTypes": ["Ingress"]}, "spec.policyTypes: without Egress"),
        (
            DENY,
            {**DENY, "podSelector": {"matchLabels": {"a": "b"}}},
            'spec.podSelector: {} → {"matchLabels":{"a":"b"}}',
        ),
        (DENY, {**DENY, "ingress": [{}]}, "spec.ingress: more is allowed"),
        (allowing(block("10.0.0.0/8")), allowing(block("0.0.0.0/0")), "spec.ingress: more is allowed"),
        (allowing(block("10.0.0.0/8")), allowing(block("10.0.0.0/8"), port=22), "spec.ingress: more is allowed"),
        (
            allowing(block("10.0.0.0/8")),
            {**DENY, "ingress": [{"from": [block("10.0.0.0/8")]}]},
            "spec.ingress: more is allowed",
        ),
    ],
)
def test_a_policy_that_allows_more_is_found(before, after, prop):
    assert [found for found, _ in policies.widened(before, after)] == [prop]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DENY, DENY),
        (allowing(block("10.0.0.0/8")), allowing(block("10.99.0.0/16"))),
        (allowing(block("10.0.0.0/8"), block("192.168.0.0/16")), allowing(block("10.0.0.0/8"))),
        ({**DENY, "ingress": [{}]}, allowing(block("0.0.0.0/0"))),
        ({"podSelector": {}, "policyTypes": ["Ingress"]}, DENY),
    ],
)
def test_a_policy_that_allows_no_more_passes(before, after):
    assert list(policies.widened(before, after)) == []
