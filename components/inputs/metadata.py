"""What labels, selectors and annotations are allowed."""

import re
from collections.abc import Mapping
from typing import Any

from .errors import InputError
from .validation import DOMAIN, check, mapping, text

RESERVED_LABELS = ("name", "service", "kubernetes.io/metadata.name")
RESERVED_DOMAINS = ("app.kubernetes.io/", "pod-security.kubernetes.io/")
"""What the components set themselves, or Kubernetes: another value would not count."""

_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def _qualified_name(key: str, word: str, kind: str) -> list[InputError]:
    prefix, slash, local = word.rpartition("/")
    ok = _LABEL_NAME.fullmatch(local) is not None and len(prefix) <= 253
    ok = ok and (not slash or DOMAIN.fullmatch(prefix) is not None)
    return check(ok, key, word, f"{kind} key: [domain/]name, name of 1 to 63 characters", "team")


def label_value(key: str, value: Any) -> list[InputError]:
    """What a label may say, or a taint."""
    ok = isinstance(value, str) and (value == "" or _LABEL_NAME.fullmatch(value) is not None)
    return check(ok, key, value, "a label value: text of at most 63 of A-Z a-z 0-9 - _ .", "payments")


def taint(key: str, value: Any) -> list[InputError]:
    """The key of a taint, which has a label's syntax."""
    return text(key, value) or _qualified_name(key, value, "a taint's")


def selector(key: str, value: Any) -> list[InputError]:
    """Labels that something must have: Kubernetes' syntax, at least one."""
    return some_labels(key, value) if value else check(False, key, value, "at least one label", "{app: reports}")


def some_labels(key: str, value: Any) -> list[InputError]:
    """Labels in Kubernetes' syntax."""
    return mapping(label_value, lambda where, word: _qualified_name(where, word, "a label"))(key, value)


def labels(key: str, value: Any) -> list[InputError]:
    """Extra labels: Kubernetes' syntax, and none of the keys that the components set themselves."""
    reserved = [
        InputError(f"{key}.{word}", repr(word), "not a label that kubeauth sets itself", "team")
        for word in (value if isinstance(value, Mapping) else ())
        if word in RESERVED_LABELS or str(word).startswith(RESERVED_DOMAINS)
    ]
    return [*reserved, *some_labels(key, value)]


def annotations(key: str, value: Any) -> list[InputError]:
    """Extra annotations: Kubernetes' syntax for keys, text as values, none that tells Pulumi what to do."""

    def allowed(where: str, word: str) -> list[InputError]:
        own = word.startswith(("pulumi.com/", "kubeauth/"))
        rule = "not an annotation of Pulumi's or kubeauth's own"
        return [*_qualified_name(where, word, "an annotation"), *check(not own, where, word, rule, "example.com/team")]

    return mapping(text, allowed)(key, value)
