"""How the health of a service is asked."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.core import v1 as core

from ..inputs import validation
from ..inputs.errors import REMOVE, InputError
from ..inputs.record import Record, Rule
from ..inputs.shown import shown


class ProbeKind(Enum):
    """How one question about health is asked."""

    HTTP = "http"
    """GET a path; 200 to 399 is healthy."""

    TCP = "tcp"
    """Connect to a port."""

    EXEC = "exec"
    """Run a command in the container; status 0 is healthy."""

    GRPC = "grpc"
    """gRPC's health protocol."""

    NONE = "none"
    """Not at all."""


class Probe(TypedDict):
    """One question about a service's health."""

    kind: NotRequired[pulumi.Input[ProbeKind]]
    """How it is asked. Default: http."""

    path: NotRequired[pulumi.Input[str]]
    """The path, for http. Default: `/healthz` for liveness, `/readyz` for readiness."""

    port: NotRequired[pulumi.Input[int]]
    """The container's port. Default: the service's."""

    headers: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """HTTP headers, such as `Host` for a framework that checks it. Default: none."""

    command: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The command, for exec. Default: none."""

    period_seconds: NotRequired[pulumi.Input[int]]
    """Time between two questions, 1 to 300 seconds. Default: 10 for liveness, 5 for readiness."""

    timeout_seconds: NotRequired[pulumi.Input[int]]
    """How long an answer may take, 1 to 300 seconds. Default: 5."""


class Probes(TypedDict):
    """How the health of a service is asked: whether it works, and whether it can serve."""

    liveness_path: NotRequired[pulumi.Input[str]]
    """Short for `liveness` with a path: a pod that does not answer is restarted. Default: `/healthz`."""

    readiness_path: NotRequired[pulumi.Input[str]]
    """Short for `readiness` with a path: answers while requests can be served. Default: `/readyz`."""

    liveness: NotRequired[pulumi.Input[Probe]]
    """Succeeds while the process works; a pod that does not is restarted. Default: GET `liveness_path`."""

    readiness: NotRequired[pulumi.Input[Probe]]
    """Succeeds while requests can be served, so when the database answers. Default: GET `readiness_path`."""

    startup_seconds: NotRequired[pulumi.Input[int]]
    """How long a start may take before it counts as failed, in seconds. Default: 60. Allowed: 1 to 3600."""


_NETWORK = (ProbeKind.HTTP, ProbeKind.TCP, ProbeKind.GRPC)
_ASKED = (*_NETWORK, ProbeKind.EXEC)
_COUNTS = {
    "path": (ProbeKind.HTTP,),
    "headers": (ProbeKind.HTTP,),
    "port": _NETWORK,
    "command": (ProbeKind.EXEC,),
    "period_seconds": _ASKED,
    "timeout_seconds": _ASKED,
}
"""The kinds with which each of a probe's other inputs counts."""


