"""Values that a preview does not know yet: nothing fails, and nothing is said about them."""

from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from tests import inputs
from tests.inputs import BASE, COMPONENTS, RULES, Input

from .recorder import deploy

EVERY = [each for each in inputs.every() if not RULES[each.component].rules[each.key].plain]


def unknown(*, secret: bool = False) -> pulumi.Output[Any]:
    """What a preview has instead of the output of a resource that is not there yet."""

    async def now(value: Any) -> Any:
        return value

    return pulumi.Output(set(), now(Unknown()), now(False), now(secret))


def inside(value: Any) -> Any:
    """The same object or list, with nothing known that is in it."""
    if isinstance(value, dict):
        return {key: inside(each) for key, each in value.items()}
    return [inside(each) for each in value] if isinstance(value, list) else unknown()


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_a_preview_makes_the_same_children_whatever_it_does_not_know(given: Input):
    def tree(value: Any) -> list[tuple[str, str, str]]:
        args = {**given.args(), given.key: value}
        return deploy(lambda: COMPONENTS[given.component]("one", args), preview=True).tree()

    values = [unknown(secret=True), *([inside(given.good)] if isinstance(given.good, dict | list) else [])]
    assert [tree(value) for value in values] == [tree(given.good)] * len(values)


@pytest.mark.parametrize("component", ["AuthService", "MySqlDatabase", "MySqlCluster"])
def test_a_check_says_nothing_by_an_input_that_is_not_known(component):
    """What is allowed follows from another input, which only the deployment will know."""
    allowed: dict[str, Any] = {"node_port": 20001, "platform": {"node_port_range": unknown()}}
    if component != "AuthService":
        allowed |= {"size": unknown(), "settings": {"innodb_buffer_pool_size": "900M"}}
        allowed |= {"resources": {"memory_limit": unknown(), "memory_request": "1Gi"}}
    deploy(lambda: COMPONENTS[component]("one", BASE[component] | allowed), preview=True)


def test_what_depends_on_an_unknown_value_is_not_claimed():
    args = BASE["MySqlCluster"] | {"namespace": unknown(), "replicas": unknown()}
    found = deploy(lambda: COMPONENTS["MySqlCluster"]("one", args), preview=True)
    servers = found.one("StatefulSet", "one-tablet").inputs
    assert servers["metadata"]["namespace"] == servers["spec"]["replicas"] == pulumi.runtime.rpc.UNKNOWN
