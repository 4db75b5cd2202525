"""Names and node ports that a program has given away: two components that would meet in one are refused."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import pulumi

from ..inputs import errors
from ..inputs.errors import Advice, InputError
from ..inputs.known import lift

#: What stands for the program that runs: its connection to the engine.
_programs: list[Callable[[], Any]] = [pulumi.runtime.settings.get_monitor]
_taken: WeakKeyDictionary[Any, dict[tuple[str, str], str]] = WeakKeyDictionary()


def count_per(program: Callable[[], Any]) -> None:
    """Let something else stand for the program from now on: the package host serves one program only."""
    _programs.append(program)


def _cluster(component: pulumi.ComponentResource) -> pulumi.Input[str]:
    """What stands for the cluster: the provider that the component's children get."""
    provider = component._providers.get("kubernetes")
    return provider.urn if provider else ""


def _owner_of(cluster: str, thing: str, asking: str) -> str:
    running = _programs[-1]()
    return asking if running is None else _taken.setdefault(running, {}).setdefault((cluster, thing), asking)


def instance(
    component: pulumi.ComponentResource, owner: str, namespace: pulumi.Input[str], names: Sequence[str]
) -> pulumi.Input[str]:
    """Take names of a namespace for an instance; return the namespace.

    Args:
        component: Whose children have the names.
        owner: What it is called in a message, for example `MySqlDatabase mysqlauth`.
        namespace: The namespace.
        names: Of the instance, and others that its children's selectors use.
    """

    def taken(cluster: str, place: str) -> str:
        for name in names:
            other = _owner_of(cluster, f"{place}/{name}", owner)
            rule = f"a name that {other} does not use in the namespace {place}"
            refused = (
                []
                if other == owner
                else [InputError("name", repr(name), rule, Advice("give resource_name, or rename"))]
            )
            errors.require_resolved(refused, owner)
        return place

    return lift(taken, _cluster(component), namespace)


def claim(
    component: pulumi.ComponentResource, owner: str, name: pulumi.Input[str], namespace: pulumi.Input[str]
) -> pulumi.Input[str]:
    """Take a volume claim that exists for a server's data; return its name."""

    def taken(cluster: str, claim: str, place: str) -> str:
        other = _owner_of(cluster, f"claim {place}/{claim}", owner)
        rule = f"not the claim of {other}: two servers must never open the same data"
        fix = Advice("give another claim, or leave it out")
        errors.require_resolved([InputError("existing_claim", repr(claim), rule, fix)] if other != owner else [], owner)
        return claim

    return lift(taken, _cluster(component), name, namespace)


def folder(owner: str, bucket: pulumi.Input[Mapping[str, Any]], otherwise: pulumi.Input[str]) -> pulumi.Input[str]:
    """Take a folder of a bucket, which is the same from every cluster; return it.

    Args:
        owner: What the instance is called in a message.
        bucket: With `bucket`, and perhaps `endpoint` and `prefix`.
        otherwise: The folder, where the bucket names none.
    """

    def taken(known: Mapping[str, Any], otherwise: str) -> str:
        place = known.get("prefix") or otherwise
        other = _owner_of("", f"folder {known.get('endpoint')} {known['bucket']}/{place}", owner)
        rule = f"not the folder of {other}: each would delete the other's backups"
        fix = Advice("give another prefix")
        errors.require_resolved(
            [InputError("backup.s3.prefix", repr(place), rule, fix)] if other != owner else [], owner
        )
        return place

    return lift(taken, bucket, otherwise)


def node_port(
    component: pulumi.ComponentResource, owner: str, number: pulumi.Input[int], service_type: pulumi.Input[str]
) -> pulumi.Input[int] | None:
    """Take a node port of the cluster; return it, or None where the cluster chooses or there is none."""

    def taken(cluster: str, port: int, kind: str) -> int | None:
        if not port or kind == "ClusterIP":
            return None
        other = _owner_of(cluster, f"node port {port}", owner)
        refused = [InputError("node_port", str(port), f"not the node port of {other}", "0")] if other != owner else []
        errors.require_resolved(refused, owner)
        return port

    return lift(taken, _cluster(component), number, service_type)
