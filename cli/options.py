"""Options that verbs of the command have in common, each written once."""

from collections.abc import Callable
from pathlib import Path

import click

Function = Callable[..., None]


def example(*lines: str) -> str:
    """An epilog with an example of a verb, whose lines click keeps as they are."""
    return "\b\nFor example:\n" + "\n".join(f"  {line}" for line in lines)


def on_stack(function: Function) -> Function:
    """The option that names a stack."""
    return click.option("--stack", default="dev", show_default=True, help="The stack's name.")(function)


def on_way(function: Function) -> Function:
    """The options that choose a cluster."""
    for option in (
        click.option("--cluster", default="", help="current, kind or node. Default: the first one that is there."),
        click.option("--node", default="", help="A local node's name (with kubeauth's lab). Default: the checkout's."),
        click.option("--context", default="", help="A context of the kubeconfig; also the consent to deploy there."),
    ):
        function = option(function)
    return function


def on_cluster(function: Function) -> Function:
    """The options that name a stack and choose its cluster."""
    return on_stack(on_way(function))


DATABASE = click.option("--database", default="", help="The database's name in the cluster. Default: the only one.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
OUT = click.option("--out", type=click.Path(path_type=Path), help="A folder for the reports.")
NODES = click.option(
    "--nodes", type=click.IntRange(min=1), default=None, help="How many nodes a cluster that is made here has."
)
