"""Errors in inputs: each with its key, value, rule and a value that would pass, and all of them in one message."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from .shown import kind, printable, texts


class Advice(str):
    """What to do about an input where no value would pass: a sentence, and no value itself."""

    __slots__ = ()


#: What to do about an input that must not be given here.
REMOVE = Advice("remove it")


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
    """A value that would pass, or `Advice`."""
    secret: bool = False
    """Whether the input is a secret."""

    def hidden(self, given: Any) -> "InputError":
        """Return the same error without what was given, where that is a secret."""
        # What is in parentheses says what is wrong, and quotes nothing.
        value = self.value if self.value.startswith("(") else "[secret]"
        quoted = [text for text in texts(given) if text in self.example]
        rule = self.rule
        for text in texts(given):
            rule = rule.replace(text, "[secret]")
        return replace(self, value=value, rule=rule, example="" if quoted else self.example, secret=True)


class InputErrors(pulumi.RunError):
    """All inputs that are not allowed, in one message. Pulumi prints it without a traceback and exits with status 1."""

    def __init__(self, inputs: list[InputError], owner: str, outcome: str) -> None:
        self.inputs = inputs
        count = "1 input is" if len(inputs) == 1 else f"{len(inputs)} inputs are"
        lines = [f"{owner}: {count} not allowed. {outcome}"]
        for number, error in enumerate(inputs, 1):
            lines.append(f"{number}. {error.key} = {error.value}")
            lines.append(f"   rule: {error.rule}")
            lines.append(f"   fix:  {error.example or 'give another value'}")
        # Pulumi prints nothing but UTF-8, and a key of the program's own must not look like another line.
        super().__init__("\n".join(map(printable, lines)))


#: What is raised.
_failures: list[Callable[[list[InputError], str, str], Exception]] = [InputErrors]


def report_as(failure: Callable[[list[InputError], str, str], Exception]) -> None:
    """Raise something else from now on: the package host spells the names as other languages do."""
    _failures.append(failure)


def require(errors: list[InputError], owner: str, opts: Any = None) -> None:
    """Raise `InputErrors` when there are errors in inputs that are known before the component is made.

    Args:
        errors: What the rules of `validation` found.
        owner: Whose inputs they are, for example `MySqlDatabase mysqlauth`.
        opts: What was given as Pulumi's options, which Pulumi itself refuses with a traceback. Default: none.
    """
    found = [*errors, *_options(opts)]
    if found:
        raise _failures[-1](found, owner, "Nothing of it was created or changed.")


def _options(opts: Any) -> list[InputError]:
    """What is wrong with Pulumi's options, which are no map in Python."""
    if opts is None or isinstance(opts, pulumi.ResourceOptions):
        return []
    words = ", ".join(f"{key}=…" for key in opts) if isinstance(opts, Mapping) else "protect=True"
    return [InputError("opts", kind(opts), "pulumi.ResourceOptions, or none", f"pulumi.ResourceOptions({words})")]


def require_resolved(errors: list[InputError], owner: str) -> None:
    """Raise `InputErrors` when there are errors in inputs that were Outputs until now; see `require`."""
    if errors:
        raise _failures[-1](errors, owner, "What depends on it was not created or changed.")


def require_config(errors: Mapping[str, list[InputError]], owner: str, declared: Collection[str] | None = None) -> None:
    """Raise one `InputErrors` for a whole stack configuration, with the commands that put it right.

    Args:
        errors: The errors of each component, by the prefix of its configuration keys: the component's `node_port` is
            the key `mysqlNodePort` under the prefix `mysql`.
        owner: Whose configuration it is, for example `stack dev`.
        declared: The keys that there are; an input inside of a map or a list is named by its path in one of them.
            Default: each input has a key of its own.
    """
    found = [
        _of_config(prefix, _unless_secret(prefix, error), declared) if prefix else error
        for prefix, of_component in errors.items()
        for error in of_component
    ]
    if found:
        raise InputErrors(found, owner, "Nothing was created or changed.")


def _unless_secret(prefix: str, error: InputError) -> InputError:
    """An error, without its value where the stack calls one of the keys secret that may hold it."""
    words = re.split(r"[_.]", error.key)
    keys = {prefix + "".join(map(str.capitalize, words[: number + 1])) for number in range(len(words))}
    secret = any(pulumi.runtime.config.is_config_secret(f"{pulumi.get_project()}:{key}") for key in keys)
    return error.hidden(error.value) if secret else error


def _of_config(prefix: str, error: InputError, declared: Collection[str] | None) -> InputError:
    """An error under the key of the stack's configuration, with the command that puts it right."""
    first, *inner = error.key.split(".")
    key = path = prefix + "".join(word.capitalize() for word in re.split(r"[_.]", error.key))
    option = ""
    if declared is not None and key not in declared:
        path = prefix + "".join(word.capitalize() for word in first.split("_"))
        if path in declared:
            # As Pulumi names what is inside of a value.
            path += "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in inner)
            option = "--path "
        else:
            # An input of several keys, whose names begin so.
            path += "…"
    secret = "--secret " if error.secret else ""
    place = f"'{path}'" if option else path
    fix: str = f"pulumi config set {secret}{option}{place} {error.example}".rstrip()
    if error.example == REMOVE and not path.endswith("…"):
        fix = f"pulumi config rm {option}{place}"
    elif error.value == "(missing)" and not option:
        fix = f"pulumi config set {secret}{path} <value>"
    elif isinstance(error.example, Advice):
        fix = error.example
    return InputError(path, error.value, error.rule, fix)


def unknown_keys(given: Iterable[str], known: Iterable[str], path: str = "") -> list[InputError]:
    """Every key that nothing reads, with the nearest one that something does.

    Args:
        given: The keys that were given.
        known: The keys that something reads.
        path: Where the keys are, for example `resources.`. Default: at the top.
    """
    allowed = sorted(known)
    errors: list[InputError] = []
    for key in sorted(set(given) - set(allowed), key=str):
        near = difflib.get_close_matches(str(key), allowed, n=1, cutoff=0.5)
        example = Advice(f"did you mean {path}{near[0]}?") if near else REMOVE
        errors.append(InputError(f"{path}{key}", "(unknown key)", f"one of: {', '.join(allowed)}", example))
    return errors


def required(given: Mapping[str, object], args_type: type, path: str = "") -> list[InputError]:
    """Inputs that are missing or None, and inputs that no component reads.

    Args:
        given: The inputs.
        args_type: The TypedDict that declares them.
        path: Where they are, for example `clients.0.`. Default: at the top.
    """
    keys: frozenset[str] = args_type.__required_keys__  # pyright: ignore[reportAttributeAccessIssue] - a TypedDict has it
    missing = sorted(key for key in keys if given.get(key) is None)
    return [
        *(InputError(f"{path}{key}", "(missing)", "required", Advice(f"give {path}{key}")) for key in missing),
        *unknown_keys(given, args_type.__annotations__, path),
    ]
