"""Vitess' own client, asked in a pod of a cluster, and the division of rows that a program declares."""

import json
from dataclasses import dataclass
from typing import Any

from .. import programs
from ..console import Problem
from . import Stack, guard
from .namespace import PART_OF

WORKFLOW = "reshard"
"""The name of the move, in Vitess; one at a time."""

#: What needs a vtctld, whose start takes a second.
_SWITCHES = ("SwitchTraffic", "ReverseTraffic", "complete", "cancel")
_SUFFIX = "-shards"
_MAP = "core/v1:ConfigMap"


@dataclass(frozen=True)
class Division:
    """How a cluster's rows are divided, and how they shall be."""

    namespace: str
    instance: str
    keyspace: str
    now: tuple[str, ...]
    """The shards that the program says hold the data."""
    to: tuple[str, ...]
    """Those that it shall be moved to; none where nothing is to be moved."""
    pods: dict[str, str]
    """The names of each shard's pods, without their numbers."""
    vschema: str

    @classmethod
    def read(cls, stack: Stack, database: str = "") -> "Division":
        """Read it from the cluster.

        Args:
            stack: The stack.
            database: The database's name in the cluster, or `<namespace>/<name>`. Default: the only one.

        Raises:
            Problem: The stack has none, or several.
        """
        every = sorted(str(item["id"]) for item in guard.resources(stack) if _is_division(item))
        places = {place: place.removesuffix(_SUFFIX) for place in every}
        found = [place for place, name in places.items() if database in ("", name, name.partition("/")[2])]
        if len(found) != 1:
            names = ", ".join(places.values()) or "none"
            raise Problem(
                f"stack {stack.name} has no one database whose rows are divided or shall be: {names}",
                f"pulumi config set mysqlReshardTo 2 (the input reshard_to), make up STACK={stack.name}"
                if not every
                else "say which one: --database <name>",
            )
        namespace, _, name = found[0].partition("/")
        asked = ("kubectl", "--namespace", namespace, "get", "configmap", name, "--output", "json")
        data = json.loads(stack.ask(*asked, purpose=f"read ConfigMap {name}"))["data"]
        return cls(
            namespace,
            name.removesuffix(_SUFFIX),
            data["keyspace"],
            _names(data["from"]),
            _names(data.get("to", "")),
            json.loads(data["pods"]),
            data["vschema"],
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _is_division(item: dict[str, Any]) -> bool:
    labels = ((item.get("inputs") or {}).get("metadata") or {}).get("labels") or {}
    own = str(item["type"]).endswith(_MAP) and str(item.get("id") or "").endswith(_SUFFIX)
    return own and PART_OF.items() <= labels.items()


class Client:
    """Vitess' client in a pod of one cluster that serves no statements."""

    def __init__(self, stack: Stack, division: Division) -> None:
        """Take the cluster; nothing is asked yet."""
        self._stack, self._division = stack, division
        self._kubectl = ("kubectl", "--namespace", division.namespace)

    def ask(self, *arguments: str, seconds: float = 60, through: str = "ask") -> str:
        """Return what Vitess answers.

        Args:
            arguments: Of its client.
            seconds: How long the answer may take.
            through: The pod's script that asks: `ask`, or `moving` for what moves rows.

        Raises:
            Failed: It refused; no pod answers.
        """
        pod = (f"deployment/{self._division.instance}-vtorc", "--container", "vtorc")
        command = (*self._kubectl, "exec", *pod, "--", "sh", f"/run/vitess/{through}", *arguments)
        try:
            return self._stack.ask(*command, purpose=f"Vitess: {' '.join(arguments[:2])}", seconds=seconds)
        except programs.Failed as failed:
            raise type(failed)(reason(failed.said) or str(failed), failed.fix, failed.said) from None

    def json(self, *arguments: str) -> Any:
        """Return what Vitess answers, as data."""
        return json.loads(self.ask(*arguments))

    def move(self, kind: str, *arguments: str, seconds: float = 60) -> str:
        """Return what Vitess answers about the move of rows.

        Args:
            kind: `Reshard` or `VDiff`.
            arguments: What to do, and its options.
            seconds: How long the answer may take.
        """
        named = ("--workflow", WORKFLOW, "--target-keyspace", self._division.keyspace)
        through = "moving" if arguments[0] in _SWITCHES else "ask"
        return self.ask(kind, *named, *arguments, seconds=seconds, through=through)

    def sql(self, pod: str, statement: str) -> list[str]:
        """Return the lines that a server itself answers to a statement."""
        login = ("mysql", "--defaults-file=/run/vitess/client.cnf", "--batch", "--skip-column-names")
        command = (*self._kubectl, "exec", "--stdin", pod, "--container", "mysqld", "--", *login)
        return self._stack.ask(*command, purpose=f"ask {pod}", text=statement).splitlines()


def reason(said: str) -> str:
    """Return the last error of Vitess' log, which is lines of JSON."""
    found = ""
    for line in said.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") == "ERROR":
            found = str(entry.get("msg", ""))
    return " ".join(found.split())
