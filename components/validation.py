"""What inputs are allowed: every rule once, every error with its key, value, rule and a value that would pass."""

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pulumi

from .discovery import parse_endpoint
from .pods import ResourcesArgs, merge

MAX_NAME = 40
"""Longest instance name: children add up to 21 characters to it, and Kubernetes ends names of Services at 63."""

SYSTEM_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")
RESERVED_LABELS = ("name", "service", "app.kubernetes.io/")

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_CPU = re.compile(r"([1-9][0-9]*m|[0-9]+(\.[0-9]{1,3})?)")
_BYTES = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti)")
# The grammar of the distribution project: [host[:port]/]path, then :tag or @digest, at least one of them.
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[a-z0-9.-]+(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*"
    r"(?:(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)


@dataclass(frozen=True)
class InputError:
    """One input that is not allowed."""

    key: str
    """The input's name, as in the component's Args."""
    value: str
    """What was given; never the value of a secret."""
    rule: str
    """What is allowed."""
    example: str
    """A value that would pass."""
    secret: bool = False
    """Whether the input is a secret."""


class InputErrors(pulumi.RunError):
    """All inputs that are not allowed, in one message. Pulumi prints it without a traceback and exits with status 1."""

    def __init__(self, errors: list[InputError], owner: str) -> None:
        self.errors = errors
        inputs = "1 input is" if len(errors) == 1 else f"{len(errors)} inputs are"
        lines = [f"{owner}: {inputs} not allowed. Nothing was created or changed."]
        for number, error in enumerate(errors, 1):
            lines.append(f"{number}. {error.key} = {error.value}")
            lines.append(f"   rule: {error.rule}")
            lines.append(f"   fix:  {error.example or 'give another value'}")
        super().__init__("\n".join(lines))


def require(errors: list[InputError], owner: str) -> None:
    """Raise `InputErrors` when there are errors.

    Args:
        errors: What the rules of this module found.
        owner: Whose inputs they are, for example `MySqlDatabase mysqlauth`.
    """
    if errors:
        raise InputErrors(errors, owner)


def require_config(errors: Mapping[str, list[InputError]], owner: str) -> None:
    """Raise one `InputErrors` for a whole stack configuration, with the commands that put it right.

    Args:
        errors: The errors of each component, by the prefix of its configuration keys: the component's `node_port` is
            the key `mysqlNodePort` under the prefix `mysql`.
        owner: Whose configuration it is, for example `stack dev`.
    """
    found: list[InputError] = []
    for prefix, of_component in errors.items():
        for error in of_component:
            words = re.split(r"[_.]", error.key)
            key = prefix + "".join(word.capitalize() for word in words) if prefix else error.key
            flag = "--secret " if error.secret else ""
            command = f"pulumi config set {flag}{key} {error.example}".rstrip()
            found.append(InputError(key, error.value, error.rule, command if prefix else error.example))
    require(found, owner)


def is_known(value: object) -> bool:
    """Whether a value can be checked now: it is not an Output or another awaitable."""
    return value is not None and not isinstance(value, pulumi.Output) and not hasattr(value, "__await__")


def unknown_keys(given: Iterable[str], known: Iterable[str]) -> list[InputError]:
    """Every key that nothing reads, with the nearest one that something does."""
    allowed = sorted(known)
    errors: list[InputError] = []
    for key in sorted(set(given) - set(allowed)):
        near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
        example = f"did you mean {near[0]}?" if near else "remove it"
        errors.append(InputError(key, "(unknown key)", f"one of: {', '.join(allowed)}", example))
    return errors


def required(given: Mapping[str, object], args_type: type) -> list[InputError]:
    """Inputs that are missing or None, and inputs that no component reads."""
    keys: frozenset[str] = args_type.__required_keys__  # pyright: ignore[reportAttributeAccessIssue] - a TypedDict has it
    missing = sorted(key for key in keys if given.get(key) is None)
    return [
        *(InputError(key, "(missing)", "required", f"give {key}") for key in missing),
        *unknown_keys(given, args_type.__annotations__),
    ]


def _check(ok: bool, key: str, value: object, rule: str, example: str) -> list[InputError]:
    return [] if ok else [InputError(key, repr(value), rule, example)]


def name(key: str, value: Any, example: str) -> list[InputError]:
    """An instance's or namespace's name: a DNS label as Services need it (RFC 1035)."""
    if not is_known(value):
        return []
    ok = isinstance(value, str) and len(value) <= MAX_NAME and _DNS_LABEL.fullmatch(value) is not None
    rule = f"1 to {MAX_NAME} characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'"
    return _check(ok, key, value, rule, example)


def one_of(key: str, value: Any, allowed: Iterable[str]) -> list[InputError]:
    """One of a few words."""
    words = list(allowed)
    return _check(str(value) in words, key, str(value), f"one of: {', '.join(words)}", words[0])


def whole_number(key: str, value: Any, low: int, high: int, meaning: str, example: int) -> list[InputError]:
    """A whole number in a range; YAML consumers may hand it over as `3.0`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return _check(is_number and low <= value <= high, key, value, f"{meaning}, {low} to {high}", str(example))


def cidrs(key: str, value: Iterable[Any]) -> list[InputError]:
    """Networks in CIDR form."""
    errors: list[InputError] = []
    for position, network in enumerate(value):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            errors += _check(False, f"{key}.{position}", network, "a network in CIDR form", "192.168.0.0/16")
    return errors


def port(key: str, value: Any, example: int, low: int = 1) -> list[InputError]:
    """A TCP port; a container that is not root listens on 1024 and more."""
    return whole_number(key, value, low, 65535, "a TCP port", example)


def node_port(key: str, value: Any, service_type: str) -> list[InputError]:
    """A port in the range that API servers hand out by default, only with a Service of type NodePort."""
    if value == 0:
        return []
    if service_type != "NodePort":
        return _check(False, key, value, f"not together with service_type {service_type}", "0")
    return whole_number(key, value, 30000, 32767, "a node port, or 0 for one that the cluster chooses", 32001)


def bytes_of(value: str) -> Decimal | None:
    """The number of bytes of a quantity such as `512Mi`, or None when it is not one."""
    match = _BYTES.fullmatch(value)
    return Decimal(match[1]) * _UNITS[match[2]] if match else None


def byte_quantity(key: str, value: Any, minimum: str, example: str) -> list[InputError]:
    """An amount of memory or storage. Plain numbers, `MB` and `m` are refused: they rarely mean what was meant."""
    amount = bytes_of(value) if isinstance(value, str) else None
    rule = f"a number with Ki, Mi, Gi or Ti, at least {minimum}"
    return _check(amount is not None and amount >= (bytes_of(minimum) or 0), key, value, rule, example)


def _cores(value: str) -> Decimal:
    return Decimal(value[:-1]) / 1000 if value.endswith("m") else Decimal(value)


def resources(given: ResourcesArgs, defaults: ResourcesArgs, minimum_memory: str) -> list[InputError]:
    """Requests and limits of a container: amounts, units, and no request over its limit."""
    merged: dict[str, Any] = {**merge(given, defaults)}
    examples: dict[str, Any] = {**defaults}
    errors = [
        InputError(f"resources.{error.key}", error.value, error.rule, error.example)
        for error in unknown_keys(given, defaults)
    ]
    # A request that follows from its limit is not an error of its own.
    for key in (key for key in examples if key in given or key.replace("request", "limit") not in given):
        value, example = merged[key], examples[key]
        if key.startswith("cpu"):
            ok = isinstance(value, str) and _CPU.fullmatch(value) is not None and 0 < _cores(value) <= 64
            errors += _check(ok, f"resources.{key}", value, "cores or millicores, 1m to 64", example)
        else:
            minimum = minimum_memory if key == "memory_limit" else "1Mi"
            errors += byte_quantity(f"resources.{key}", value, minimum, example)
    if not errors:
        for kind, amount in (("cpu", _cores), ("memory", bytes_of)):
            request, limit = merged[f"{kind}_request"], merged[f"{kind}_limit"]
            ok = (amount(request) or 0) <= (amount(limit) or 0)
            errors += _check(ok, f"resources.{kind}_request", request, f"not over its limit, {limit}", limit)
    return errors


def image(key: str, value: Any, example: str) -> list[InputError]:
    """A container image with a tag or a digest: without one, each node may run another version."""
    ok = isinstance(value, str) and _IMAGE.fullmatch(value) is not None
    return _check(ok, key, value, "a lower-case image reference with a tag or an @sha256 digest", example)


def password(key: str, value: Any) -> list[InputError]:
    """A password, known now or checked when its Output resolves. Its value is never shown."""
    if not is_known(value):
        return []
    ok = isinstance(value, str) and 0 < len(value) <= 255 and not set(value) & set("\n\r\0")
    shown = "(empty)" if value == "" else "[secret]"
    rule = "1 to 255 characters, no line break, no NUL"
    return [] if ok else [InputError(key, shown, rule, "", secret=True)]


def different_passwords(key: str, value: Any, other_key: str, other: Any) -> list[InputError]:
    """Two accounts never share a password: who learns one must not have the other."""
    same = is_known(value) and is_known(other) and value == other and value != ""
    return [InputError(key, "[secret]", f"not the same as {other_key}", "", secret=True)] if same else []


def username(key: str, value: Any) -> list[InputError]:
    """A MySQL account's name; system accounts are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", value) is not None
    ok = ok and value.lower() != "root" and not value.startswith("mysql")
    return _check(ok, key, value, "1 to 32 characters of A-Z a-z 0-9 _ -, not root, not mysql…", "admin")


def database_name(key: str, value: Any) -> list[InputError]:
    """A schema's name; MySQL's own schemas are not for applications."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", value) is not None
    ok = ok and value.lower() not in SYSTEM_SCHEMAS
    return _check(ok, key, value, f"1 to 64 characters of A-Z a-z 0-9 _ -, not {', '.join(SYSTEM_SCHEMAS)}", "admin")


def cluster_domain(key: str, value: Any) -> list[InputError]:
    """A DNS domain without a dot at either end."""
    ok = isinstance(value, str) and _DOMAIN.fullmatch(value) is not None
    return _check(ok, key, value, "a DNS domain in lower case without a dot at its ends", "cluster.local")


def labels(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """Extra labels: Kubernetes' syntax, and none of the keys that the components set themselves."""
    errors: list[InputError] = []
    for label, text in value.items():
        prefix, slash, local = label.rpartition("/")
        ok = _LABEL_NAME.fullmatch(local) is not None and (not slash or _DOMAIN.fullmatch(prefix) is not None)
        errors += _check(ok, f"{key}.{label}", label, "a label key: [domain/]name, name of 1 to 63 characters", "team")
        reserved = label in RESERVED_LABELS or label.startswith(RESERVED_LABELS[-1])
        errors += _check(not reserved, f"{key}.{label}", label, "not a label that kubeauth sets itself", "team")
        ok = isinstance(text, str) and (text == "" or _LABEL_NAME.fullmatch(text) is not None)
        errors += _check(ok, f"{key}.{label}", text, "a label value: at most 63 of A-Z a-z 0-9 - _ .", "payments")
    return errors


def endpoint(key: str, value: Any) -> list[InputError]:
    """The address of a database, `host:port`."""
    if not is_known(value):
        return []
    try:
        parse_endpoint(value)
    except (ValueError, AttributeError):
        return _check(False, key, value, "<host>:<port>", "mysqlauth-service.production-cloud.svc.cluster.local:3306")
    return []


def absolute_path(key: str, value: Any) -> list[InputError]:
    """A path in the container, or none."""
    ok = not value or (isinstance(value, str) and value.startswith("/"))
    return _check(ok, key, value, "an absolute path", "/build/authenticate_service")
