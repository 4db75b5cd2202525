"""What inputs are allowed: every rule once. Each function returns the errors of one input."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

import pulumi

from ..kubernetes.discovery import parse_endpoint
from ..kubernetes.pods import Placement, Toleration
from ..kubernetes.services import TrafficPolicy, owner_of
from .errors import InputError, required, unknown_keys

MAX_NAME = 40
"""Longest instance name: children add up to 21 characters to it, and Kubernetes ends names of Services at 63."""

RESERVED_LABELS = ("name", "service", "app.kubernetes.io/")

_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TOLERATION_WORDS = {
    "operator": ("Equal", "Exists"),
    "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
}
# The grammar of the distribution project: [host[:port]/]path, then :tag or @digest, at least one of them.
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[a-z0-9.-]+(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*"
    r"(?:(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)


def is_known(value: object) -> bool:
    """Whether a value can be checked now: it is not an Output or another awaitable."""
    return value is not None and not isinstance(value, pulumi.Output) and not hasattr(value, "__await__")


def check(ok: bool, key: str, value: object, rule: str, example: str) -> list[InputError]:
    """One error unless `ok`."""
    # Other languages hand whole numbers over as floats.
    shown = int(value) if isinstance(value, float) and value.is_integer() else value
    return [] if ok else [InputError(key, repr(shown), rule, example)]


def name(key: str, value: Any, example: str) -> list[InputError]:
    """An instance's or namespace's name: a DNS label as Services need it (RFC 1035)."""
    if not is_known(value):
        return []
    ok = isinstance(value, str) and len(value) <= MAX_NAME and _DNS_LABEL.fullmatch(value) is not None
    rule = f"1 to {MAX_NAME} characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'"
    return check(ok, key, value, rule, example)


def word_of(value: Any) -> Any:
    """The word that an Enum's member stands for; other values as they are."""
    return value.value if isinstance(value, Enum) else value


def one_of(key: str, value: Any, allowed: type[Enum]) -> list[InputError]:
    """One of a few words."""
    words = [member.value for member in allowed]
    return check(value in words, key, value, f"one of: {', '.join(words)}", words[0])


def true_or_false(key: str, value: Any) -> list[InputError]:
    """A switch; the word "false" would count as true."""
    return check(isinstance(value, bool), key, value, "true or false", "true")


def at_least_one(given: Mapping[str, object], keys: Sequence[str]) -> list[InputError]:
    """One of several inputs that can stand for each other."""
    missing = all(given.get(key) is None for key in keys)
    return [InputError(keys[0], "(missing)", f"required without {keys[1]}", f"give {keys[0]}")] if missing else []


def not_together(given: Mapping[str, object], key: str, others: Iterable[str]) -> list[InputError]:
    """Inputs that would be ignored because another one stands for them."""
    if key not in given:
        return []
    return [InputError(other, "(given)", f"not together with {key}", "remove it") for other in others if other in given]


def whole_number(key: str, value: Any, low: int, high: int, meaning: str, example: int) -> list[InputError]:
    """A whole number in a range; YAML consumers may hand it over as `3.0`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return check(is_number and low <= value <= high, key, value, f"{meaning}, {low} to {high}", str(example))


def cidrs(key: str, value: Iterable[Any]) -> list[InputError]:
    """Networks in CIDR form."""
    errors: list[InputError] = []
    for position, network in enumerate(value):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            errors += check(False, f"{key}.{position}", network, "a network in CIDR form", "192.168.0.0/16")
    return errors


def port(key: str, value: Any, example: int, low: int = 1) -> list[InputError]:
    """A TCP port; a container that is not root listens on 1024 and more."""
    return whole_number(key, value, low, 65535, "a TCP port", example)


def node_port(key: str, value: Any, service_type: str, owner: str) -> list[InputError]:
    """A port in the range that API servers hand out by default, for one Service of type NodePort alone."""
    if value == 0:
        return []
    if service_type != "NodePort":
        return check(False, key, value, f"not together with service_type {service_type}", "0")
    errors = whole_number(key, value, 30000, 32767, "a node port, or 0 for one that the cluster chooses", 32001)
    if errors or (taken_by := owner_of(int(value), owner)) == owner:
        return errors
    return check(False, key, value, f"not the node port of {taken_by}", "0")


def traffic_policy(key: str, value: Any, service_type: str) -> list[InputError]:
    """Which nodes answer at a node port, only where there is one."""
    if value is None:
        return []
    if service_type != "NodePort":
        return check(False, key, word_of(value), f"not together with service_type {service_type}", "remove it")
    return one_of(key, word_of(value), TrafficPolicy)


def image(key: str, value: Any, example: str) -> list[InputError]:
    """A container image with a tag or a digest: without one, each node may run another version."""
    ok = isinstance(value, str) and _IMAGE.fullmatch(value) is not None
    return check(ok, key, value, "a lower-case image reference with a tag or an @sha256 digest", example)


def cluster_domain(key: str, value: Any) -> list[InputError]:
    """A DNS domain without a dot at either end."""
    ok = isinstance(value, str) and _DOMAIN.fullmatch(value) is not None
    return check(ok, key, value, "a DNS domain in lower case without a dot at its ends", "cluster.local")


def resource_name(key: str, value: Any, example: str) -> list[InputError]:
    """The name of an object that exists already: a DNS subdomain (RFC 1123), or none."""
    if not is_known(value) or value == "":
        return []
    ok = isinstance(value, str) and len(value) <= 253 and _DOMAIN.fullmatch(value) is not None
    return check(ok, key, value, "1 to 253 characters of a-z, 0-9, '-' and '.'", example)


def _qualified_name(key: str, name: str, kind: str) -> list[InputError]:
    prefix, slash, local = name.rpartition("/")
    ok = _LABEL_NAME.fullmatch(local) is not None and (not slash or _DOMAIN.fullmatch(prefix) is not None)
    return check(ok, key, name, f"{kind} key: [domain/]name, name of 1 to 63 characters", "team")


def selector(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """Labels that something must have: Kubernetes' syntax, at least one."""
    errors = check(bool(value), key, dict(value), "at least one label", "app: reports")
    for label, text in value.items():
        errors += _qualified_name(f"{key}.{label}", label, "a label")
        ok = isinstance(text, str) and (text == "" or _LABEL_NAME.fullmatch(text) is not None)
        errors += check(ok, f"{key}.{label}", text, "a label value: at most 63 of A-Z a-z 0-9 - _ .", "payments")
    return errors


