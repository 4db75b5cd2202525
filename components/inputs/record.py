"""Objects of inputs: which keys they have, what each may be, and what holds where one is not given."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from . import errors, manifest
from .errors import InputError
from .known import inputs_of, is_known, is_output, lift, normal
from .shown import kind

_MOMENT = 0.2
"""How long, in seconds, errors that come to light together may be apart."""


@dataclass(frozen=True)
class Rule:
    """What one input may be."""

    check: Callable[..., list[InputError]]
    """Takes the input's key and value, then the values of `needs`; returns the errors."""
    default: Any = None
    """What holds where the input is not given."""
    needs: tuple[str, ...] = ()
    """Other inputs of the same object that decide what is allowed."""
    plain: bool = False
    """Whether the input decides which resources there are, so that it has to be known before they are made."""
    counted: bool = False
    """Whether that it is given already decides what is made, so that an Output of it may not be None in the end."""

    def errors(self, key: str, value: Any, *others: Any) -> list[InputError]:
        """Return the errors of a value: what no manifest can hold, whatever the input, and what `check` says."""
        return manifest.unreadable(key, value) or self.check(key, value, *others) or manifest.foreign(key, value)


class Record:
    """The rules of an object of inputs; as a rule itself, it checks such an object inside another one."""

    def __init__(
        self,
        declared: type,
        rules: Mapping[str, Rule],
        whole: Callable[[str, Mapping[str, Any]], list[InputError]] | None = None,
    ) -> None:
        """Take the rules.

        Args:
            declared: The TypedDict that names the keys.
            rules: One for each key.
            whole: What the keys together have to keep; called where each is right. Default: nothing.
        """
        self.declared, self.rules, self._whole = declared, rules, whole

    def __call__(self, key: str, value: Any) -> list[InputError]:
        """Return the errors of an object that is another one's input."""
        found = self.check(value, f"{key}.")
        return self._whole(key, value) if self._whole and not found and is_known(value) else found

    def of_component(
        self, name: str, args: Any, check: Callable[[str, Mapping[str, Any]], list[InputError]]
    ) -> list[InputError]:
        """Return the errors of a component's inputs; those that are no object at all are one error.

        Args:
            name: The component's name.
            args: The inputs as the program gave them.
            check: Takes the name and the inputs without None, as `known.normal` has them; returns the errors.
        """
        given = inputs_of(args)
        return check(name, given) if isinstance(given, Mapping) else self.check(given)

    def check(self, given: Any, path: str = "") -> list[InputError]:
        """Return every error of what is known; an Output is checked when it resolves.

        Args:
            given: The object.
            path: Where it is, for example `backup.`. Default: at the top.
        """
        if not isinstance(given, Mapping):
            rule = f"an object with {', '.join(self.rules)}"
            key = path.rstrip(".") or "(all inputs)"
            return [InputError(key, kind(given), rule, f"{{{next(iter(self.rules))}: …}}")]
        found = errors.required(given, self.declared, path)
        for key, rule in self.rules.items():
            value = given.get(key, rule.default)
            if value is None:
                continue
            if is_output(value):
                if rule.plain:
                    what = "known before deploying, because it decides which resources there are"
                    found.append(InputError(f"{path}{key}", "(an Output)", what, "give a value, not an Output"))
                continue
            # Another input that is wrong itself says nothing about this one.
            if all(self._is_right(given, other) for other in rule.needs):
                found += rule.errors(f"{path}{key}", value, *(self.value(given, other) for other in rule.needs))
        return found

    def _is_right(self, given: Mapping[str, Any], key: str) -> bool:
        rule, value = self.rules[key], given.get(key, self.rules[key].default)
        if not is_known(value) or not all(self._is_right(given, other) for other in rule.needs):
            return False
        return value is None or not rule.errors(key, value, *(self.value(given, other) for other in rule.needs))

    def value(self, given: Mapping[str, Any], key: str) -> Any:
        """Return one input, or what holds without it, or None; an object inside it gets its own defaults."""
        rule = self.rules[key]
        value = given.get(key, rule.default)
        return lift(rule.check.filled, value) if isinstance(rule.check, Record) and value is not None else value

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object with what holds for the keys that it does not have."""
        values = {key: self.value(given, key) for key in self.rules}
        return {key: value for key, value in values.items() if value is not None}


class Given:
    """The inputs of one component instance: plain where they are known, else Outputs that fail when not allowed."""

    def __init__(self, record: Record, args: Mapping[str, Any], owner: str, path: str = "") -> None:
        """Take the inputs.

        Args:
            record: Their rules.
            args: The inputs as the program gave them.
            owner: Whose they are, for example `MySqlDatabase mysqlauth`.
            path: Where they are, for example `accounts.reports.`. Default: at the top.
        """
        self.record, self.args, self.owner, self.path = record, inputs_of(args), owner, path
        self._read: dict[str, Any] = {}
        self._wrong: dict[str, pulumi.Output[list[InputError]]] = {}

    def __contains__(self, key: str) -> bool:
        """Whether an input was given."""
        return key in self.args

    def __getitem__(self, key: str) -> Any:
        """Return an input, or what holds without it, or None."""
        if key not in self._read:
            self._read[key] = self._value(key)
        return self._read[key]

    def _value(self, key: str) -> Any:
        rule = self.record.rules[key]
        value = self.args.get(key, rule.default)
        needed = [self[other] for other in rule.needs]
        if is_known([value, *needed]):
            return self.record.value(self.args, key)

        def wrong(known: list[Any], secret: bool) -> list[InputError]:
            found, *others = map(normal, known)
            if found is None:
                return self._missing(key, rule)
            told = rule.errors(f"{self.path}{key}", found, *others)
            return [error.hidden(known) for error in told] if secret else told

        def checked(known: list[Any], told: list[InputError]) -> Any:
            found = normal(known[0])
            return self.refuse(told) if told else self.record.value({} if found is None else {key: found}, key)

        later = pulumi.Output.all(value, *needed)
        self._wrong[key] = pulumi.Output.all(later, later.is_secret()).apply(lambda known: wrong(*known))
        return pulumi.Output.all(later, self._wrong[key]).apply(lambda known: checked(*known))

    async def refuse(self, told: list[InputError]) -> None:
        """Fail with what turned out to be wrong, and with all that is wrong in other inputs that are known by now."""
        others = [asyncio.ensure_future(each.future()) for each in self._wrong.values()]
        # Nobody waits for what another resource has yet to tell.
        done, _ = await asyncio.wait(others, timeout=_MOMENT)
        found = [error for each in others if each in done and not each.exception() for error in each.result() or []]
        errors.require_resolved([*found, *(error for error in told if error not in found)], self.owner)

    def _missing(self, key: str, rule: Rule) -> list[InputError]:
        """What is wrong with an Output that turned out to be None."""
        place = f"{self.path}{key}"
        if key in self.record.declared.__required_keys__:  # pyright: ignore[reportAttributeAccessIssue] - a TypedDict
            return [InputError(place, "(missing)", "required", f"give {place}")]
        what = "not an Output of None: that it is given decides what is made"
        return [InputError(place, "(None)", what, "leave it out, or give a value")] if rule.counted else []
