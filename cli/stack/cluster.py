"""The cluster a stack goes to: found, shown, started, agreed to and, with `make down`, removed."""

import json
import sys
from pathlib import Path

from rich.prompt import Confirm

from .. import machine, paths, programs
from ..clusters import kind, loading, road
from ..clusters.road import Road, Wish
from ..console import Problem, console, step
from ..toolchain import Toolchain
from . import Stack, config, guard

#: Namespaces that every node of ours has; what else is on it is somebody's.
SYSTEM = ("default", "kube-", "local-path-storage", "kubeauth-deployers", "kubeauth-environments")


def find(stack: str, *, node: str, context: str, choice: str, nodes: int = 0) -> Road:
    """Return the way to the stack's cluster; nothing is built or started, except to read an encrypted kubeconfig.

    Args:
        stack: The stack's name.
        node: NODE, a local node's name; empty for this checkout's own.
        context: CONTEXT, a context's name; empty for the current one.
        choice: CLUSTER, one of `current`, `kind`, `node`; empty to search.
        nodes: NODES, how many nodes a cluster that is made here has. Default: one, or as many as it has.

    Raises:
        Problem: There is no cluster, or what was named is not there.
    """
    own = config.effective(stack)
    kubeconfig = own.get("kubernetes:kubeconfig") or ""
    if isinstance(kubeconfig, dict):
        kubeconfig = _decrypted(stack) if "secure" in kubeconfig else json.dumps(kubeconfig)
    remembered = config.read(config.place_file(stack))
    named = str(own.get("kubernetes:context") or "")
    return road.find(Wish(node, context, choice, named, kubeconfig, remembered, nodes))


def _decrypted(stack: str) -> str:
    asked = Stack(stack, machine.this().toolchain(), None)
    asked.prepare()
    return asked.ask("pulumi", "config", "get", "kubernetes:kubeconfig", purpose="read the stack's kubeconfig").strip()


def show(stack: str, way: Road) -> None:
    """Say where a stack goes, before anything is built."""
    console.print(f"Stack {stack} goes to {way} ({way.why}).", markup=False)


def tools_for(way: Road) -> Toolchain:
    """Return the programs that a cluster needs; what cannot work on this machine is refused before one is built.

    Raises:
        Problem: This machine cannot run the node, or a program could not be had.
    """
    return machine.this().toolchain(node=way.name if way.kind == road.NODE else "")


def kubeconfig(stack: str, way: Road) -> Path:
    """The file with the one context that Pulumi, its provider and kubectl use."""
    return machine.this().kubeconfig(way.name) if way.kind == road.NODE else config.kubeconfig_file(stack)


def exists(way: Road) -> bool:
    """Whether there is a cluster already; one that a context names counts as there."""
    if way.kind == road.NODE:
        return machine.this().kubeconfig(way.name).exists()
    return way.kind != road.KIND or kind.exists(way.name)


def write(stack: Stack, way: Road) -> None:
    """Write the kubeconfig of a cluster that is there already."""
    if way.kind == road.CONTEXT:
        config.write_private(config.kubeconfig_file(stack.name), way.kubeconfig)


def start(stack: Stack, way: Road, tools: Toolchain) -> bool:
    """Start or make the cluster, and write its kubeconfig.

    Returns:
        Whether it is a new cluster, with nothing of what a state may still list.
    """
    fresh = not exists(way)
    if way.kind == road.NODE:
        machine.this().start(way.name, tools, config.images(stack.name), way.nodes)
    elif way.kind == road.KIND:
        with step(f"{'Make' if fresh else 'Find'} the cluster {way.name} with kind", 90 if fresh else 2):
            kind.create(way.name, config.kubeconfig_file(stack.name), fresh=fresh, nodes=way.nodes)
    else:
        write(stack, way)
    return fresh


def load_images(stack: Stack, way: Road) -> None:
    """Bring the images of stack dev into a local cluster; refuse them where no node could get them.

    Raises:
        Problem: Says which image, and what to do.
    """
    # A node of ours got them when it started; its deployer, who comes by a kubeconfig, may not list nodes.
    nodes = (paths.STATE / "nodes").glob("*/kubeconfig")
    if way.server and any(way.server in file.read_text(encoding="utf-8") for file in nodes):
        return
    loading.load(way, config.images(stack.name), lambda: _held(stack))


