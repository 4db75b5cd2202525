"""What the engine sends, as plain data in which secret and unknown values stay visible.

pulumi-policy hands validations their properties without secrecy, and ends a rule at its first unknown value. These
rules have to see secrets, and have to check all that a preview knows. Hence `install`; its effect is tested with the
real engine (tests/engine/test_policy.py), and requirements/tools.in pins the version of pulumi-policy.
"""

from collections.abc import Iterator
from typing import Any, Final

from pulumi_policy import deserialize, policy, proxy


class Unknown:
    """A value that only the update will know."""

    def __repr__(self) -> str:
        """Show it in messages of tests."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
_UNKNOWNS = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))


class Secret:
    """Marks a Pulumi secret; the value keeps its type (text, number, list or object)."""


class SecretText(str, Secret):
    """A secret text."""


class SecretNumber(float, Secret):
    """A secret number."""


class SecretList(list[Any], Secret):
    """A list that is secret as a whole."""


class SecretObject(dict[str, Any], Secret):
    """An object that is secret as a whole."""


_MARKED = {str: SecretText, float: SecretNumber, int: SecretNumber, list: SecretList, dict: SecretObject}


def decode(value: Any) -> Any:
    """Return a value of the engine as plain data, with `UNKNOWN` and `Secret` in it."""
    if isinstance(value, list):
        return [decode(element) for element in value]
    if isinstance(value, dict):
        kind = value.get(deserialize.SPECIAL_SIG_KEY)
        if kind == deserialize.SPECIAL_SECRET_SIG:
            plain = decode(value.get("value"))
            return _MARKED[type(plain)](plain) if type(plain) in _MARKED else plain
        # Assets and archives are in no Kubernetes resource.
        return {} if kind else {key: decode(element) for key, element in value.items()}
    return UNKNOWN if isinstance(value, str) and value in _UNKNOWNS else value


def install() -> None:
    """Make pulumi-policy hand such data to the rules of this process."""
    policy.deserialize_properties = lambda props, _proxy=False: decode(props)  # pyright: ignore[reportPrivateImportUsage]
    policy.unknown_checking_proxy = lambda props: props  # pyright: ignore[reportPrivateImportUsage]


def get(value: Any, *path: str) -> Any:
    """Return what lies at a path: None when there is nothing, UNKNOWN when it cannot be known yet."""
    for key in path:
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, dict) else None
    return value


def elements(value: Any) -> list[Any]:
    """Return a list's known elements; nothing for what is missing or unknown."""
    return [element for element in value if element is not UNKNOWN] if isinstance(value, list) else []


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, or may turn out to be."""
    return one is UNKNOWN or other is UNKNOWN or one == other


def shown(value: Any) -> str:
    """Return a value for a message; a secret one is not shown."""
    return "[secret]" if isinstance(value, Secret) else repr(value)


def secrets(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of the secrets in a value."""
    if isinstance(value, Secret):
        yield path
    elif isinstance(value, dict):
        for key, element in value.items():
            yield from secrets(element, f"{path}.{key}")
    elif isinstance(value, list):
        for number, element in enumerate(value):
            name = element.get("name", number) if isinstance(element, dict) else number
            yield from secrets(element, f"{path}[{name}]")
