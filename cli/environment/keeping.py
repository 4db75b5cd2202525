"""An environment on its cluster: its passwords brought back, its namespace guarded, all of it removed."""

import json
import shutil
from typing import Any

import yaml

from .. import paths, programs
from ..clusters.road import Road
from ..console import Problem, step
from ..stack import Stack, change, cluster, config, exclusive, existing, guard, journal, repair
from ..toolchain import Toolchain

#: How long a namespace may take to go, in seconds: its pods end first.
GONE_SECONDS = 300


def recover(stack: Stack) -> None:
    """Bring back the passwords of an environment that another machine made: Pulumi keeps them with the last update."""
    if stack.own_secrets or stack.config_file.exists():
        return
    config.ensure_passphrase()
    shutil.copyfile(config.project_file(), paths.LOCAL / "Pulumi.yaml")
    stack.run("pulumi", "config", "refresh", "--force", "--stack", stack.name, cwd=paths.LOCAL)
    if kept := only_secrets(config.read(stack.config_file)):
        # Its other settings come from the base, as that is now.
        config.write_private(stack.config_file, yaml.safe_dump(kept, sort_keys=False))
    else:
        # It was never updated: it gets new ones.
        stack.config_file.unlink(missing_ok=True)


def only_secrets(content: dict[str, Any]) -> dict[str, Any]:
    """A stack's file with nothing but its secrets and how they are encrypted; nothing where it has none."""
    kept = {key: value for key, value in (content.get("config") or {}).items() if _secret(value)}
    return {**content, "config": kept} if kept else {}


def _secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(_secret(entry) for entry in value.values())
    return isinstance(value, list) and any(_secret(entry) for entry in value)


def refuse_namespace(stack: Stack, name: str) -> None:
    """Refuse a namespace that exists and is not this environment's own.

    Raises:
        Problem: Says whose it is.
    """
    found = _namespace(stack, name)
    if found is None:
        return
    if existing.mark(found) != stack.mark():
        whose = f"belongs to stack {existing.mark(found)}" if existing.mark(found) else "exists, and no stack made it"
        raise Problem(f"namespace {name} {whose}. Nothing was changed.", "use another --name")
    if "deletionTimestamp" in found["metadata"]:
        raise Problem(
            f"namespace {name} is being deleted. Nothing was changed.", "the same command again, when it is gone"
        )


def remove(stack: Stack, way: Road, tools: Toolchain, lock: int, namespace: str) -> None:
    """Remove all that an environment has, its state last: a run that is killed is found again.

    Args:
        stack: Its stack.
        way: The way to its cluster; that stays.
        tools: The programs.
        lock: The descriptor of the stack's lock.
        namespace: Its namespace; empty where no run came so far as to have one.
    """
    killed = exclusive.clear(stack)
    recover(stack)
    stack.prepare()
    forget = ("pulumi", "stack", "rm", "--yes", "--preserve-config")
    if not cluster.exists(way):
        # The resources went with their cluster.
        stack.call(*forget, "--force")
        if left := journal.of(stack):
            left.drop()
        return
    cluster.start(stack, way, tools)
    cluster.claim(stack, way, fresh=False)
    refresh = repair.settle(stack) or killed
    if guard.protected(stack):
        # What an environment has may be thrown away: that is what it is for.
        unprotect = ("pulumi", "state", "unprotect", "--all", "--yes")
        stack.ask(*unprotect, purpose="let go what the program protects")
    change.destroy(stack, lock, refresh=refresh)
    if namespace:
        remove_namespace(stack, namespace)
    stack.call(*forget)


def remove_namespace(stack: Stack, name: str) -> None:
    """Remove what the state did not know, with the namespace, where that carries this stack's mark."""
    found = _namespace(stack, name)
    if found is not None and existing.mark(found) == stack.mark():
        command = ("kubectl", "delete", "namespace", name, "--ignore-not-found", f"--timeout={GONE_SECONDS}s")
        with step(f"remove what is left in namespace {name}"):
            stack.ask(*command, purpose=f"remove namespace {name}", seconds=GONE_SECONDS + 20)


def _namespace(stack: Stack, name: str) -> dict[str, Any] | None:
    command = ("kubectl", "get", "namespace", name, "--output", "json", "--request-timeout", "10s")
    try:
        return json.loads(stack.ask(*command, purpose=f"ask for namespace {name}"))
    except (programs.NotFound, programs.Forbidden):
        # Who may not look at it is refused by the API server, or by the policy pack, before anything changes.
        return None
