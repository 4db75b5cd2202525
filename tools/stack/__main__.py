"""`python -m tools.stack`: what `make up`, `down`, `preview`, `backup`, `restore` and the like run on a stack."""

import argparse
import shlex
from pathlib import Path

from tools import console, paths, toolchain
from tools.cluster import Node
from tools.toolchain import Toolchain

from . import Stack, backup, change, cluster, config, deployer, exclusive, guard, policy, repair, state


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="tools.stack", description=__doc__)
    commands = [
        "up",
        "down",
        "preview",
        "policy",
        "destroy",
        "repair",
        "backup",
        "restore",
        "render",
        "env",
        "deployer",
    ]
    parser.add_argument("command", choices=commands)
    parser.add_argument("--stack", default="dev", help="the stack's name (default: dev)")
    parser.add_argument("--node", default=paths.default_node(), help="the local node's name (default: this checkout's)")
    parser.add_argument("--backup", default="", help="restore: the backup's name (default: list them)")
    parser.add_argument("--force", action="store_true", help="restore: replace the rows that are there")
    parser.add_argument("--namespace", default="", help="deployer: another project's namespace (default: the stack's)")
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
    elif given.command == "deployer":
        stack.prepare()
        if uses_node:
            cluster.start(node, tools)
        deployer.make(stack, given.namespace)
    elif given.command == "preview":
        if stack.files:
            state.refuse_damage(stack.files, stack.name)
        connect(stack, node if uses_node else None, tools)
        stack.call("pulumi", "preview", *policy.options(stack.name))
    else:
        with exclusive.hold(stack, f"make {given.command}") as lock:
            if given.command in ("backup", "restore"):
                if stack.files:
                    state.refuse_damage(stack.files, stack.name)
                connect(stack, node if uses_node else None, tools)
                guard.check(stack, f"local node {node.name}" if uses_node else guard.place_of(stack), fresh=False)
                backup.run(stack, given.command, given.backup, force=given.force)
                return
            work(given.command, stack, node if uses_node else None, tools, lock)


def connect(stack: Stack, node: Node | None, tools: Toolchain) -> None:
    """Make the cluster and the stack ready."""
    if node is not None:
        cluster.start(node, tools)
    stack.prepare()
    stack.check()
    cluster.check(stack)


def work(command: str, stack: Stack, node: Node | None, tools: Toolchain, lock: int) -> None:
    """Run one command that changes the stack, under its lock."""
    if command == "down":
        down(stack, node, lock)
        return
    # What a killed run left comes first: Pulumi would trip over its lock, and make an empty stack of a lost state.
    killed, restored = exclusive.clear(stack), False
    if command == "repair":
        restored = repair.restore(stack)
    elif stack.files:
        state.refuse_damage(stack.files, stack.name)
    # A new node has nothing of what the stack's state may still list, for example after `make node-reset`.
    fresh = node is not None and not node.kubeconfig.exists()
    connect(stack, node, tools)
    guard.check(stack, f"local node {node.name}" if node else guard.place_of(stack), fresh=fresh)
    if command == "repair":
        repair.repair(stack, found=killed or restored, restored=restored)
        return
    refresh = repair.settle(stack) or killed or fresh
    if command == "up":
        guard.check_volume(stack)
        change.up(stack, lock, refresh=refresh)
    else:
        change.destroy(stack, lock, refresh=refresh)


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


def down(stack: Stack, node: Node | None, lock: int) -> None:
    """Remove what `up` made: the stack's resources, its state and passwords, and the local node with its data."""
    killed = exclusive.clear(stack)
    stack.prepare()
    forget = ["pulumi", "stack", "rm", "--yes", "--preserve-config"]
    if node is None or node.running():
        guard.check(stack, f"local node {node.name}" if node else guard.place_of(stack), fresh=False)
        change.destroy(stack, lock, refresh=repair.settle(stack) or killed)
        stack.call(*forget)
    else:
        # The resources go with the node below.
        stack.call(*forget, "--force")
    if node is not None:
        node.reset()
    config.forget(stack.name)


console.run(main)
