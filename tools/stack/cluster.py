"""The cluster a stack goes to: what KUBECONFIG names, or the local node of this checkout."""

import json
import os
from pathlib import Path

from tools import images, paths
from tools.cluster import Node
from tools.console import Problem, console
from tools.toolchain import Toolchain

from . import Stack


def given() -> Path | None:
    """The cluster of the user's choice, or None for the local node."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    local_nodes = paths.STATE / "nodes"
    if not kubeconfig or Path(kubeconfig).is_relative_to(local_nodes):
        return None
    return Path(kubeconfig)


def start(node: Node, tools: Toolchain) -> None:
    """Start the local node with the images of the dev stack."""
    node.start(programs=tools.bin, images=list(images.archives().values()))


def check(stack: Stack) -> None:
    """Refuse a cluster that does not answer, and a node port that something else has.

    Raises:
        Problem: Says which, and what to do.
    """
    done = stack.run("kubectl", "get", "services", "--all-namespaces", "--output", "json", "--request-timeout", "10s")
    if "(Forbidden)" in done.stderr:
        console.print("This user may not list all Services: not checked whether the node port is free.")
        return
    if done.returncode:
        raise Problem(
            f"the cluster in {stack.kubeconfig} does not answer: {done.stderr.strip().splitlines()[-1]}",
            "check KUBECONFIG, or unset it to use a local node",
        )
    wanted = json.loads(stack.run("pulumi", "config", "--json").stdout)
    node_port = int(wanted["kubeauth:mysqlNodePort"]["value"])
    own = wanted["kubeauth:namespaceName"]["value"], f"{wanted['kubeauth:mysqlName']['value']}-service"
    for service in json.loads(done.stdout)["items"]:
        name = service["metadata"]["namespace"], service["metadata"]["name"]
        if name != own and node_port in [port.get("nodePort") for port in service["spec"].get("ports", [])]:
            raise Problem(
                f"node port {node_port} belongs to the Service {name[1]} in namespace {name[0]}",
                "choose another one: pulumi config set mysqlNodePort 32002 (0 lets the cluster choose)",
            )
