"""Runs components against Pulumi's mock monitor and records every registration as the engine would get it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, rpc

#: Appended by the "cluster" to each physical name: a value that holds it came from an output, not from an input.
LIVE = "-live"

#: The end of a physical name that the "provider" chose, because the program gave none.
CHOSEN = "-0a1b2c3d"

#: The mark of the stack that `deploy` plays.
MINE = {"kubeauth/stack": "organization/kubeauth/unit"}


@dataclass(frozen=True)
class Secret:
    """A value that the engine was told to keep secret."""

    value: Any


@dataclass
class Registration:
    """One resource as the program registered it."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    protect: bool | None
    timeouts: str
    provider: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)


class _NoMocks(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if "metadata" in state and isinstance(state["metadata"], dict):
            # Without a name the provider chooses one.
            given = state["metadata"].get("name", f"{args.name}{CHOSEN}")
            state["metadata"] = {**state["metadata"], "name": f"{given}{LIVE}"}
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component called {args.token}")


class Recorder(mocks.MockMonitor):
    """The mock monitor, with a memory."""

    def __init__(self, *, preview: bool = False) -> None:
        super().__init__(_NoMocks())
        self._preview = preview
        self.all: list[Registration] = []
        self._by_urn: dict[str, Registration] = {}

    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)
        if self._preview:
            # What a preview does not know of the inputs, it does not know of the outputs.
            asked, state = (json_format.MessageToDict(each) for each in (request.object, answer.object))
            json_format.ParseDict(_unknown(state, asked), answer.object)
        if request.type != "pulumi:pulumi:Stack":
            registration = Registration(
                type=request.type,
                name=request.name,
                parent="" if "::pulumi:pulumi:Stack::" in request.parent else request.parent.rpartition("::")[2],
                inputs=_plain(json_format.MessageToDict(request.object)),
                protect=request.protect if request.HasField("protect") else None,
                timeouts=request.customTimeouts.create,
                provider=request.provider,
            )
            self.all.append(registration)
            self._by_urn[answer.urn] = registration
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn in self._by_urn:
            self._by_urn[request.urn].outputs = _plain(json_format.MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)

    def one(self, kind: str, name: str) -> Registration:
        """The one registration of this kind (the last part of its type) and name."""
        found = [entry for entry in self.all if entry.type.endswith(f":{kind}") and entry.name == name]
        assert len(found) == 1, [(entry.type, entry.name) for entry in self.all]
        return found[0]

    def tree(self) -> list[tuple[str, str, str]]:
        """(kind, name, parent's name) of everything registered, sorted."""
        return sorted((entry.type.rpartition(":")[2], entry.name, entry.parent) for entry in self.all)


def _unknown(state: Any, asked: Any) -> Any:
    """A state, without what is unknown in what was asked for."""
    if isinstance(state, dict) and isinstance(asked, dict):
        return {**state, **{key: _unknown(state.get(key), each) for key, each in asked.items()}}
    if isinstance(state, list) and isinstance(asked, list):
        return [_unknown(one, other) for one, other in zip(state, asked, strict=True)]
    return asked if rpc.UNKNOWN in str(asked) else state


def _plain(value: Any) -> Any:
    """JSON as the engine got it, with secrets marked and whole numbers as int."""
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return Secret(_plain(value["value"]))
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def deploy(program: Callable[[], object], *, preview: bool = False) -> Recorder:
    """Run a program against a fresh mock monitor and return what it registered."""
    recorder = Recorder(preview=preview)
    mocks.set_mocks(
        recorder.mocks, project="kubeauth", stack="unit", organization="organization", preview=preview, monitor=recorder
    )

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    return recorder
