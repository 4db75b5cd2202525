"""Values that no manifest can hold, whatever the input: refused under their place, without a traceback."""

import dataclasses
import datetime
import math
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core import v1 as core

from components import InputErrors
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy


@dataclasses.dataclass
class Mine:
    """An object of a program's own."""

    cpu_limit: str = "1"


def errors(component: str, given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", BASE[component] | given))
    return {error.key: error.value for error in caught.value.inputs}


@pytest.mark.parametrize(
    ("component", "given", "key", "value"),
    [
        ("AuthService", {"command": {"run"}}, "command", "(set)"),
        ("AuthService", {"args": (word for word in ["a"])}, "args", "(generator)"),
        ("AuthService", {"env": {"A": b"x"}}, "env.A", "(bytes)"),
        ("AuthService", {"resources": Mine()}, "resources", "(Mine)"),
        ("AuthService", {"database": 5}, "database", "5"),
        ("AuthService", {"placement": {"tolerations": [core.TolerationArgs(key="a")]}}, "placement.tolerations.0",
         "(TolerationArgs)"),
        ("AuthService", {"placement": {"affinity": {"nodeAffinity": []}}}, "placement.affinity.nodeAffinity", "[]"),
        ("AuthService", {"sidecars": [core.ContainerArgs(name="a", image="a:1")]}, "sidecars.0", "(ContainerArgs)"),
        ("AuthService", {"sidecars": [{"name": "a", "image": "a:1", "env": [{"value": Path("x")}]}]},
         "sidecars.0.env.0.value", "(PosixPath)"),
        ("AuthService", {"sidecars": [{"name": "a", "image": "a:1", "livenessProbe": {"httpGet": {"port": math.nan}}}]},
         "sidecars.0.livenessProbe.httpGet.port", "nan"),
        ("AuthService", {"resources": {1: "2"}}, "resources.1", "1"),
        ("AuthService", {"env": {True: "a"}}, "env.True", "True"),
        ("AuthService", {"env": {"A": "a\0b"}}, "env.A", "(text)"),
        ("AuthService", {"args": ["gr\udcfc\udcdfe"]}, "args.0", "(text)"),
        ("MySqlDatabase", {"settings": {1: "2"}}, "settings.1", "1"),
        ("MySqlDatabase", {"clients": [{1: 2}]}, "clients.0.1", "1"),
        ("MySqlDatabase", {"password": "gr\udcfc\udcdfe"}, "password", "(text)"),
        ("MySqlDatabase", {"restore_from": {"s3": {"bucket": "acme", "existing_secret": "s3", "prefix": "a"},
                                            "time": datetime.datetime(2026, 11, 27)}}, "restore_from.time",
         "(datetime)"),
        ("MySqlDatabase", {"settings": pulumi.Output.from_input({"max_connections": "gr\udcfc"})},
         "settings.max_connections", "(text)"),
        ("AppNamespace", {"labels": {None: "a"}}, "labels.None", "None"),
        ("AppNamespace", {7: "a", "team": "b"}, "7", "(unknown key)"),
    ],
)  # fmt: skip
def test_what_no_manifest_can_hold_is_refused_at_its_place(component, given, key, value):
    assert errors(component, given)[key] == value


def test_a_words_own_class_and_a_tuple_are_what_they_hold():
    class Word(str):
        __slots__ = ()

    deploy(
        lambda: COMPONENTS["AuthService"]("one", BASE["AuthService"] | {"args": (Word("a"),), "env": {Word("A"): "1"}})
    )


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("args", ["hunter2-hunter2", [], [("namespace", "shop")], 5, pulumi.Output.from_input({})])
def test_inputs_that_are_no_object_are_one_error(component, args):
    """In Python nothing else tells a caller who forgot the braces."""
    assert [error.key for error in COMPONENTS[component].check("one", args)] == ["(all inputs)"]
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", args))
    assert "hunter2" not in str(caught.value)


def test_no_inputs_at_all_are_an_empty_object():
    for component in COMPONENTS.values():
        assert component.check("one", None) == component.check("one", {})
    assert len(deploy(lambda: COMPONENTS["AppNamespace"]("shop", None)).all) == 3


@pytest.mark.parametrize("key", ["a\udc00", "a\0", "a\n9. password = ", "a\u202eb"])
def test_a_message_can_be_printed_whatever_a_key_is(key):
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS["MySqlCluster"]("one", BASE["MySqlCluster"] | {"namespace": {key: 1}, key: 2}))
    message = str(caught.value)
    assert all(line.isprintable() for line in message.splitlines())
    assert len(message.splitlines()) == 1 + 3 * len(caught.value.inputs)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("toleration", "key"),
    [
        ({"key": "a\nb", "operator": "Exists"}, "key"),
        ({"key": "A" * 64, "operator": "Exists"}, "key"),
        ({"key": "a/b/c", "operator": "Exists"}, "key"),
        ({"key": "a", "value": "b c"}, "value"),
    ],
)
def test_a_toleration_that_kubernetes_would_refuse_is_refused_first(toleration, key, later):
    given = pulumi.Output.from_input([toleration]) if later else [toleration]
    for component in ("AuthService", "MySqlDatabase", "MySqlCluster"):
        assert list(errors(component, {"placement": {"tolerations": given}})) == [f"placement.tolerations.0.{key}"]
    every = {"key": "", "operator": "Exists", "value": ""}
    assert COMPONENTS["AuthService"].check("one", BASE["AuthService"] | {"placement": {"tolerations": [every]}}) == []


def test_a_label_of_the_clusters_domain_is_one_that_name_servers_know():
    assert list(errors("AuthService", {"cluster_domain": f"{'a' * 64}.internal"})) == ["cluster_domain"]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"egress": [{"cidr": "fe80::%eth0/64"}]}, "egress.0.cidr"),
        ({"image": "-a/b:1"}, "image"),
        ({"image": "a..b/c:1"}, "image"),
        ({"database_endpoint": "-db:3306"}, "database_endpoint"),
        ({"database_endpoint": "db..shop:3306"}, "database_endpoint"),
        ({"database_endpoint": "999.1.1.1:3306"}, "database_endpoint"),
        ({"database_endpoint": "[:::]:3306"}, "database_endpoint"),
        ({"probes": {"readiness": {"headers": {"Host": "a\nb"}}}}, "probes.readiness.headers.Host"),
    ],
)
def test_what_looks_like_an_address_and_is_none_is_refused(given, key):
    assert list(errors("AuthService", given)) == [key]


@pytest.mark.parametrize("endpoint", ["[::1]:3306", "10.0.0.1:3306", "my_db.example.:3306", "DB:3306"])
def test_every_address_that_is_one_is_taken(endpoint):
    assert COMPONENTS["AuthService"].check("one", BASE["AuthService"] | {"database_endpoint": endpoint}) == []
