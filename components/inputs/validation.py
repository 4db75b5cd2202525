"""What inputs are allowed: every rule once. Each function returns the errors of one input whose value is known."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from .errors import REMOVE, Advice, InputError
from .known import is_known, is_output
from .shown import kind, shown

MAX_NAME = 40
"""Longest instance name: children add up to 21 characters to it, and Kubernetes ends names of Services at 63."""

SYSTEM_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")

_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# The grammar of the distribution project: [host[:port]/]path, then :tag or @digest, at least one of them.
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:{DOMAIN.pattern}(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*"
    r"(?:(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:(?!0{64})[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})"
)

_URL_PATH = re.compile(r"/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*")

Check = Callable[[str, Any], list[InputError]]


def check(ok: bool, key: str, value: object, rule: str, example: str) -> list[InputError]:
    """One error unless `ok`."""
    return [] if ok else [InputError(key, shown(value), rule, example)]


def each(entry: Check, example: str = "", *, some: bool = False) -> Check:
    """The rule for a list whose entries keep another one; `some`: at least one of them."""

    def rule(key: str, value: Any) -> list[InputError]:
        if not isinstance(value, list | tuple):
            inner = f"{{{next(iter(value), 'name')}: …}}" if isinstance(value, Mapping) else shown(value)
            return check(False, key, value, "a list", example or f"[{inner}]")
        if some and not value:
            return check(False, key, value, "at least one", example)
        known = [(number, item) for number, item in enumerate(value) if not is_output(item)]
        return [error for number, item in known for error in entry(f"{key}.{number}", item)]

    return rule


def once(entry: Check, example: str = "") -> Check:
    """The rule for a list whose entries are different, because Kubernetes refuses one that is there twice."""

    def rule(key: str, value: Any) -> list[InputError]:
        found = each(entry, example)(key, value)
        twice = [] if found or not is_known(value) else [n for n, item in enumerate(value) if item in value[:n]]
        return [*found, *(InputError(f"{key}.{n}", "(given)", "each once", REMOVE) for n in twice)]

    return rule


def mapping(entry: Check, name: Check | None = None) -> Check:
    """The rule for a map whose values keep another one, and whose keys keep `name`."""

    def rule(key: str, value: Any) -> list[InputError]:
        if not isinstance(value, Mapping):
            return [InputError(key, kind(value), "a map of names to values", "{name: value}")]
        found: list[InputError] = []
        for word, item in value.items():
            where = f"{key}.{word}"
            found += check(isinstance(word, str), where, word, "a name in text", f"'{word}'")
            found += name(where, word) if name and isinstance(word, str) else []
            found += [] if is_output(item) else entry(where, item)
        return found

    return rule


def anything(key: str, value: Any) -> list[InputError]:
    """What Kubernetes alone can judge."""
    del key, value
    return []


def text(key: str, value: Any) -> list[InputError]:
    """Text; a number or a switch needs quotes, because nobody knows how it would be spelled."""
    spelled = str(value).lower() if isinstance(value, bool) else value if isinstance(value, int | float) else "text"
    return check(isinstance(value, str), key, value, "text, in quotes", f"'{spelled}'")


def name(key: str, value: Any, example: str) -> list[InputError]:
    """An instance's or namespace's name: a DNS label as Services need it (RFC 1035)."""
    ok = isinstance(value, str) and len(value) <= MAX_NAME and _DNS_LABEL.fullmatch(value) is not None
    rule = f"1 to {MAX_NAME} characters of a-z, 0-9 and '-', starting with a letter, not ending with '-'"
    return check(ok, key, value, rule, example)


def namespace(key: str, value: Any) -> list[InputError]:
    """The name of a namespace that exists."""
    return dns_label(key, value, "production-cloud")


def dns_label(key: str, value: Any, example: str) -> list[InputError]:
    """A name that Kubernetes takes anywhere: a DNS label (RFC 1123)."""
    ok = isinstance(value, str) and len(value) <= 63 and re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", value)
    return check(bool(ok), key, value, "1 to 63 characters of a-z, 0-9 and '-', no '-' at its ends", example)


def own_namespace(key: str, value: Any) -> list[InputError]:
    """The name of a namespace that is made: none of Kubernetes' own."""
    system = value in SYSTEM_NAMESPACES or str(value).startswith("kube-")
    return check(not system, key, value, "not a namespace of Kubernetes itself", "production-cloud")


def one_of(allowed: type[Enum] | Sequence[str]) -> Check:
    """The rule for one of a few words."""
    words = [entry.value if isinstance(entry, Enum) else entry for entry in allowed]
    return lambda key, value: check(value in words, key, value, f"one of: {', '.join(words)}", words[0])


def true_or_false(key: str, value: Any) -> list[InputError]:
    """A switch; the word "false" would count as true."""
    return check(isinstance(value, bool), key, value, "true or false", "true")


