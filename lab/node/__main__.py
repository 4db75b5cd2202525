"""Command line: `python -m lab.node start|stop|status|reset|list|clean [--node NAME]`."""

import argparse
from pathlib import Path

from cli import console, paths
from cli.console import Problem
from lab import images, toolchain
from lab.node import owned
from lab.node.node import Node


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.node", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "start": "start the node, or repair it",
        "stop": "stop the node and keep its data",
        "status": "say what the node and its daemons do",
        "reset": "stop the node and delete its data",
        "list": "name all nodes",
        "clean": "remove the nodes that a killed test, bench or series left",
    }
    for command, text in helps.items():
        sub = commands.add_parser(command, help=text)
        if command not in ("list", "clean"):
            sub.add_argument("--node", default=paths.default_node(), help="name of the node (default: %(default)s)")
        if command == "start":
            sub.add_argument(
                "--nodes", type=int, default=0, help="how many nodes (default: one, or as many as there are)"
            )
            sub.add_argument(
                "--programs", type=Path, help="folder with the Kubernetes programs (default: the toolchain's)"
            )
            sub.add_argument(
                "--image", type=Path, action="append", help="image archive to import (default: this project's)"
            )
    return parser.parse_args()


def main() -> None:
    """Do what the command line says."""
    arguments = _arguments()
    if arguments.command == "list":
        for node in Node.all():
            print(f"{node.name:22}{'running' if node.running() else 'stopped'}")
        return
    if arguments.command == "clean":
        print(f"removed: {', '.join(owned.remove_abandoned()) or 'none was abandoned'}")
        return
    node = Node(arguments.node)
    match arguments.command:
        case "start":
            programs = arguments.programs or toolchain.ensure("engine", "node").bin
            archives = arguments.image or list(images.archives().values())
            for path in (programs, *archives):
                if not path.exists():
                    raise Problem(f"{path} does not exist")
            node.start(programs=programs, images=archives, nodes=arguments.nodes)
            print(node.status())
        case "stop":
            node.stop()
        case "reset":
            node.reset()
        case _:
            print(node.status())


if __name__ == "__main__":
    console.run(main)
