"""What `kubeauth environment up`, `down` and `list` do."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import yaml

from .. import console, machine, paths, yaml_files
from ..clusters.road import Road
from ..preview import git
from ..stack import Stack, backup, cluster, commands, config, exclusive
from ..stack.commands import Given
from ..toolchain import Toolchain
from . import address, keeping, records, room, settings
from .records import Record

_WRITTEN = (
    "# Written by `kubeauth environment up`, from Pulumi.{base}.yaml of the base, without its secrets: not for git.\n"
)
NO_DATA = "none"


@dataclass(frozen=True)
class Wanted:
    """What the command line says of an environment."""

    name: str
    base_stack: str = ""
    base: str = "origin/main"
    ttl: str = ""
    data: str = NO_DATA
    context: str = ""
    cluster: str = ""
    node: str = ""
    out: Path | None = None


def up(wanted: Wanted) -> None:
    """Make an environment or bring it up to date, and say how to reach it.

    Raises:
        Problem: It is refused or failed; the report says so, too.
    """
    stack_name = settings.stack_of(wanted.name)
    try:
        said = _up(wanted, stack_name)
    except console.Problem as problem:
        _report(wanted, "failed", address.failed(wanted.name, f"{problem}\n{problem.fix}"))
        raise
    _report(wanted, "ok", said)
    print(said, end="")


def _up(wanted: Wanted, stack_name: str) -> str:
    commit = git.merge_base(wanted.base)
    word = settings.read(git.show(commit, settings.FILE), f"{settings.FILE} of {commit[:10]}")
    word = replace(word, base=wanted.base_stack or word.base, ttl=wanted.ttl or word.ttl)
    alive = settings.lifetime(word.ttl)
    data = None if wanted.data == NO_DATA else Path(wanted.data)
    if data and not data.is_file():
        raise console.Problem(f"there is no file {data}", "--data none, or a dump of made-up data or of a backup")
    text = _base_file(commit, word.base)
    project = yaml_files.project(config.project_file())
    derived = settings.derive(wanted.name, word, text, project, loads=data is not None)
    _write(stack_name, word.base, derived)
    given, way, tools, stack = _reach("up", wanted, stack_name)
    known = records.find(stack_name, tools)
    records.refuse_others(known)
    before = known.record if known else None
    if before and before.namespace != derived.namespace:
        raise console.Problem(
            f"environment {wanted.name} is in namespace {before.namespace} (from stack {before.base}), and would move "
            f"to {derived.namespace}. Nothing was changed.",
            f"kubeauth environment down --name {wanted.name}, then the same command",
        )
    now = records.now()
    created = before.created if before else now.isoformat()
    ends = (now + alive).isoformat()
    record = Record(
        wanted.name, word.base, derived.namespace, git.head(), created, ends, before.data if before else derived.data
    )
    with exclusive.hold(stack, "environment up") as lock:
        exclusive.clear(stack)
        cluster.start(stack, way, tools)
        # Before there is a stack: one that is refused leaves nothing.
        try:
            keeping.refuse_namespace(stack, derived.namespace)
        except console.Problem:
            if not known:
                _forget(stack_name)
            raise
        keeping.recover(stack)
        stack.prepare()
        # Before anything is made: a run that is killed leaves what `list` and `down` find.
        records.keep(stack, record)
        _new_secrets(stack, derived.secrets)
        room.prepare(stack, wanted.name, derived.namespace, word.secrets)
        commands.work(given, stack, way, tools, lock)
        if data and not record.data:
            _load(stack, data)
            record = replace(record, data=data.name)
            records.keep(stack, record)
        found = address.objects(stack, derived.namespace)
    return address.running(record, found)


def down(wanted: Wanted) -> None:
    """Remove an environment: its objects, its namespace, its state, passwords and file; nothing where there is none.

    Raises:
        Problem: It is another's, or could not be removed.
    """
    stack_name = settings.stack_of(wanted.name)
    known = records.find(stack_name, machine.this().toolchain())
    records.refuse_others(known)
    if known:
        _remove(wanted, stack_name, known.record)
    else:
        console.console.print(f"There is no environment {wanted.name}.", markup=False)
    _forget(stack_name)
    text = address.gone(wanted.name)
    _report(wanted, "gone", text)
    print(text, end="")


def _remove(wanted: Wanted, stack_name: str, record: Record | None) -> None:
    if not config.tracked(stack_name).exists():
        # Pulumi destroys what the state has, without the program: any file will do.
        config.tracked(stack_name).write_text("config: {}\n", encoding="utf-8")
    _, way, tools, stack = _reach("down", wanted, stack_name)
    with exclusive.hold(stack, "environment down") as lock:
        keeping.remove(stack, way, tools, lock, record.namespace if record else "")


def down_expired(wanted: Wanted) -> None:
    """Remove every environment whose time is over, one after the other; one that fails does not keep the others.

    Raises:
        Problem: Names those that could not be removed.
    """
    now, failures = records.now(), list[str]()
    for known in records.every():
        # One without a record has nothing on a cluster, or is not an environment's.
        if known.record is None or known.record.left(now).total_seconds() > 0:
            continue
        try:
            down(replace(wanted, name=known.name))
        except console.Problem as problem:
            failures.append(f"{known.name}: {problem}")
    if failures:
        raise console.Problem(f"not removed: {'; '.join(failures)}", "kubeauth environment down --name <name>")


def listed(*, as_json: bool) -> None:
    """Print the project's environments."""
    now, found = records.now(), records.every()
    if as_json:
        entries = [
            {
                "name": known.name,
                "stack": known.stack,
                "resources": known.resources,
                **({"base": None} if known.record is None else asdict(known.record)),
                "expired": known.record is not None and known.record.left(now).total_seconds() <= 0,
            }
            for known in found
        ]
        print(json.dumps(entries, indent=2))
        return
    if not found:
        print("There are no environments.")
    for known in found:
        record = known.record
        if record is None:
            print(f"{known.name:32}{known.resources} resources, made by nobody who says so, or killed as it began")
            continue
        hours, rest = (round(time.total_seconds() / 3600) for time in (record.age(now), record.left(now)))
        ends = f"goes in {rest} h" if rest > 0 else "its time is over"
        size = f"{known.resources} resources" if known.resources else "nothing made yet"
        print(f"{known.name:32}{record.namespace}, from {record.base}, {hours} h old, {ends}, {size}")