def at_least_one(given: Mapping[str, object], keys: Sequence[str]) -> list[InputError]:
    """One of several inputs that can stand for each other."""
    missing = not given.keys() & set(keys)
    return (
        [InputError(keys[0], "(missing)", f"required without {keys[1]}", Advice(f"give {keys[0]}"))] if missing else []
    )


def not_together(given: Mapping[str, object], key: str, others: Iterable[str]) -> list[InputError]:
    """Inputs that would be ignored because another one stands for them."""
    if key not in given:
        return []
    return [InputError(other, "(given)", f"not together with {key}", REMOVE) for other in others if other in given]


def whole_number(low: int, high: int, meaning: str, example: int) -> Check:
    """The rule for a whole number in a range."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return check(ok, key, value, f"{meaning}, {low} to {high}", str(example))

    return rule


def seconds(low: int, high: int, example: int) -> Check:
    """The rule for a time in whole seconds."""
    return whole_number(low, high, "seconds", example)


def cidr(key: str, value: Any) -> list[InputError]:
    """A network as Kubernetes takes it: an address, `/` and the number of bits; none of them set behind those."""
    try:
        ok = str(ipaddress.ip_network(value)) == value and "%" not in value
    except ValueError:
        ok = False
    return check(ok, key, value, "a network in CIDR form, <address>/<bits>", _network(value))


def _network(value: Any) -> str:
    """The network that was probably meant."""
    try:
        return str(ipaddress.ip_network(re.sub("%[^/]*", "", value), strict=False))
    except (ValueError, TypeError):
        return "192.168.0.0/16"


def port(example: int, low: int = 1) -> Check:
    """The rule for a TCP port; a container that is not root listens on 1024 and more."""
    return whole_number(low, 65535, "a TCP port", example)


def image(example: str) -> Check:
    """The rule for an image with a tag or a digest: without one, each node may run another version."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, str) and _IMAGE.fullmatch(value) is not None and len(value) <= 400
        return check(ok, key, value, "a lower-case image reference with a tag or a real @sha256 digest", example)

    return rule


def cluster_domain(key: str, value: Any) -> list[InputError]:
    """A DNS domain without a dot at either end."""
    ok = isinstance(value, str) and DOMAIN.fullmatch(value) is not None and max(map(len, value.split("."))) <= 63
    # Names have 253 characters, and <pod>.<service>.<namespace>.svc. before it up to 166.
    ok = ok and len(value) <= 87
    rule = "a DNS domain in lower case without a dot at its ends, at most 87 characters"
    return check(ok, key, value, rule, "cluster.local")


def host_name(key: str, value: Any) -> list[InputError]:
    """A DNS name and no address; the first label may be `*`."""
    ok = isinstance(value, str) and DOMAIN.fullmatch(value.removeprefix("*.")) is not None and len(value) <= 253
    ok = ok and re.fullmatch(r"[0-9.]+", value) is None
    return check(ok, key, value, "a DNS name in lower case, no address", "auth.example.com")


def or_empty(rule: Check) -> Check:
    """The rule for a text that may be empty, where that means none."""
    return lambda key, value: [] if value == "" else rule(key, value)


def resource_name(example: str) -> Check:
    """The rule for the name of an object that exists already: a DNS subdomain (RFC 1123)."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, str) and len(value) <= 253 and DOMAIN.fullmatch(value) is not None
        return check(ok, key, value, "1 to 253 characters of a-z, 0-9, '-' and '.'", example)

    return rule


def absolute_path(example: str) -> Check:
    """The rule for a path in a container or a URL."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, str) and value.startswith("/")
        return check(ok, key, value, "an absolute path", example)

    return rule


def url_path(key: str, value: Any) -> list[InputError]:
    """What paths of requests begin with, as an Ingress and an HTTPRoute take it."""
    ok = isinstance(value, str) and _URL_PATH.fullmatch(value) is not None and len(value) <= 1024
    ok = ok and re.search(r"//|/\.{1,2}(/|$)|%2f", value, re.IGNORECASE) is None
    return check(ok, key, value, "an absolute path of a URL, without //, /./, /../ and %2f", "/auth")


def secret_key(example: str) -> Check:
    """The rule for a key in a Secret."""

    def rule(key: str, value: Any) -> list[InputError]:
        ok = isinstance(value, str) and re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", value) is not None
        return check(ok, key, value, "1 to 253 characters of A-Z a-z 0-9 - _ .", example)

    return rule


def variable(key: str, value: Any) -> list[InputError]:
    """The name of an environment variable, as Kubernetes takes it: some frameworks have dots in theirs."""
    ok = isinstance(value, str) and re.fullmatch(r"[A-Za-z_.-][A-Za-z0-9_.-]*", value) is not None
    return check(ok, key, value, "a name of A-Z a-z 0-9 _ . -, not starting with a digit", "LOG_LEVEL")
