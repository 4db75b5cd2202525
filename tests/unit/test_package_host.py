"""What programs in other languages give reaches the components as it does from Python."""

from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.component import ComponentProvider

from components.__main__ import Host, failure
from components.inputs.outputs import camel_case
from tests import inputs
from tests.inputs import COMPONENTS, Input

from .recorder import deploy

HOST = Host(list(COMPONENTS.values()), "kubeauth", "kubeauth", "0.0.0")
#: Maps whose keys are the user's own, and objects with Kubernetes' own keys.
_OWN_KEYS = set(
    [
        "labels",
        "annotations",
        "service_annotations",
        "service_account_annotations",
        "settings",
        "env",
        "accounts",
        "secret_env",
        "database_env",
        "node_selector",
        "pod_labels",
        "headers",
        "init_containers",
        "sidecars",
    ]
)


def spelled(value: Any, *, keep: bool = False) -> Any:
    """A value as other languages hand it over: names in camelCase, whole numbers as floats."""
    if isinstance(value, dict):
        return {key if keep else camel_case(key): spelled(each, keep=key in _OWN_KEYS) for key, each in value.items()}
    if isinstance(value, list):
        return [spelled(each, keep=keep) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def mapped(given: Input, value: Any) -> Any:
    """What the component gets for one input."""
    definition = HOST._component_defs[given.component]
    return HOST.map_inputs({camel_case(given.key): value}, definition)[given.key]


@pytest.mark.parametrize("given", list(inputs.every()), ids=".".join)
def test_the_names_of_every_input_are_translated(given: Input):
    value = spelled({given.key: given.good})[camel_case(given.key)]
    assert mapped(given, value) == given.good


@pytest.mark.parametrize("given", list(inputs.every()), ids=".".join)
def test_the_names_inside_an_output_are_translated_too(given: Input):
    value = spelled({given.key: given.good})[camel_case(given.key)]
    found: list[Any] = []
    deploy(lambda: mapped(given, pulumi.Output.from_input(value)).apply(found.append))
    assert found == [given.good]


@pytest.mark.parametrize("given", list(inputs.every()), ids=".".join)
def test_a_wrong_shape_reaches_the_component_that_refuses_it(given: Input):
    assert mapped(given, given.wrong) == given.wrong


def test_pulumis_own_host_still_cannot_take_an_output_for_a_number():
    """When it can, `Host.map_input_properties` can go."""
    theirs = ComponentProvider(list(COMPONENTS.values()), "kubeauth", "kubeauth", "0.0.0")
    definition = theirs._component_defs["MySqlDatabase"]

    def program() -> None:
        with pytest.raises(TypeError):
            theirs.map_inputs({"namespace": "shop", "port": pulumi.Output.from_input(3307.0)}, definition)

    deploy(program)


def test_a_message_spells_names_of_inputs_as_the_program_does_and_leaves_its_own_as_they_are():
    args: Any = {
        **inputs.BASE["MySqlDatabase"],
        "node_prot": 1,
        "labels": {"cost_center": 7},
        "settings": {"max_conections": "9", "optimizer_switch": "hash_joins=off"},
        "backup": {"schedule": "@daily", "storage_size": "1"},
    }
    said = str(failure(COMPONENTS["MySqlDatabase"].check("one", args), "MySqlDatabase one", "Nothing was made."))
    for word in ("did you mean nodePort?", "labels.cost_center", "settings.max_conections", "mean max_connections?",
                 "hash_join=off", "backup.storageSize"):  # fmt: skip
        assert word in said
