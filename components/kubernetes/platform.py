"""What a platform assigns: who pods run as, where its name servers listen, how images are pulled."""

from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from ..inputs.validation import each, once, whole_number

UID = 10001
"""Runs pods as a user that exists neither on nodes nor in images (10000 and more, as scanners ask)."""


class Platform(TypedDict):
    """What differs from platform to platform; docs/reference/platforms.md says what to set where."""

    image_pull_secrets: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Secrets of the pods' namespace with which images are pulled, for every pod. Default: none."""

    run_as_user: NotRequired[pulumi.Input[int]]
    """The user and group that the pods run as, 1 to 2147483647. Default: 10001. 0 leaves it to the platform."""

    fs_group: NotRequired[pulumi.Input[int]]
    """The group that volumes belong to, 1 to 2147483647. Default: 10001. 0 leaves it to the platform."""

    dns_ports: NotRequired[pulumi.Input[list[pulumi.Input[int]]]]
    """The ports of the name servers' pods, which NetworkPolicies see. Default: 53."""

    dns_namespaces: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Namespaces of the name servers' pods, where names are asked only. Default: wherever those ports are."""

    ephemeral_storage: NotRequired[pulumi.Input[bool]]
    """Whether pods ask for a share of the node's disk. Default: true. False where kubelets do not count it."""

    ip_family_policy: NotRequired[pulumi.Input[str]]
    """`SingleStack`, `PreferDualStack` or `RequireDualStack`, for every Service. Default: the cluster's."""

    node_port_range: NotRequired[pulumi.Input[str]]
    """The API server's --service-node-port-range. Default: `30000-32767`."""


def _range(key: str, value: Any) -> list[InputError]:
    low, _, high = str(value).partition("-")
    ok = low.isdecimal() and high.isdecimal() and 0 < int(low) <= int(high) <= 65535
    return validation.check(ok, key, value, "two ports with '-' between them", "30000-32767")


PLATFORM = Record(
    Platform,
    {
        "image_pull_secrets": Rule(once(validation.resource_name("registry")), default=[]),
        "run_as_user": Rule(whole_number(0, 2**31 - 1, "a user's number", UID), default=UID),
        "fs_group": Rule(whole_number(0, 2**31 - 1, "a group's number", UID), default=UID),
        "dns_ports": Rule(each(validation.port(53), "[53]", some=True), default=[53]),
        "dns_namespaces": Rule(each(validation.namespace), default=[]),
        "ephemeral_storage": Rule(validation.true_or_false, default=True),
        "ip_family_policy": Rule(validation.one_of(["SingleStack", "PreferDualStack", "RequireDualStack"])),
        "node_port_range": Rule(_range, default="30000-32767"),
    },
)
"""The rules of a Platform."""
