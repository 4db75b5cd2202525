"""The verbs of `kubeauth` that say what would change or did: each with its own options.

What they do stands in `commands`, which is imported when one runs, so that `--help` is quick.
"""

import sys
from pathlib import Path
from typing import Any

import click

from ..options import JSON, OUT, example, on_cluster


@click.command(
    epilog=example("kubeauth comment --stack prod --base origin/main --out out", "kubeauth comment --live --json")
    + "\n\nExit status: 0 nothing to stop for, 1 failed, 3 the gate refuses the change."
)
@on_cluster
@click.option("--base", default="origin/main", show_default=True, help="The commit or branch to compare with.")
@click.option("--live", is_flag=True, help="Ask state and cluster instead of git.")
@click.option("--allow", default="", help="Tokens that the gate named, with blanks between.")
@click.option("--sarif", type=click.Path(path_type=Path), help="A file for the findings on the changed lines.")
@OUT
@JSON
def comment(**given: Any) -> None:
    """Write a pull request's comment on a stack: what would change, what it costs, and whether the gate lets it in."""
    from . import commands

    sys.exit(commands.comment(**given))


@click.command(
    epilog=example("kubeauth approved --stack prod --file out/prod.json")
    + "\n\nExit status: 0 the same, 1 failed, 3 something else would be deployed."
)
@on_cluster
@click.option(
    "--file",
    required=True,
    type=click.Path(path_type=Path),
    help="The preview that was approved: <stack>.json of `comment --out`.",
)
def approved(**given: Any) -> None:
    """Compare what `up` would do now with a preview that was approved, and say in what they differ."""
    from . import commands

    sys.exit(commands.deployable(**given))


@click.command(
    epilog=example("kubeauth drift --stack prod") + "\n\nExit status: 0 no drift, 1 failed, 4 drift was found."
)
@on_cluster
@OUT
@JSON
def drift(**given: Any) -> None:
    """Show what changed on the cluster without Pulumi; nothing is written there."""
    from . import commands

    sys.exit(commands.drift(**given))


@click.command(epilog=example("kubeauth stacks --base origin/main"))
@click.option("--base", default="origin/main", show_default=True, help="The commit or branch whose stacks count, too.")
def stacks(base: str) -> None:
    """Print the stacks of the working tree and of the base, as JSON."""
    from . import commands

    commands.stacks(base)


@click.command(epilog=example("kubeauth touched --base origin/main", """kubeauth touched --among '["prod"]'"""))
@click.option("--base", default="origin/main", show_default=True, help="What to compare with.")
@click.option("--among", help="Only these stacks, as a JSON list. Default: all.")
def touched(base: str, among: str | None) -> None:
    """Print the stacks that HEAD changes against the base, as JSON."""
    from . import commands

    commands.touched(base, among)


VERBS = (comment, approved, drift, stacks, touched)
"""All of them, in the order in which help shows them."""
