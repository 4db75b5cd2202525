"""What values may be in objects with Kubernetes' own keys: rules of the API server that no shape tells."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..inputs import metadata, validation
from ..inputs.errors import REMOVE, Advice, InputError
from ..inputs.known import is_known, is_output
from ..inputs.validation import Check, check, one_of, whole_number

_UNITS = {
    **{unit: Decimal(1000) ** power for power, unit in zip((-3, -2, -1, 1, 2, 3, 4, 5, 6), "numkMGTPE", strict=True)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(rf"(\d+\.?\d*|\.\d+)({'|'.join(_UNITS)}|[eE][+-]?\d{{1,2}})?", re.ASCII)
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-)){0,14}(?<!-)")
_IN = ("In", "NotIn")
_IS = ("Exists", "DoesNotExist")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


def _port(key: str, value: Any) -> list[InputError]:
    """A port's number, or the name of one."""
    if isinstance(value, str) and not value.isdecimal():
        return _port_name(key, value)
    return validation.port(8080)(key, value)


def _port_name(key: str, value: Any) -> list[InputError]:
    rule = "a port's name: 1 to 15 characters of a-z, 0-9 and '-', a letter among them"
    return check(_PORT_NAME.fullmatch(str(value)) is not None, key, value, rule, "web")


def _environment(key: str, value: Any) -> list[InputError]:
    ok = isinstance(value, str) and value != "" and "=" not in value
    return check(ok, key, value, "a variable's name, without =", "LOG_LEVEL")


def _path(key: str, value: Any) -> list[InputError]:
    return check(value != "" and ":" not in str(value), key, value, "a path without a colon", "/etc/app")


def _sub_path(key: str, value: Any) -> list[InputError]:
    ok = not str(value).startswith("/") and ".." not in str(value).split("/")
    return check(ok, key, value, "a path below the volume's own, without ..", "app")


_SECONDS = whole_number(1, 2**31 - 1, "seconds", 10)
_COUNT = whole_number(1, 2**31 - 1, "a number", 3)
#: Rules of fields, by the class of their object and their name; of any class under "".
_FIELDS: Mapping[str, Mapping[str, Check]] = {
    "": {
        "imagePullPolicy": one_of(["IfNotPresent", "Always", "Never"]),
        "terminationMessagePolicy": one_of(["File", "FallbackToLogsOnError"]),
        "protocol": one_of(["TCP", "UDP", "SCTP"]),
        "scheme": one_of(["HTTP", "HTTPS"]),
        "mountPropagation": one_of(["None", "HostToContainer", "Bidirectional"]),
        "weight": whole_number(1, 100, "a weight", 100),
        "periodSeconds": _SECONDS,
        "timeoutSeconds": _SECONDS,
        "initialDelaySeconds": whole_number(0, 2**31 - 1, "seconds", 10),
        "failureThreshold": _COUNT,
        "successThreshold": _COUNT,
        "topologyKey": metadata.taint,
    },
    "Container": {"restartPolicy": one_of(["Always", "OnFailure", "Never"])},
    "ContainerPort": {
        "containerPort": validation.port(8080),
        "hostPort": whole_number(0, 65535, "a TCP port", 0),
        "name": _port_name,
    },
    "HTTPGetAction": {"port": _port},
    "TCPSocketAction": {"port": _port},
    "GRPCAction": {"port": validation.port(8080)},
    "EnvVar": {"name": _environment},
    "VolumeMount": {"mountPath": _path, "subPath": _sub_path},
    "NodeSelectorRequirement": {"operator": one_of([*_IN, *_IS, "Gt", "Lt"]), "key": metadata.taint},
    "LabelSelectorRequirement": {"operator": one_of([*_IN, *_IS]), "key": metadata.taint},
}
#: Objects that say exactly one of several things.
_ONE = {
    "Probe": _HANDLERS,
    "LifecycleHandler": ("exec", "httpGet", "tcpSocket", "sleep"),
    "EnvFromSource": ("secretRef", "configMapRef"),
    "EnvVarSource": ("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"),
}


def errors(key: str, given: Mapping[str, Any], declared: type) -> list[InputError]:
    """Return the errors of an object's values.

    Args:
        key: Where it is.
        given: The object, of the right shape, with Kubernetes' own keys.
        declared: Its class among pulumi_kubernetes' outputs.
    """
    kind = declared.__name__
    rules = {**_FIELDS[""], **_FIELDS.get(kind, {})}
    found = [
        error
        for word, value in given.items()
        if word in rules and not is_output(value)
        for error in rules[word](f"{key}.{word}", value)
    ]
    if one := _ONE.get(kind):
        said = [word for word in one if word in given]
        found += check(len(said) == 1, key, ", ".join(said) or given, f"exactly one of: {', '.join(one)}", one[0])
    if kind == "EnvVar" and given.get("value") and "valueFrom" in given:
        found.append(InputError(f"{key}.value", "(given)", "not together with valueFrom", REMOVE))
    if kind == "ResourceRequirements":
        found += _amounts(key, given)
    if kind == "Container":
        found += _succeed_once(key, given)
    return found or _values(key, given)


def _amounts(key: str, given: Mapping[str, Any]) -> list[InputError]:
    found: list[InputError] = []
    sides = [side if isinstance(side := given.get(word), Mapping) else {} for word in ("limits", "requests")]
    for word, side in zip(("limits", "requests"), sides, strict=True):
        for name, amount in side.items():
            ok = is_output(amount) or _amount(amount) is not None
            found += check(ok, f"{key}.{word}.{name}", amount, "an amount such as 100m, 1.5, 64Mi or 2G", "64Mi")
    limits, requests = sides
    for name in () if found else limits.keys() & requests.keys():
        if is_known([limits[name], requests[name]]) and (_amount(requests[name]) or 0) > (_amount(limits[name]) or 0):
            rule = f"not over its limit, {limits[name]}"
            found.append(InputError(f"{key}.requests.{name}", str(requests[name]), rule, str(limits[name])))
    return found


def _amount(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(str(value))
    if not match:
        return None
    unit = match[2] or ""
    return Decimal(match[1]) * (_UNITS[unit] if unit in _UNITS else Decimal(f"1{unit}"))


def _succeed_once(key: str, given: Mapping[str, Any]) -> list[InputError]:
    """A probe that restarts a container counts one success."""
    spelled = {"livenessProbe": ("successThreshold", "success_threshold")}
    spelled["startupProbe"] = spelled["livenessProbe"]
    return [
        InputError(f"{key}.{probe}.{word}", str(given[probe][word]), "1 for this probe", REMOVE)
        for probe, words in spelled.items()
        for word in words
        if isinstance(given.get(probe), Mapping) and given[probe].get(word, 1) != 1
    ]


def _values(key: str, given: Mapping[str, Any]) -> list[InputError]:
    """How many values a requirement's operator compares with."""
    operator, values = given.get("operator"), given.get("values") or []
    if "operator" not in given or not is_known([operator, values]):
        return []
    if operator in _IS:
        return check(not values, f"{key}.values", values, f"none with {operator}", REMOVE)
    if operator in _IN:
        return check(bool(values), f"{key}.values", values, f"at least one with {operator}", Advice("name one"))
    ok = len(values) == 1 and str(values[0]).isdecimal()
    return check(ok, f"{key}.values", values, f"one whole number, in quotes, with {operator}", "['4']")