def _held(stack: Stack) -> set[str]:
    command = ("kubectl", "get", "nodes", "--output", "json", "--request-timeout", "10s")
    try:
        nodes = json.loads(stack.ask(*command, purpose="ask the nodes for their images"))["items"]
    except programs.Forbidden:
        return set()
    return {name for node in nodes for image in node["status"].get("images") or [] for name in image.get("names") or []}


def claim(stack: Stack, way: Road, *, fresh: bool) -> None:
    """Refuse another cluster than the stack's own; for its first one, get the user's consent, and remember it.

    Raises:
        Problem: The stack lives elsewhere, nobody can tell, or the user does not agree.
    """
    first = guard.check(stack, way.place, fresh=fresh)
    if first is not None:
        _consent(stack.name, way)
        guard.remember(stack, first)
    config.write_private(config.place_file(stack.name), way.as_json())


def _consent(stack: str, way: Road) -> None:
    if way.asked_for or way.plainly_local or config.read(config.place_file(stack)).get("server") == way.server:
        return
    question = f"Stack {stack} has never been deployed to {way}, which is not plainly local."
    if not sys.stdin.isatty() or not console.is_terminal:
        raise Problem(f"{question} Nothing was changed.", f"make up STACK={stack} CONTEXT={way.name}, if that is meant")
    if not Confirm.ask(f"{question} Deploy there?", console=console, default=False):
        raise Problem("nothing was changed", "make up CONTEXT=<another context>, CLUSTER=node or CLUSTER=kind")


def remove(stack: Stack, way: Road) -> None:
    """Remove a cluster that `make up` made, unless somebody else has something on it."""
    if way.kind == road.CONTEXT or not exists(way):
        return
    others = _others(stack)
    if others:
        away = f"make node-reset NODE={way.name}" if way.kind == road.NODE else f"kind delete cluster --name {way.name}"
        console.print(
            f"The {way} stays: it has namespaces of others, {', '.join(others)}. With all of them: {away}", markup=False
        )
    elif way.kind == road.NODE:
        machine.this().remove(way.name)
    else:
        kind.delete(way.name, config.kubeconfig_file(stack.name))


def _others(stack: Stack) -> list[str]:
    listed = stack.ask("kubectl", "get", "namespaces", "--output", "json", purpose="list the cluster's namespaces")
    # What its owner deletes right now, keeps nothing.
    staying = [item["metadata"] for item in json.loads(listed)["items"] if "deletionTimestamp" not in item["metadata"]]
    return [found["name"] for found in staying if not found["name"].startswith(SYSTEM)]


def check(stack: Stack, way: Road) -> None:
    """Refuse a cluster that does not answer, and a node port that something else has.

    Raises:
        Problem: Says which, and what to do.
    """
    command = ("kubectl", "get", "services", "--all-namespaces", "--output", "json", "--request-timeout", "10s")
    try:
        services = json.loads(stack.ask(*command, purpose="ask the cluster for its Services"))["items"]
    except programs.Forbidden:
        console.print("This user may not list all Services: not checked whether the node port is free.")
        return
    except programs.Failed as failure:
        raise Problem(f"{way} does not answer: {failure}", "start it, or name another: CONTEXT=<a context>") from None
    settings = stack.settings()
    node_port, namespace, name = (str(settings.get(key)) for key in ("mysqlNodePort", "namespaceName", "mysqlName"))
    own = namespace, f"{name}-service"
    for service in services:
        found = service["metadata"]["namespace"], service["metadata"]["name"]
        if (
            found != own
            and node_port.isdecimal()
            and node_port in [str(port.get("nodePort")) for port in service["spec"].get("ports", [])]
        ):
            raise Problem(
                f"node port {node_port} belongs to the Service {found[1]} in namespace {found[0]}",
                "choose another one: pulumi config set mysqlNodePort 32002 (0 lets the cluster choose)",
            )
