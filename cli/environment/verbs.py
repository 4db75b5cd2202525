"""The verbs of `kubeauth environment`, with their options; what they do is imported when one runs."""

from pathlib import Path
from typing import Any

import click

from ..options import JSON, OUT, example, on_way

_EXAMPLES = ("kubeauth environment up --name pr-12 --from staging", "kubeauth environment down --name pr-12")
NAME = click.option("--name", required=True, help="The environment's name, such as pr-12: letters, digits, hyphens.")


@click.group(epilog=example(*_EXAMPLES))
def environment() -> None:
    """Live environments: a pull request's own stack, in a namespace of its own, that goes with it."""


@environment.command(epilog=example(_EXAMPLES[0], "kubeauth environment up --name pr-12 --ttl 3d --data seed.sql.gz"))
@NAME
@click.option("--from", "base_stack", default="", help="The stack whose settings it gets, without its secrets.")
@click.option("--base", default="origin/main", show_default=True, help="The commit or branch that has those settings.")
@click.option("--ttl", default="", help="How long it lives after its last update, such as 72h or 3d. Default: 72h.")
@click.option("--data", default="none", show_default=True, help="none, or a dump that is loaded once.")
@on_way
@OUT
def up(**given: Any) -> None:
    """Make an environment or bring it up to date, and say how to reach it."""
    from . import commands

    commands.up(commands.Wanted(**given))


@environment.command(epilog=example(_EXAMPLES[1], "kubeauth environment down --expired"))
@click.option("--name", default="", help="The environment's name.")
@click.option("--expired", is_flag=True, help="Every one whose time is over, instead.")
@on_way
@OUT
def down(*, name: str, expired: bool, context: str, cluster: str, node: str, out: Path | None) -> None:
    """Remove an environment: its namespace, data, passwords and state; the cluster stays."""
    from . import commands

    if bool(name) == expired:
        raise click.UsageError("give --name, or --expired")
    wanted = commands.Wanted(name, context=context, cluster=cluster, node=node, out=out)
    (commands.down_expired if expired else commands.down)(wanted)


@environment.command("list", epilog=example("kubeauth environment list --json"))
@JSON
def list_(*, as_json: bool) -> None:
    """Print the project's environments, with their age and their end."""
    from . import commands

    commands.listed(as_json=as_json)