def _reach(command: str, wanted: Wanted, stack_name: str) -> tuple[Given, Road, Toolchain, Stack]:
    """Choose the cluster, say which it is, and name the stack there."""
    given = Given(command, stack=stack_name, node=wanted.node, context=wanted.context, cluster=wanted.cluster)
    way = commands.road(given)
    cluster.show(stack_name, way)
    tools = cluster.tools_for(way)
    return given, way, tools, Stack(stack_name, tools, cluster.kubeconfig(stack_name, way))


def _forget(stack_name: str) -> None:
    """Remove what this checkout has of an environment."""
    config.tracked(stack_name).unlink(missing_ok=True)
    config.forget(stack_name)


def _base_file(commit: str, base: str) -> str:
    text = git.show(commit, f"Pulumi.{base}.yaml") if base else ""
    if not text:
        what = f"{commit[:10]} has no Pulumi.{base}.yaml" if base else "nothing says whose settings are taken"
        raise console.Problem(what, f"--from <a stack of the base>, or from: <stack> in {settings.FILE} of the base")
    return text


def _write(stack_name: str, base: str, derived: settings.Derived) -> None:
    """Write the stack's file; whatever the pull request put there is not read."""
    text = _WRITTEN.format(base=base) + yaml.safe_dump({"config": derived.config}, sort_keys=False)
    config.tracked(stack_name).write_text(text, encoding="utf-8")


def _new_secrets(stack: Stack, wanted: list[str]) -> None:
    """Give each secret that the base has a value of its own, once."""
    for path in wanted:
        if stack.run("pulumi", "config", "get", "--path", path).returncode:
            keep = ("pulumi", "config", "set", "--secret", "--path", path)
            stack.ask(*keep, purpose=f"keep a new {path}", cwd=paths.LOCAL, text=secrets.token_urlsafe(24))


def _load(stack: Stack, data: Path) -> None:
    """Load a dump into the database, by the way of a backup that is restored."""
    name = backup.import_(stack, data)
    backup.restore(stack, name, force=True)


def _report(wanted: Wanted, verdict: str, text: str) -> None:
    if wanted.out:
        wanted.out.mkdir(parents=True, exist_ok=True)
        (wanted.out / f"{wanted.name}.md").write_text(text, encoding="utf-8")
        content = json.dumps({"environment": wanted.name, "verdict": verdict})
        (wanted.out / f"{wanted.name}.json").write_text(content + "\n", encoding="utf-8")
