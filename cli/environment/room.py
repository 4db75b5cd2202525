"""What an environment's namespace needs before the program runs: rights in it, and copies of Secrets."""

import json
import time
from typing import Any

import yaml

from .. import programs
from ..console import Problem, step
from ..stack import Stack, environment_rights, rights
from ..stack.environment_rights import HOME
from ..stack.policy import MARK

Object = dict[str, Any]
#: How long rights that were given a moment ago may take to count, in seconds.
_SETTLE_SECONDS = 20
_APPLY = ("kubectl", "apply", "--server-side", "--field-manager=kubeauth-environment", "--filename", "-")


def prepare(stack: Stack, name: str, namespace: str, wanted: tuple[str, ...]) -> None:
    """Make the namespace ready, where there is something to do before the program makes it.

    Args:
        stack: The environment's stack.
        name: The environment's name.
        namespace: Its namespace.
        wanted: The Secrets of namespace HOME that it gets copies of; those that it has are brought up to date.

    Raises:
        Problem: One of them is missing, or the cluster refuses; before anything is changed, where one is missing.
    """
    bounded = _user(stack) == environment_rights.USER
    if not (bounded or wanted):
        return
    copies = [copy(_secret(stack, one), namespace, stack.mark()) for one in wanted]
    made = [_namespace(stack, name, namespace, restricted=bounded)]
    if bounded:
        made.append(environment_rights.binding(namespace))
    with step(f"make namespace {namespace} ready"):
        _apply(stack, made)
        if copies:
            _apply_soon(stack, copies)


def copy(secret: Object, namespace: str, mark: str) -> Object:
    """A Secret for another namespace: its type and content, and whose it is there.

    Raises:
        Problem: It is a token of the cluster's.
    """
    name = secret["metadata"]["name"]
    if secret["type"] == "kubernetes.io/service-account-token":
        raise Problem(f"Secret {name} in namespace {HOME} is a token of this cluster", "take it out of `secrets`")
    content = {"type": secret["type"], "data": secret.get("data") or {}}
    made = rights.manifest("v1", "Secret", name, namespace, **content)
    made["metadata"]["annotations"] = {MARK: mark}
    return made


def _secret(stack: Stack, name: str) -> Object:
    read = ("kubectl", "--namespace", HOME, "get", "secret", name, "--output", "json", "--request-timeout", "10s")
    try:
        return json.loads(stack.ask(*read, purpose=f"read Secret {name}"))
    except (programs.NotFound, programs.Forbidden) as failure:
        what = "does not exist" if isinstance(failure, programs.NotFound) else "may not be read"
        raise Problem(
            f"Secret {name} in namespace {HOME} {what}, and environments get a copy of it. Nothing was changed.",
            f"kubectl --namespace {HOME} create secret … {name}; or take it out of `secrets`",
        ) from None


def _user(stack: Stack) -> str:
    """Who this is on the cluster; empty where it does not say."""
    asked = ("kubectl", "auth", "whoami", "--output", "jsonpath={.status.userInfo.username}")
    try:
        return stack.ask(*asked, "--request-timeout", "10s", purpose="ask the cluster who this is").strip()
    except programs.Failed:
        return ""


def _namespace(stack: Stack, name: str, namespace: str, *, restricted: bool) -> Object:
    made = rights.manifest("v1", "Namespace", namespace)
    made["metadata"]["annotations"] = {MARK: stack.mark()}
    made["metadata"]["labels"] = {environment_rights.LABEL: name}
    if restricted:
        made["metadata"]["labels"][rights.ENFORCE] = "restricted"
    return made


def _apply(stack: Stack, objects: list[Object]) -> None:
    stack.ask(*_APPLY, purpose="make the namespace ready", text=yaml.safe_dump_all(objects))


def _apply_soon(stack: Stack, objects: list[Object]) -> None:
    """Apply with rights that may be a moment old."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            _apply(stack, objects)
            return
        except programs.Forbidden:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
