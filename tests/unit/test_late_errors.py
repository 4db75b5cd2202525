"""Inputs of one component that are wrong once they are known: told together, as those that are known at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pytest

from components import InputErrors
from components.inputs.record import Given
from tests.inputs import BASE, COMPONENTS, RULES

from .recorder import deploy

LATER = pulumi.Output.from_input


def refused(component: str, given: dict[str, Any]) -> InputErrors:
    without = {"database": ("database_endpoint", "database_secret_name", "namespace")}
    absent = [each for key in given for each in without.get(key, ())]
    args = {key: value for key, value in BASE[component].items() if key not in absent} | given
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", args))
    return caught.value


def keys(found: InputErrors) -> set[str]:
    return {error.key for error in found.inputs}


@pytest.mark.parametrize(
    ("component", "given", "expected"),
    [
        ("AuthService", {"database_endpoint": LATER("db"), "database_secret_name": LATER("A"), "namespace": LATER("-")},
         {"database_endpoint", "database_secret_name", "namespace"}),
        ("AuthService", {"database": {"endpoint": LATER("db"), "secret_name": LATER("A"), "namespace": LATER("-")}},
         {"database.endpoint", "database.secret_name", "database.namespace"}),
        ("AuthService", {"image": LATER("A"), "env": {"A": LATER(5)}, "namespace": LATER(None)},
         {"image", "env.A", "namespace"}),
        ("MySqlDatabase", {"size": LATER("tiny"), "port": LATER(0), "resources": LATER({"memory_limit": "1"})},
         {"size", "port"}),
        ("MySqlCluster", {"replicas": LATER(2), "gateways": LATER(0), "settings": LATER({"log_bin": "OFF"})},
         {"replicas", "gateways", "settings.log_bin"}),
        ("AppNamespace", {"labels": LATER({"a": 1}), "annotations": LATER([])}, {"labels.a", "annotations"}),
    ],
)  # fmt: skip
def test_what_is_wrong_later_is_told_at_once(component, given, expected):
    """What needs another input that is wrong is not judged by it."""
    assert keys(refused(component, given)) == expected


def test_nobody_waits_for_what_another_resource_has_yet_to_tell():
    async def in_an_hour() -> str:
        await asyncio.sleep(3600)
        return "-"

    async def first() -> Any:
        args = {"namespace": LATER(in_an_hour()), "image": LATER("A"), "env": LATER(5)}
        given = Given(RULES["AuthService"], args, "AuthService one")
        read = [given[key] for key in args]
        return await asyncio.wait_for(read[1].future(), timeout=20)

    # In a thread of its own, because the event loop of this one is that of all tests.
    with ThreadPoolExecutor(1) as pool, pytest.raises(InputErrors) as caught:
        pool.submit(lambda: asyncio.run(first())).result()
    assert keys(caught.value) == {"image", "env"}


def test_a_secret_among_them_is_not_shown():
    found = refused("AuthService", {"image": LATER("A"), "database_secret_name": pulumi.Output.secret("hunter2-hunter2")
                                    .apply(lambda text: f"{text}!")})  # fmt: skip
    assert keys(found) == {"image", "database_secret_name"}
    assert "hunter2" not in str(found)
