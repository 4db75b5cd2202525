"""Nobody's objects are taken over: what the stack would make, and the cluster has from somebody else.

Server-side apply makes no difference between making an object and taking one over. Before anything changes, in the
preview, the cluster is asked once for all objects of the stack; only kubectl can do that for every kind of login.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .values import UNKNOWN, get
from .workloads import Finding, Resource

#: As components/kubernetes/ownership.py writes it; the pack imports nothing of the components.
MARK = "kubeauth/stack"
SECONDS = 20
_SIGNATURE = re.compile(r"pulumi-kubernetes-[0-9a-f]{8}")


@dataclass(frozen=True)
class Place:
    """Where a provider works: its own inputs, empty where it takes what the environment says."""

    kubeconfig: str = ""
    context: str = ""

    @staticmethod
    def of(provider: Mapping[str, Any]) -> "Place | None":
        """Return the place of a provider with these inputs; None where nothing can exist yet or nothing is asked."""
        kubeconfig, context = provider.get("kubeconfig") or "", provider.get("context") or ""
        if UNKNOWN in (kubeconfig, context) or provider.get("renderYamlToDirectory"):
            return None
        return Place(json.dumps(kubeconfig) if isinstance(kubeconfig, dict) else str(kubeconfig), str(context))


class Unanswered(Exception):
    """The cluster could not be asked."""


def marked(resources: Iterable[Resource]) -> Iterator[Resource]:
    """The objects that carry a stack's mark and whose name is known."""
    for resource in resources:
        known = all(isinstance(name, str) for name in (resource.name, resource.namespace))
        if known and get(resource.properties, "metadata", "annotations", MARK):
            yield resource


def ref(item: Mapping[str, Any]) -> str:
    """How an object is called in messages and in `known`: `Service shop/db`, `Namespace shop`."""
    metadata = item.get("metadata") or {}
    place = metadata.get("namespace")
    return f"{item.get('kind')} {f'{place}/' if place else ''}{metadata.get('name')}"


def taken(
    resources: Iterable[Resource], live: Mapping[str, Mapping[str, Any]], known: Iterable[str] | None, *, adopt: bool
) -> Iterator[tuple[Resource, Finding]]:
    """Find the objects that exist and are not this stack's.

    Args:
        resources: The stack's marked objects.
        live: The objects that exist, by `ref`.
        known: What the stack's state has, by `ref`; None where nobody said, as with plain `pulumi up`.
        adopt: Whether objects with this stack's mark may be taken over although its state does not have them.
    """
    for resource in resources:
        item = live.get(ref(resource.properties))
        if item is None or (known is not None and ref(item) in known):
            continue
        wanted = get(resource.properties, "metadata", "annotations", MARK)
        owner, signed = get(item, "metadata", "annotations", MARK), _signed(item)
        if owner == wanted and (known is None or adopt or not signed):
            # A mark without a signature was put there by somebody who means it: `make deployer`, `kubectl annotate`.
            continue
        if known is None and signed and not owner:
            # Made by a version without marks; plain `pulumi up` cannot tell by which stack.
            continue
        yield resource, _finding(item, owner, wanted)


def _signed(item: Mapping[str, Any]) -> bool:
    return any(_SIGNATURE.fullmatch(entry.get("manager", "")) for entry in get(item, "metadata", "managedFields") or [])


def _finding(item: Mapping[str, Any], owner: str | None, wanted: str) -> Finding:
    if owner == wanted:
        return Finding(
            "",
            "exists with this stack's mark, but the stack's state does not have it: another checkout's stack of the"
            " same name made it, or the state was lost",
            "use the state that has it, or another namespaceName; if that state is gone for good, make up ADOPT=1",
        )
    if owner:
        return Finding("", f"exists and belongs to stack {owner}", "use another name or namespaceName")
    managers = dict.fromkeys(entry.get("manager", "") for entry in get(item, "metadata", "managedFields") or [])
    place = get(item, "metadata", "namespace")
    name = f"{item['kind'].lower()} {item['metadata']['name']}"
    where = f" --namespace {place}" if place else ""
    return Finding(
        "",
        f"exists and is not this stack's; it was made by {', '.join(filter(None, managers)) or 'somebody else'}",
        f"use another name, or give it to this stack: kubectl annotate{where} {name} {MARK}={wanted}",
    )


def check(
    given: Iterable[tuple[Resource, Mapping[str, Any]]], known: Iterable[str] | None, *, adopt: bool
) -> Iterator[tuple[Resource, Finding]]:
    """Find what `taken` finds, in the clusters where the stack's objects are.

    Args:
        given: The stack's objects, each with its provider's inputs.
        known: As in `taken`.
        adopt: As in `taken`.
    """
    places: dict[Place, list[Resource]] = {}
    for resource, provider in given:
        place = Place.of(provider)
        if place is not None and list(marked([resource])):
            places.setdefault(place, []).append(resource)
    for place, resources in places.items():
        try:
            live = ask(resources, place)
        except Unanswered as reason:
            problem = f"may be somebody else's, and the cluster did not say: {reason}"
            yield resources[0], Finding("", problem, "see that `kubectl get namespaces` answers, then repeat")
            continue
        yield from taken(resources, live, known, adopt=adopt)


def ask(resources: Iterable[Resource], place: Place) -> dict[str, Mapping[str, Any]]:
    """Return those of the objects that exist, by `ref`.

    Raises:
        Unanswered: The cluster did not say.
    """
    items = [
        {
            "apiVersion": resource.properties["apiVersion"],
            "kind": resource.properties["kind"],
            "metadata": {
                key: value
                for key in ("name", "namespace")
                if (value := get(resource.properties, "metadata", key)) is not None
            },
        }
        for resource in resources
    ]
    command = ["kubectl", "get", "--filename", "-", "--ignore-not-found", "--output", "json", "--show-managed-fields"]
    command += ["--request-timeout", f"{SECONDS}s", *(["--context", place.context] if place.context else [])]
    with tempfile.TemporaryDirectory() as folder:
        if place.kubeconfig:
            command += ["--kubeconfig", _file(place.kubeconfig, folder)]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        try:
            done = subprocess.run(
                command, input=listed, capture_output=True, text=True, timeout=2 * SECONDS, check=False
            )
        except FileNotFoundError:
            raise Unanswered("kubectl is not on PATH") from None
        except subprocess.TimeoutExpired:
            raise Unanswered(f"kubectl did not answer in {2 * SECONDS} s") from None
    if done.returncode:
        raise Unanswered(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "kubectl printed nothing")
    answer = json.loads(done.stdout) if done.stdout.strip() else {"kind": "List", "items": []}
    found = answer["items"] if answer["kind"] == "List" else [answer]
    return {ref(item): item for item in found}


def _file(kubeconfig: str, folder: str) -> str:
    """A kubeconfig's path: the provider takes a path or the content."""
    path = os.path.expanduser(kubeconfig)
    if os.path.exists(path):
        return path
    path = os.path.join(folder, "kubeconfig")
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(kubeconfig)
    return path
