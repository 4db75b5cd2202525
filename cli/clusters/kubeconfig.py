"""Kubeconfigs, read as kubectl reads them, and one context of them written for all programs of a stack."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..console import Problem

#: Entries that may hold a path relative to their file.
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_LISTS = ("clusters", "contexts", "users")


@dataclass(frozen=True)
class Kubeconfig:
    """What several kubeconfig files say together: the first that names something wins."""

    source: str
    """Where it is from, as people know it: `KUBECONFIG`, `~/.kube/config`."""
    content: dict[str, Any]

    @property
    def current(self) -> str:
        """The name of the current context; empty when there is none."""
        return str(self.content.get("current-context") or "")

    @property
    def contexts(self) -> list[str]:
        """The names of all contexts."""
        return [entry["name"] for entry in self.content["contexts"]]

    def server(self, context: str) -> str:
        """The API server's address of a context; empty when the context names no cluster that is there."""
        cluster = (self._one("contexts", context).get("context") or {}).get("cluster", "")
        return str((self._one("clusters", cluster).get("cluster") or {}).get("server", ""))

    def alone(self, context: str) -> str:
        """The text of a kubeconfig with one context, what it needs, and nothing else.

        Raises:
            Problem: There is no such context, or it names a cluster that is not there.
        """
        if context not in self.contexts:
            there = ", ".join(self.contexts) or "none"
            raise Problem(f"{self.source} has no context {context or '(it names no current one)'}", f"it has: {there}")
        if not self.server(context):
            raise Problem(f"context {context} of {self.source} names no cluster with a server", "kubectl config view")
        entry = self._one("contexts", context)
        inner = entry.get("context") or {}
        named = {"clusters": inner.get("cluster", ""), "users": inner.get("user", "")}
        kept = {kind: [found] if (found := self._one(kind, name)) else [] for kind, name in named.items()}
        content = {"apiVersion": "v1", "kind": "Config", "contexts": [entry], **kept, "current-context": context}
        return yaml.safe_dump(content, sort_keys=False)

    def _one(self, kind: str, name: str) -> dict[str, Any]:
        return next((entry for entry in self.content[kind] if entry["name"] == name), {})


def parse(text: str, source: str, folder: Path) -> Kubeconfig:
    """Read a kubeconfig's text; paths in it are relative to `folder`.

    Raises:
        Problem: It is no kubeconfig.
    """
    try:
        content = yaml.safe_load(text) or {}
        read: dict[str, Any] = {"current-context": content.get("current-context") or ""}
        for kind in _LISTS:
            read[kind] = [{**entry, "name": _text(entry["name"])} for entry in content.get(kind) or []]
        for entry in read["clusters"] + read["users"]:
            for inner in ("cluster", "user"):
                if isinstance(entry.get(inner), dict):
                    entry[inner] = _absolute(entry[inner], folder)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{source} is no kubeconfig: {reason}", "see `kubectl config view --flatten --minify`") from None
    return Kubeconfig(source, read)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name {name} is not text, it needs quotes")
    return name


def _absolute(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    found = {key: str(folder / value) if key in _PATHS and value else value for key, value in entry.items()}
    plugin = found.get("exec")
    # A plugin named without a folder is looked up on PATH.
    if isinstance(plugin, dict) and "/" in str(plugin.get("command", "")):
        found["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return found


def current(path: Path) -> str:
    """The name of a file's current context."""
    return load([path], str(path)).current


def files(variable: str, *, leave_out: Iterable[Path] = ()) -> list[Path]:
    """The files that a KUBECONFIG variable lists, without those below the folders `leave_out`.

    Raises:
        Problem: A path is relative, and there is no such file in this folder.
    """
    found: list[Path] = []
    for name in filter(None, variable.split(os.pathsep)):
        path = Path(name).expanduser()
        if not path.is_absolute():
            # Whoever runs make with -C means another folder; nobody can tell which.
            if not path.exists():
                raise Problem(
                    f"KUBECONFIG = {variable!r}: {name} is relative, and not in {Path.cwd()}",
                    f'export KUBECONFIG="$PWD/{name}" in the folder where that file is',
                )
            path = path.absolute()
        if not any(path.is_relative_to(folder) for folder in leave_out):
            found.append(path)
    return found


def load(paths: list[Path], source: str) -> Kubeconfig:
    """Read several files as one, as kubectl does: a missing file counts as empty as long as one is there.

    Raises:
        Problem: None is there or may be read, or one is no kubeconfig.
    """
    merged: dict[str, Any] = {"current-context": "", **{kind: [] for kind in _LISTS}}
    there = False
    for path in paths:
        try:
            one = parse(path.read_text(encoding="utf-8"), str(path), path.parent).content
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(f"{path} cannot be read: {error}", "check KUBECONFIG") from None
        there = True
        merged["current-context"] = merged["current-context"] or one["current-context"]
        for kind in _LISTS:
            names = {entry["name"] for entry in merged[kind]}
            merged[kind] += [entry for entry in one[kind] if entry["name"] not in names]
    if not there:
        raise Problem(
            f"{source} names no file that is there: {', '.join(map(str, paths))}",
            "set it to a kubeconfig, or unset it",
        )
    return Kubeconfig(source, merged)
