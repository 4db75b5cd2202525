"""Every input in the forms that Pulumi programs have: plain, an Output, None, and a wrong shape."""

import pytest

from tests import inputs
from tests.inputs import GOOD, RULES, Input

EVERY = list(inputs.every())


def test_every_input_is_tried():
    assert {component: set(record.rules) for component, record in RULES.items()} == {
        component: set(values) for component, values in GOOD.items()
    }
    for record in RULES.values():
        assert set(record.rules) == set(record.declared.__annotations__)


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_an_output_does_what_its_value_does(given: Input):
    assert given.outcome(inputs.output_of(given.good)) == inputs.expected_output(given)


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_none_is_not_given(given: Input):
    assert given.outcome(None) == inputs.expected_none(given)


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_a_wrong_shape_is_refused_under_its_own_key(given: Input):
    assert given.outcome(given.wrong) == "refused"


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_a_wrong_shape_that_is_an_output_is_refused_when_it_resolves(given: Input):
    assert given.outcome(inputs.output_of(given.wrong)) == "refused"


@pytest.mark.parametrize("given", EVERY, ids=".".join)
def test_a_value_that_comes_later_is_waited_for(given: Input):
    outcome = given.outcome(inputs.output_of("").apply(lambda _: inputs.output_of(given.good)))
    assert outcome == inputs.expected_output(given)


@pytest.mark.parametrize("given", [each for each in EVERY if isinstance(each.good, dict | list)], ids=".".join)
def test_outputs_inside_an_input_do_what_their_values_do(given: Input):
    assert given.outcome(inputs.outputs_inside(given.good)) == "same as plain"