def labels(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """Extra labels: Kubernetes' syntax, and none of the keys that the components set themselves."""
    errors: list[InputError] = []
    for label, text in value.items():
        errors += selector(key, {label: text})
        reserved = label in RESERVED_LABELS or label.startswith(RESERVED_LABELS[-1])
        errors += check(not reserved, f"{key}.{label}", label, "not a label that kubeauth sets itself", "team")
    return errors


def annotations(key: str, value: Mapping[str, Any]) -> list[InputError]:
    """Extra annotations: Kubernetes' syntax for keys, text as values, none that tells Pulumi what to do."""
    errors: list[InputError] = []
    for name, text in value.items():
        errors += _qualified_name(f"{key}.{name}", name, "an annotation")
        errors += check(isinstance(text, str), f"{key}.{name}", text, "text", "'true'")
        reserved = name.startswith(("pulumi.com/", "kubeauth/"))
        rule = "not an annotation of Pulumi's or kubeauth's own"
        errors += check(not reserved, f"{key}.{name}", name, rule, "example.com/team")
    return errors


def placement(key: str, value: Placement) -> list[InputError]:
    """Where pods run: keys that Kubernetes has, words that it knows."""
    errors = required(value, Placement, f"{key}.")
    if value.get("node_selector"):
        errors += selector(f"{key}.node_selector", value.get("node_selector", {}))
    for position, toleration in enumerate(value.get("tolerations", [])):
        path = f"{key}.tolerations.{position}."
        errors += required(toleration, Toleration, path)
        for field, words in _TOLERATION_WORDS.items():
            given = toleration.get(field, words[0])
            errors += check(given in words, f"{path}{field}", given, f"one of: {', '.join(words)}", words[0])
    known = ("nodeAffinity", "podAffinity", "podAntiAffinity")
    errors += unknown_keys(value.get("affinity", {}), known, f"{key}.affinity.")
    priority = value.get("priority_class_name")
    return [*errors, *resource_name(f"{key}.priority_class_name", priority, "high-priority")]


def endpoint(key: str, value: Any) -> list[InputError]:
    """The address of a database, `host:port`."""
    if not is_known(value):
        return []
    try:
        parse_endpoint(value)
    except (ValueError, AttributeError):
        return check(False, key, value, "<host>:<port>", "mysqlauth-service.production-cloud.svc.cluster.local:3306")
    return []


def absolute_path(key: str, value: Any, example: str = "/build/authenticate_service") -> list[InputError]:
    """A path in a container or a URL, or none."""
    ok = not value or (isinstance(value, str) and value.startswith("/"))
    return check(ok, key, value, "an absolute path", example)


def secret_key(key: str, value: Any, example: str) -> list[InputError]:
    """A key in a Secret."""
    ok = isinstance(value, str) and re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", value) is not None
    return check(ok, key, value, "1 to 253 characters of A-Z a-z 0-9 - _ .", example)


def env_names(key: str, value: Iterable[str], taken: Iterable[str] = ()) -> list[InputError]:
    """Names of environment variables; those of the database are the component's own."""
    errors: list[InputError] = []
    for name in value:
        ok = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
        errors += check(ok, f"{key}.{name}", name, "a name of A-Z a-z 0-9 _, not starting with a digit", "LOG_LEVEL")
        free = not name.startswith("DB_") and name not in taken
        errors += check(free, f"{key}.{name}", name, "not a variable that is set already", "LOG_LEVEL")
    return errors
