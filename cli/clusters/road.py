"""One road into a cluster: which one a stack goes to, found before anything is built and told before it is used."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import machine, paths
from ..console import Problem
from . import kind
from .kubeconfig import Kubeconfig, files, load, parse
from .local import is_local

NODE, KIND, CONTEXT = "node", "kind", "context"


@dataclass(frozen=True)
class Road:
    """The way to a cluster."""

    kind: str
    """`context`: one that is there; `kind`: one that kind makes; `node`: this checkout's own."""
    name: str
    """The context's, the kind cluster's or the node's name."""
    why: str = ""
    """Who chose it, for people: `KUBECONFIG`, `the current context of ~/.kube/config`."""
    server: str = ""
    kubeconfig: str = ""
    """The text of a kubeconfig with this one context; empty for what is not made yet."""
    asked_for: bool = False
    """Whether the user named this very context, which is consent."""
    nodes: int = 0
    """How many nodes a cluster that is made has; 0 for one, or for as many as it has."""

    def __str__(self) -> str:
        """Return it as people say it."""
        if self.kind == NODE:
            return f"local node {self.name}"
        if self.kind == KIND:
            return f"kind cluster {self.name}, made by kind"
        return f"context {self.name}, {self.server}"

    @property
    def place(self) -> str:
        """The cluster as everybody who shares the stack's state knows it."""
        return (
            self.server
            if self.kind == CONTEXT
            else f"{'local node' if self.kind == NODE else 'kind cluster'} {self.name}"
        )

    @property
    def plainly_local(self) -> bool:
        """Whether nothing but this machine can be meant."""
        return self.kind != CONTEXT or is_local(self.name)

    def as_json(self) -> str:
        """What a checkout remembers of it: no credentials."""
        return json.dumps({"kind": self.kind, "name": self.name, "server": self.server})


@dataclass(frozen=True)
class Wish:
    """What the user and the stack say about the cluster; empty where they say nothing."""

    node: str = ""
    """NODE: a local node's name."""
    context: str = ""
    """CONTEXT: a context's name."""
    cluster: str = ""
    """CLUSTER: `node`, `kind` or `current` skips the search."""
    stack_context: str = ""
    """`kubernetes:context` of the stack."""
    stack_kubeconfig: str = ""
    """`kubernetes:kubeconfig` of the stack: a path or a text."""
    remembered: Mapping[str, str] | None = None
    """What was remembered when the stack was deployed the last time."""
    nodes: int = 0
    """NODES: how many nodes a cluster that is made here has."""


def find(wish: Wish) -> Road:
    """Return the road that a stack takes. Nothing is started, built or asked over a network.

    Raises:
        Problem: There is none, with the ways to get one; or what was named is not there.
    """
    way = _found(wish)
    if wish.nodes and way.kind == CONTEXT:
        raise Problem(
            f"NODES = {wish.nodes}\n  rule: for a cluster that is made here; {way} exists. Nothing was changed.",
            "leave NODES out, or: make up NODES=3 CLUSTER=node (or kind)",
        )
    return replace(way, nodes=wish.nodes)


def _found(wish: Wish) -> Road:
    if wish.cluster not in ("", NODE, KIND, "current"):
        raise Problem(f"CLUSTER = {wish.cluster!r}\n  rule: one of: current, kind, node", "make up CLUSTER=kind")
    if wish.cluster == NODE:
        return _node(wish, "CLUSTER=node")
    if wish.cluster == KIND:
        return _kind("CLUSTER=kind")
    given = given_files()
    if given or wish.context or wish.stack_context or wish.stack_kubeconfig or wish.cluster:
        return _named(wish, given)
    if wish.node:
        return _node(wish, "NODE")
    return _remembered(wish) or _searched(wish)


def given_files() -> list[Path]:
    """The user's own files in KUBECONFIG. Those that `make env` sets are not the user's."""
    own = (paths.STATE / "nodes", paths.LOCAL / "clusters")
    return files(os.environ.get("KUBECONFIG", ""), leave_out=own)


def default_file() -> Path:
    """Where kubectl looks when KUBECONFIG says nothing."""
    return Path.home() / ".kube" / "config"


def _default() -> Kubeconfig | None:
    return load([default_file()], "~/.kube/config") if default_file().exists() else None


