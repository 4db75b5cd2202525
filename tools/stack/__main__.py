"""`python -m tools.stack`: what `make up`, `down`, `preview`, `policy`, `destroy`, `render` and `env` run."""

import argparse
import shlex
from pathlib import Path

from tools import console, paths, toolchain
from tools.cluster import Node

from . import Stack, cluster, config, policy, proof


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="tools.stack", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "preview", "policy", "destroy", "render", "env"])
    parser.add_argument("--stack", default="dev", help="the stack's name (default: dev)")
    parser.add_argument("--node", default=paths.default_node(), help="the local node's name (default: this checkout's)")
    parser.add_argument("--out", type=Path, help="render: the folder to write to")
    return parser.parse_args()


def main() -> None:
    """Run one command on one stack."""
    given = arguments()
    node = Node(given.node)
    kubeconfig = cluster.given()
    offline = given.command in ("policy", "render")
    uses_node = kubeconfig is None and not offline
    tools = toolchain.ensure("engine", *(["node"] if uses_node else []))
    stack = Stack(given.stack, tools, None if offline else kubeconfig or node.kubeconfig)
    if given.command == "env":
        stack.prepare()
        for name, value in stack.exports().items():
            print(f"export {name}={shlex.quote(value)}")
    elif given.command == "render":
        render(stack, given.out)
    elif given.command == "policy":
        stack.prepare()
        stack.check()
        stack.check_policies()
    elif given.command == "down":
        down(stack, node if uses_node else None)
    else:
        # A new node has nothing of what the stack's state may still list, for example after `make node-reset`.
        refresh = ["--refresh"] if uses_node and not node.kubeconfig.exists() else []
        if uses_node:
            cluster.start(node, tools)
        stack.prepare()
        stack.check()
        cluster.check(stack)
        if given.command == "up":
            stack.call("pulumi", "up", "--yes", "--skip-preview", *refresh, *policy.options(stack.name))
            proof.show(stack)
        elif given.command == "preview":
            stack.call("pulumi", "preview", *policy.options(stack.name))
        else:
            stack.call("pulumi", "destroy", "--yes", "--skip-preview")


def render(stack: Stack, out: Path | None) -> None:
    """Write a stack's manifests."""
    if out is None:
        raise console.Problem("render needs a folder to write to", "make render STACK=dev OUT=manifests")
    if out.exists() and any(out.iterdir()):
        raise console.Problem(f"{out} is not empty", "name an empty folder, or remove it")
    stack.prepare()
    stack.check()
    stack.render(out)
    console.console.print(f"Wrote {out}. Its Secrets hold passwords in plain text: keep them out of git.", markup=False)


def down(stack: Stack, node: Node | None) -> None:
    """Remove what `up` made: the stack's resources, its state and passwords, and the local node with its data."""
    stack.prepare()
    forget = ["pulumi", "stack", "rm", "--yes", "--preserve-config"]
    if node is None or node.running():
        stack.call("pulumi", "destroy", "--yes", "--skip-preview")
        stack.call(*forget)
    else:
        # The resources go with the node below.
        stack.call(*forget, "--force")
    if node is not None:
        node.reset()
    config.forget(stack.name)


console.run(main)
