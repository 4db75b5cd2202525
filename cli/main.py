"""The command `kubeauth`: every verb, each with its own options.

What a verb does stands in cli/stack and cli/preview, imported when it runs, so that `--help` is quick.
"""

import sys
from pathlib import Path
from typing import Any

import click

from . import console
from .environment.verbs import environment
from .options import DATABASE, JSON, NODES, example, on_cluster, on_stack
from .preview.verbs import VERBS as PREVIEW

#: The exit statuses of every verb; `comment` and `drift` have more.
STATUSES = "Exit status: 0 done, 1 refused or failed (the message says what to type), 2 wrong usage, 130 interrupted."


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=STATUSES)
@click.version_option(package_name="kubeauth", message="%(package)s %(version)s")
def kubeauth() -> None:
    """Run a service and its database that find each other on Kubernetes: a Pulumi project's stacks.

    It works in any folder with a Pulumi.yaml, or below it; deployer expects kubeauth's own keys of
    configuration there. The stack is dev unless --stack says another.
    """


@kubeauth.command(epilog=example("kubeauth up", "kubeauth up --stack staging --context kind-dev"))
@on_cluster
@click.option("--adopt", is_flag=True, help="Take over objects that carry this stack's own mark.")
@NODES
def up(**given: Any) -> None:
    """Deploy a stack: find the cluster, preview, update, and prove that the service reaches its database."""
    _work("up", **given)


@kubeauth.command(epilog=example("kubeauth down"))
@on_cluster
def down(**given: Any) -> None:
    """Remove a stack with its state and passwords, and the cluster that `up` made, if nobody else uses it."""
    _work("down", **given)


@kubeauth.command(epilog=example("kubeauth destroy --stack staging"))
@on_cluster
def destroy(**given: Any) -> None:
    """Remove a stack's resources; its configuration stays, and so does what is protected."""
    _work("destroy", **given)


@kubeauth.command(epilog=example("kubeauth preview --stack prod --context prod-cluster"))
@on_cluster
def preview(**given: Any) -> None:
    """Show what `up` would change."""
    _work("preview", **given)


@kubeauth.command(epilog=example("kubeauth repair"))
@on_cluster
def repair(**given: Any) -> None:
    """Bring a stack back after its run was killed or its state damaged."""
    _work("repair", **given)


@kubeauth.command(epilog=example("kubeauth adopt", "kubeauth adopt --yes"))
@on_cluster
@click.option("--owner", default="", help="Another stack whose objects may be taken, as its mark names it.")
@click.option("--yes", is_flag=True, help="Do it. Default: say what would be kept, changed, replaced and lost.")
@click.option("--lose-data", is_flag=True, help="Also where a database has its data in a pod that ends.")
def adopt(**given: Any) -> None:
    """Bring objects that kubectl or another tool made under the stack, as they are; then deploy as `up` does."""
    _work("adopt", **given)


@kubeauth.command(epilog=example("kubeauth backup"))
@on_cluster
@DATABASE
def backup(**given: Any) -> None:
    """Make a backup of the database now."""
    _work("backup", **given)


@kubeauth.command(
    epilog=example(
        "kubeauth restore",
        "kubeauth restore --backup admin-20261126T030000Z.sql.gz --force",
        "kubeauth restore --to '2026-11-26 03:14:15' --force",
    )
)
@on_cluster
@DATABASE
@click.option("--backup", default="", help="The backup's name, or drop-old. Default: list them.")
@click.option(
    "--to", default="", help="A second instead, as '2026-11-26 03:14:15' in UTC: what was committed before it."
)
@click.option("--schema", default="", help="The schema, with --to. Default: the application's.")
@click.option("--force", is_flag=True, help="Replace the rows that are there.")
def restore(**given: Any) -> None:
    """Put a backup back, list the backups, or (drop-old) remove what earlier restores replaced.

    The backup is loaded beside the living schema and compared; then all tables change places at once.
    """
    _work("restore", **given)


@kubeauth.command("import", epilog=example("kubeauth import --file dump.sql.gz"))
@on_cluster
@DATABASE
@click.option(
    "--file",
    required=True,
    type=click.Path(path_type=Path),
    help="A dump of one schema, .sql or .sql.gz; or a file of the backups' volume.",
)
def import_(**given: Any) -> None:
    """Make a backup of a dump from elsewhere (MySQL, MariaDB), for `restore` to put in place."""
    _work("import", **given)