def _named(wish: Wish, given: list[Path]) -> Road:
    if wish.stack_kubeconfig:
        read, source = _of_stack(wish.stack_kubeconfig), "kubernetes:kubeconfig"
    elif given:
        read, source = load(given, "KUBECONFIG"), "KUBECONFIG"
    elif found := _default():
        read, source = found, "the current context of ~/.kube/config"
    else:
        raise Problem(f"there is no {default_file()}, and KUBECONFIG is not set", "export KUBECONFIG=<a kubeconfig>")
    if wish.context and wish.stack_context and wish.context != wish.stack_context:
        raise Problem(
            f"CONTEXT={wish.context}, but the stack's kubernetes:context is {wish.stack_context}. Nothing was changed.",
            "leave CONTEXT out, or: pulumi config rm kubernetes:context",
        )
    name, why = read.current, source
    for value, origin in ((wish.stack_context, "kubernetes:context"), (wish.context, "CONTEXT")):
        if value:
            name, why = value, origin
    # A stack that names its cluster in its own configuration has been asked already.
    asked_for = bool(wish.context or wish.stack_context or wish.stack_kubeconfig)
    return Road(CONTEXT, name, why, read.server(name), read.alone(name), asked_for)


def _of_stack(value: str) -> Kubeconfig:
    path = Path(value).expanduser()
    is_path = "\n" not in value and not value.lstrip().startswith("{")
    return load([path], "kubernetes:kubeconfig") if is_path else parse(value, "kubernetes:kubeconfig", paths.CHECKOUT)


def _remembered(wish: Wish) -> Road | None:
    before = wish.remembered
    if not before:
        return None
    if before["kind"] == NODE:
        return Road(NODE, before["name"], "where it was deployed last")
    found = _default()
    name = before["name"]
    # A local cluster that was made again has another port; the guard of the stack tells whether it is the same one.
    if found and name in found.contexts and (is_local(name) or found.server(name) == before["server"]):
        return Road(CONTEXT, name, "where it was deployed last", found.server(name), found.alone(name))
    if before["kind"] == KIND:
        return _kind("where it was deployed last")
    raise Problem(
        f"the stack was deployed to context {before['name']}, {before['server']}, which ~/.kube/config does not have"
        " any more. Nothing was changed.",
        "export KUBECONFIG=<a file with that context>; or, if that cluster is gone: CLUSTER=current, kind or node",
    )


def _searched(wish: Wish) -> Road:
    found = _default()
    locals_ = [name for name in found.contexts if is_local(name)] if found else []
    if found and locals_:
        current = found.current in locals_
        if current or len(locals_) == 1:
            name = found.current if current else locals_[0]
            why = "the current context of ~/.kube/config" if current else "the only local context of ~/.kube/config"
            return Road(CONTEXT, name, why, found.server(name), found.alone(name))
    if kind.available():
        return _kind("docker and kind are here")
    if machine.this().has_nodes:
        return _node(wish, "no other cluster is plainly local, and this is root on Linux")
    raise Problem(
        f"there is no cluster to deploy to.{_not_used(found)} Nothing was built or changed.",
        "one of these ways:\n"
        "       a cluster of yours     make up CONTEXT=<a context>, or export KUBECONFIG=<a file> first\n"
        "       a local one            minikube start, k3d cluster create or Docker Desktop; then make up\n"
        "       Docker and kind        install both (kind.sigs.k8s.io); make up then makes the cluster"
        + (f"\n       {machine.this().node_hint}" if machine.this().node_hint else ""),
    )


def _not_used(found: Kubeconfig | None) -> str:
    if not found or not found.current:
        return ""
    server = found.server(found.current)
    return f" Context {found.current}, {server}, of ~/.kube/config is not plainly local, so it is not used unasked."


def _kind(why: str) -> Road:
    missing = [program for program in ("docker", "kind") if not shutil.which(program)]
    if missing:
        raise Problem(f"CLUSTER=kind needs {' and '.join(missing)}, which PATH does not have", "see kind.sigs.k8s.io")
    return Road(KIND, f"kubeauth-{paths.default_node().rpartition('-')[2]}", why)


def _node(wish: Wish, why: str) -> Road:
    return Road(NODE, wish.node or paths.default_node(), why)