def _fits_kind(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """A command for kind exec, and nothing that the kind would not look at."""
    kind = ProbeKind(value.get("kind", ProbeKind.HTTP.value))
    if kind is ProbeKind.EXEC and not value.get("command"):
        return [InputError(f"{key}.command", "(missing)", "required with kind exec", f"give {key}.command")]
    return [
        InputError(f"{key}.{word}", shown(value[word]), f"only with kind {_either(kinds)}", REMOVE)
        for word, kinds in _COUNTS.items()
        if value.get(word) and kind not in kinds
    ]


def _either(kinds: Sequence[ProbeKind]) -> str:
    return " or ".join(kind.value for kind in kinds)


def _said_once(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """A path that would not count, because the probe says its own, or asks for none."""
    long = {"liveness_path": "liveness", "readiness_path": "readiness"}
    probes = {path: value.get(name, {}) for path, name in long.items() if path in value}
    return [
        InputError(f"{key}.{path}", shown(value[path]), f"not together with what {long[path]} says", REMOVE)
        for path, probe in probes.items()
        if "path" in probe or probe.get("kind", ProbeKind.HTTP.value) != ProbeKind.HTTP.value
    ]


def _header(key: str, word: str) -> list[InputError]:
    ok = re.fullmatch(r"[-A-Za-z0-9]+", word) is not None
    return validation.check(ok, key, word, "a header's name: A-Z a-z 0-9 -", "Host")


def _header_value(key: str, value: Any) -> list[InputError]:
    """Text that HTTP can send; with another one the kubelet asks nothing, and no pod is ever ready."""
    ok = isinstance(value, str) and value.isprintable()
    return validation.text(key, value) or validation.check(ok, key, value, "text in one line", "auth.example.com")


PROBE = Record(
    Probe,
    {
        "kind": Rule(validation.one_of(ProbeKind), default=ProbeKind.HTTP.value),
        "path": Rule(validation.absolute_path("/healthz")),
        "port": Rule(validation.port(8080)),
        "headers": Rule(validation.mapping(_header_value, _header), default={}),
        "command": Rule(validation.each(validation.text, '["/bin/check"]')),
        "period_seconds": Rule(validation.seconds(1, 300, 10)),
        "timeout_seconds": Rule(validation.seconds(1, 300, 5), default=5),
    },
    _fits_kind,
)
"""The rules and defaults of a Probe."""


PROBES = Record(
    Probes,
    {
        "liveness_path": Rule(validation.absolute_path("/healthz"), default="/healthz"),
        "readiness_path": Rule(validation.absolute_path("/readyz"), default="/readyz"),
        "liveness": Rule(PROBE, default={}),
        "readiness": Rule(PROBE, default={}),
        "startup_seconds": Rule(validation.seconds(1, 3600, 60), default=60),
    },
    _said_once,
)
"""The rules and defaults of Probes."""


def arguments(probes: Mapping[str, Any], port: int) -> dict[str, core.ProbeArgs | None]:
    """Return the container's probes, by their names in `ContainerArgs`.

    Args:
        probes: Complete, with the keys of `Probes`.
        port: The service's port, where a probe names no other.
    """
    alive = {"path": probes["liveness_path"], "period_seconds": 10, **probes["liveness"]}
    ready = {"path": probes["readiness_path"], "period_seconds": 5, **probes["readiness"]}
    # While the service starts it is asked every second, so that a first `up` does not wait longer than it has to.
    start = ready if alive["kind"] == ProbeKind.NONE.value else alive
    startup = {**start, "period_seconds": 1, "timeout_seconds": 5}
    return {
        "startup_probe": _args(startup, port, probes["startup_seconds"]),
        # Ready means that the database answers; alive does not, so that its absence restarts nothing.
        "readiness_probe": _args(ready, port, 3),
        "liveness_probe": _args(alive, port, 3),
    }


def _args(probe: Mapping[str, Any], port: int, failures: int) -> core.ProbeArgs | None:
    port = probe.get("port", port)
    headers = [core.HTTPHeaderArgs(name=name, value=value) for name, value in probe["headers"].items()]
    actions = {
        ProbeKind.HTTP.value: lambda: {
            "http_get": core.HTTPGetActionArgs(path=probe["path"], port=port, http_headers=headers or None)
        },
        ProbeKind.TCP.value: lambda: {"tcp_socket": core.TCPSocketActionArgs(port=port)},
        ProbeKind.EXEC.value: lambda: {"exec_": core.ExecActionArgs(command=probe["command"])},
        ProbeKind.GRPC.value: lambda: {"grpc": core.GRPCActionArgs(port=port)},
    }
    if probe["kind"] not in actions:
        return None
    return core.ProbeArgs(
        **actions[probe["kind"]](),
        period_seconds=probe["period_seconds"],
        timeout_seconds=probe["timeout_seconds"],
        failure_threshold=failures,
    )
