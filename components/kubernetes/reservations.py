"""Names and node ports that a program has given away: two components that would meet in one are refused."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pulumi

from ..inputs import errors
from ..inputs.errors import Advice, InputError
from ..inputs.known import lift

#: What stands for the program that runs: its connection to the engine.
_programs: list[Callable[[], Any]] = [pulumi.runtime.settings.get_monitor]
_NEVER = "two servers must never open the same data"
_taken: WeakKeyDictionary[Any, dict[tuple[str, str], str]] = WeakKeyDictionary()


def count_per(program: Callable[[], Any]) -> None:
    """Let something else stand for the program from now on: the package host serves one program only."""
    _programs.append(program)


def _cluster(component: pulumi.ComponentResource) -> pulumi.Input[str]:
    """What stands for the cluster: the provider that the component's children get."""
    provider = component._providers.get("kubernetes")
    return provider.urn if provider else ""


def _take(cluster: str, thing: str, owner: str, error: Callable[[str], InputError]) -> None:
    """Give a thing to its first owner; another one gets the error, which is made of the first one's name."""
    running = _programs[-1]()
    first = owner if running is None else _taken.setdefault(running, {}).setdefault((cluster, thing), owner)
    errors.require_resolved([] if first == owner else [error(first)], owner)


def instance(
    component: pulumi.ComponentResource,
    owner: str,
    namespace: pulumi.Input[str],
    names: Sequence[str],
    claims: Sequence[str] = (),
) -> pulumi.Input[str]:
    """Take names of a namespace for an instance; return the namespace.

    Args:
        component: Whose children have the names.
        owner: What it is called in a message, for example `MySqlDatabase mysqlauth`.
        namespace: The namespace.
        names: Of the instance, and others that its children's selectors use.
        claims: The volume claims that are made for it. Default: none.
    """

    def taken(cluster: str, place: str) -> str:
        for name in names:
            _take(cluster, f"{place}/{name}", owner, partial(used, place, name))
        for claim in claims:
            _take(cluster, f"claim {place}/{claim}", owner, partial(opened, claim))
        return place

    def used(place: str, name: str, other: str) -> InputError:
        rule = f"a name that {other} does not use in the namespace {place}"
        return InputError("name", repr(name), rule, Advice("give resource_name, or rename"))

    def opened(claim: str, other: str) -> InputError:
        rule = f"a name whose claim {claim} {other} does not use: {_NEVER}"
        return InputError("name", repr(names[0]), rule, Advice("give resource_name, or rename"))

    return lift(taken, _cluster(component), namespace)


def namespace(component: pulumi.ComponentResource, owner: str, name: str) -> pulumi.Input[str]:
    """Take a namespace for whom makes it; return its name."""

    def made(cluster: str) -> str:
        _take(cluster, f"namespace {name}", owner, used)
        return name

    def used(other: str) -> InputError:
        rule = f"not the namespace of {other}: who is removed first would take it along"
        return InputError("name", repr(name), rule, Advice("give resource_name, or rename"))

    return lift(made, _cluster(component))


def claim(
    component: pulumi.ComponentResource, owner: str, name: pulumi.Input[str], namespace: pulumi.Input[str]
) -> pulumi.Input[str]:
    """Take a volume claim that exists for a server's data; return its name."""

    def taken(cluster: str, claim: str, place: str) -> str:
        def used(other: str) -> InputError:
            rule = f"not the claim of {other}: {_NEVER}"
            return InputError("existing_claim", repr(claim), rule, Advice("give another claim, or leave it out"))

        _take(cluster, f"claim {place}/{claim}", owner, used)
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

        def used(other: str) -> InputError:
            rule = f"not the folder of {other}: each would delete the other's backups"
            return InputError("backup.s3.prefix", repr(place), rule, Advice("give another prefix"))

        _take("", f"folder {_server(known.get('endpoint'))} {known['bucket']}/{place}", owner, used)
        return place

    return lift(taken, bucket, otherwise)


def _server(endpoint: str | None) -> str:
    """A server, however its address is written; nothing for AWS's own."""
    parts = urlsplit(endpoint or "")
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}" if endpoint else ""


def node_port(
    component: pulumi.ComponentResource, owner: str, number: pulumi.Input[int], service_type: pulumi.Input[str]
) -> pulumi.Input[int] | None:
    """Take a node port of the cluster; return it, or None where the cluster chooses or there is none."""

    def taken(cluster: str, port: int, kind: str) -> int | None:
        if not port or kind == "ClusterIP":
            return None

        def used(other: str) -> InputError:
            return InputError("node_port", str(port), f"not the node port of {other}", "0")

        _take(cluster, f"node port {port}", owner, used)
        return port

    return lift(taken, _cluster(component), number, service_type)