@kubeauth.command(epilog=example("kubeauth reshard", "kubeauth reshard --back", "kubeauth reshard --complete"))
@on_cluster
@DATABASE
@click.option("--back", is_flag=True, help="Let the old shards serve again, with all that was written since.")
@click.option("--complete", is_flag=True, help="Give up the way back, so that the old servers may go.")
def reshard(**given: Any) -> None:
    """Move a cluster's rows into the shards of reshard_to: copy and compare them under way, then switch.

    It goes on from wherever it was interrupted. Until --complete, --back takes it back without a loss.
    """
    _work("reshard", **given)


@kubeauth.command(epilog=example("kubeauth deployer", "kubeauth deployer --namespace shop --hours 8"))
@on_cluster
@click.option("--namespace", default="", help="Another project's namespace. Default: the stack's.")
@click.option("--environments", is_flag=True, help="The user of live environments instead.")
@click.option("--hours", type=click.IntRange(min=1), help="How long the tokens live. Default: 24.")
@click.option("--long-lived", is_flag=True, help="Tokens without an end, for CI.")
def deployer(**given: Any) -> None:
    """Make a user that may deploy this stack and nothing else, and one that may only read."""
    _work("deployer", **given)


@kubeauth.command(epilog=example('eval "$(kubeauth env)"', "kubeauth env --json | jq -r .KUBECONFIG"))
@on_cluster
@JSON
def env(**given: Any) -> None:
    """Print the variables of a shell in which plain pulumi and kubectl work on the stack."""
    _work("env", **given)


@kubeauth.command(epilog=example("kubeauth render --stack prod --out manifests"))
@on_stack
@click.option("--out", type=click.Path(path_type=Path), help="An empty folder to write to.")
def render(**given: Any) -> None:
    """Write a stack's manifests, without any cluster."""
    _work("render", **given)


@kubeauth.command(epilog=example("kubeauth policy --stack prod"))
@on_stack
def policy(**given: Any) -> None:
    """Check a stack against the policy pack, without any cluster."""
    _work("policy", **given)


@kubeauth.command(
    epilog=example("kubeauth status --stack prod", "kubeauth status --watch", "kubeauth status --json | jq .verdict")
    + "\n\nExit status: 0 all is well, 1 something is wrong or nothing is deployed, 2 wrong usage, 3 it cannot be found"
    " out, 130 `--watch` was ended with Ctrl-C."
)
@on_cluster
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@JSON
def status(**given: Any) -> None:
    """Show what runs where, what is wrong and why, the last change, backups, volumes, and what to type next.

    It changes nothing, needs the rights of a reader, and reads no secret. What a user may not read is said.
    """
    from .status import commands

    sys.exit(commands.status(**given))


@kubeauth.command(
    epilog=example("kubeauth report --stack prod --out prod.html", "kubeauth report --no-drift")
    + "\n\nExit status: as of `status`; the file is there after 0 and 3, and after 1 unless a message refuses it."
)
@on_cluster
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="The file; only its author may read it.",
)
@click.option("--no-drift", is_flag=True, help="Do not compare every field with the cluster, which takes seconds.")
def report(**given: Any) -> None:
    """Write one HTML file that shows the stack as it is: the way to its data, state, history, backups, drift.

    It changes nothing, loads nothing, and is searched for the stack's secrets before it is written.
    """
    from .report import commands

    sys.exit(commands.report(**given))


for verb in (environment, *PREVIEW):
    kubeauth.add_command(verb)


def verbs() -> dict[str, click.Command]:
    """Every verb by what a user types, those of a group with its name before theirs."""
    found: dict[str, click.Command] = {}
    for name, verb in kubeauth.commands.items():
        own = {f"{name} {one}": of for one, of in verb.commands.items()} if isinstance(verb, click.Group) else {}
        found |= own or {name: verb}
    return found


def _work(command: str, **given: Any) -> None:
    from .stack import commands

    commands.run(commands.Given(command, **{name: value for name, value in given.items() if value is not None}))


def main() -> None:
    """Run the command line as `kubeauth`."""
    console.call_me_kubeauth()
    run()


def run() -> None:
    """Run the command line; its messages say what to type with make."""
    console.run(_main)


def _main() -> None:
    try:
        with kubeauth.make_context("kubeauth", sys.argv[1:]) as context:
            kubeauth.invoke(context)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as wrong:
        # Its own form: the usage, the error, and where the help is.
        wrong.show()
        sys.exit(wrong.exit_code)
