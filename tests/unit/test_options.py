"""Pulumi's options that a caller gives to a component: what they do to its children."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components import InputErrors
from tests.inputs import BASE, COMPONENTS, GOOD

from .recorder import Recorder, Registration, deploy

BACKUP = {"backup": {"schedule": "@daily", "s3": {"bucket": "acme", "existing_secret": "s3"}}}
#: With which each component makes all children that it knows.
EVERYTHING: dict[str, dict[str, Any]] = {
    "AppNamespace": {key: GOOD["AppNamespace"][key] for key in ("quota", "container_defaults")},
    "MySqlDatabase": {**BACKUP, "metrics": {"monitor": True}, "accounts": GOOD["MySqlDatabase"]["accounts"],
                      "root_password": "different", "previous_password": "before"},
    "MySqlCluster": {**BACKUP, "previous_password": "before"},
    "AuthService": {key: GOOD["AuthService"][key] for key in ("ingress", "http_route", "autoscaling")}
    | {"metrics": {"monitor": True}},
}  # fmt: skip


def made(component: str, options: Callable[[], pulumi.ResourceOptions]) -> tuple[Recorder, list[Registration]]:
    args = BASE[component] | EVERYTHING[component]
    recorder = deploy(lambda: COMPONENTS[component]("one", args, options()))
    return recorder, [each for each in recorder.all if each.name.startswith("one-")]


def eu() -> kubernetes.Provider:
    return kubernetes.Provider("eu", context="eu")


def team() -> pulumi.ComponentResource:
    return pulumi.ComponentResource("acme:index:Team", "team", None, pulumi.ResourceOptions(providers=[eu()]))


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    "options",
    [
        lambda: pulumi.ResourceOptions(provider=eu()),
        lambda: pulumi.ResourceOptions(providers=[eu()]),
        lambda: pulumi.ResourceOptions(providers={"kubernetes": eu()}),
        lambda: pulumi.ResourceOptions(parent=team()),
    ],
    ids=["provider", "list", "map", "parent"],
)
def test_the_callers_cluster_is_that_of_every_child(component, options):
    _, children = made(component, options)
    assert len(children) > 2
    assert {each.provider.split("::")[-2] for each in children} == {"eu"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_protects_the_component_protects_every_child(component):
    _, children = made(component, lambda: pulumi.ResourceOptions(protect=True))
    assert {each.protect for each in children} == {True}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_transformation_sees_every_child(component):
    seen: list[str] = []

    def see(args: pulumi.ResourceTransformationArgs) -> None:
        seen.append(args.name)

    _, children = made(component, lambda: pulumi.ResourceOptions(transformations=[see]))
    assert sorted(seen) == sorted(["one", *(each.name for each in children)])


@pytest.mark.parametrize("component", COMPONENTS)
def test_options_that_pulumi_keeps_to_the_component_change_no_child(component):
    """Timeouts are `rollout_seconds`, and the rest goes by a transform: docs/guides/escape-hatches.md."""

    def options() -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            aliases=[pulumi.Alias(name="old")],
            custom_timeouts=pulumi.CustomTimeouts(create="17m"),
            delete_before_replace=True,
            depends_on=[kubernetes.core.v1.ConfigMap("before")],
            ignore_changes=["spec"],
            replace_on_changes=["*"],
            retain_on_delete=True,
        )

    def told(children: list[Registration]) -> list[tuple[str, Any, str]]:
        return sorted(((each.name, each.protect, each.timeouts) for each in children), key=str)

    assert told(made(component, options)[1]) == told(made(component, pulumi.ResourceOptions)[1])


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize(
    ("given", "value", "fix"),
    [
        ({"protect": True}, "(an object with protect)", "pulumi.ResourceOptions(protect=…)"),
        ("x", "(text)", "pulumi.ResourceOptions(protect=True)"),
    ],
)
def test_options_that_are_none_are_told_with_all_that_is_wrong(component, given, value, fix):
    """Pulumi's own refusal is a traceback, and comes alone."""
    args = {**BASE[component], "label": {}}
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", args, given))
    assert [error.key for error in caught.value.inputs] == ["label", "opts"]
    assert (caught.value.inputs[1].value, caught.value.inputs[1].example) == (value, fix)
