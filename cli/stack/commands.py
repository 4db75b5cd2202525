"""What `kubeauth up`, `down`, `preview`, `backup`, `restore` and the like do with a stack."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from .. import console, machine
from ..clusters.road import Road
from ..toolchain import Toolchain
from . import (
    Stack,
    backup,
    change,
    cluster,
    config,
    deployer,
    exclusive,
    guard,
    journal,
    policy,
    refusals,
    repair,
    reshard,
    state,
    takeover,
)

#: The commands that need no cluster, and take none.
OFFLINE = ("policy", "render")


@dataclass(frozen=True)
class Given:
    """What the command line says."""

    command: str
    stack: str = "dev"
    node: str = ""
    context: str = ""
    cluster: str = ""
    adopt: bool = False
    nodes: int | None = None
    owner: str = ""
    yes: bool = False
    lose_data: bool = False
    backup: str = ""
    to: str = ""
    schema: str = ""
    force: bool = False
    database: str = ""
    file: Path | None = None
    back: bool = False
    complete: bool = False
    namespace: str = ""
    environments: bool = False
    hours: int = deployer.TOKEN_HOURS
    long_lived: bool = False
    out: Path | None = None
    as_json: bool = False


def run(given: Given) -> None:
    """Run one command on one stack."""
    refusals.require(given.stack)
    if given.command in OFFLINE:
        offline(given)
        return
    if given.command == "env":
        environment(given)
        return
    way = road(given)
    cluster.show(given.stack, way)
    tools = cluster.tools_for(way)
    stack = Stack(given.stack, tools, cluster.kubeconfig(given.stack, way))
    if given.command == "deployer":
        stack.prepare()
        cluster.start(stack, way, tools)
        lasts = {"hours": given.hours, "long_lived": given.long_lived}
        if given.environments:
            deployer.make_for_environments(stack, **lasts)
        else:
            deployer.make(stack, given.namespace, **lasts)
    elif given.command == "preview":
        if stack.files:
            state.refuse_damage(stack.files, stack.name)
        connect(stack, way, tools)
        if said := journal.notice(stack):
            console.console.print(said, markup=False)
        stack.call("pulumi", "preview", *policy.options(stack.name, guard.known(stack)))
    else:
        with exclusive.hold(stack, f"make {given.command}") as lock:
            work(given, stack, way, tools, lock)


def road(given: Given) -> Road:
    """Return the way to the stack's cluster."""
    return cluster.find(
        given.stack, node=given.node, context=given.context, choice=given.cluster, nodes=given.nodes or 0
    )


def environment(given: Given) -> None:
    """Print what a shell needs to work on a stack; without a cluster, all but the way to one."""
    try:
        way = road(given)
    except console.Problem as problem:
        console.console.print(f"no cluster: {str(problem).splitlines()[0]}", markup=False)
        stack = Stack(given.stack, machine.this().toolchain(), None)
    else:
        stack = Stack(given.stack, cluster.tools_for(way), cluster.kubeconfig(given.stack, way))
        cluster.write(stack, way)
    stack.prepare()
    if given.as_json:
        print(json.dumps(stack.exports(), indent=2))
        return
    for name, value in stack.exports().items():
        print(f"export {name}={shlex.quote(value)}")


def offline(given: Given) -> None:
    """Run a command that needs no cluster."""
    stack = Stack(given.stack, machine.this().toolchain(), None)
    if given.command == "render":
        render(stack, given.out)
        return
    stack.prepare()
    stack.check()
    stack.check_policies()


def connect(stack: Stack, way: Road, tools: Toolchain) -> bool:
    """Make the cluster and the stack ready; return whether the cluster is new."""
    fresh = cluster.start(stack, way, tools)
    stack.prepare()
    stack.check()
    cluster.check(stack, way)
    return fresh


def work(given: Given, stack: Stack, way: Road, tools: Toolchain, lock: int) -> None:
    """Run one command that changes the stack, under its lock."""
    command = given.command
    if command == "down":
        down(stack, way, tools, lock)
        return
    # What a killed run left comes first: Pulumi would trip over its lock, and make an empty stack of a lost state.
    killed, restored = exclusive.clear(stack), False
    if command == "repair":
        restored = repair.restore(stack)
    elif stack.files:
        state.refuse_damage(stack.files, stack.name)
    fresh = connect(stack, way, tools)
    if command in ("up", "adopt"):
        # Before the claim: a cluster that cannot get the images is not agreed to.
        cluster.load_images(stack, way)
    cluster.claim(stack, way, fresh=fresh)
    if command == "backup":
        backup.backup(stack, given.database)
        return
    if command == "restore":
        if given.to:
            second = backup.Second(given.to, given.schema)
            backup.restore_second(stack, second, force=given.force, database=given.database)
        else:
            backup.restore(stack, given.backup, force=given.force, database=given.database)
        return
    if command == "import":
        backup.import_(stack, given.file or Path(), given.database)
        return
    if command == "reshard":
        reshard.Reshard(stack, given.database).run(back=given.back, complete=given.complete)
        return
    if command == "repair":
        repair.repair(stack, found=killed or restored, restored=restored)
        return
    refresh = repair.settle(stack) or killed or fresh
    if command == "adopt":
        if not takeover.run(stack, given.owner, yes=given.yes, lose_data=given.lose_data):
            return
        refresh = True
    if command != "destroy":
        guard.check_volume(stack)
        change.up(stack, lock, refresh=refresh, adopt=given.adopt)
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


def down(stack: Stack, way: Road, tools: Toolchain, lock: int) -> None:
    """Remove what `up` made: the stack's resources, its state and passwords, and a cluster that nobody else uses."""
    killed = exclusive.clear(stack)
    stack.prepare()
    forget = ["pulumi", "stack", "rm", "--yes", "--preserve-config"]
    if cluster.exists(way):
        cluster.start(stack, way, tools)
        cluster.claim(stack, way, fresh=False)
        change.destroy(stack, lock, refresh=repair.settle(stack) or killed)
        stack.call(*forget)
        cluster.remove(stack, way)
    else:
        # The resources went with their cluster.
        stack.call(*forget, "--force")
        if left := journal.of(stack):
            left.drop()
    config.forget(stack.name)
