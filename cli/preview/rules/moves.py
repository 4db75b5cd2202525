"""Rules about data that moves: one server becomes several, and back; rows go to other shards."""

import re
from dataclasses import replace

from ..model import CLUSTER, CREATE, DATABASE, DELETE, REPLACE, Change, lookup, mappings
from .base import GONE, Context, Found, what

_DATABASES = {DATABASE: "one server", CLUSTER: "several servers"}
OUTAGE = (
    "writes fail for 9 s and longer the more data there is, reads for less than 1 s, and no acknowledged write is lost "
    "(measured 2026-11-28, docs/guides/many-servers.md)"
)
"""What clients see of the move."""

_OF_SHARD = re.compile(r"-(tablet|shard-[0-9a-fx]{1,2}-[0-9a-fx]{1,2})$")


def servers(change: Change, context: Context) -> Found:
    """One server becomes several, or several become one, and what the old ones hold stays behind."""
    if not (ways := _way(change, context)):
        return
    if _is_aliased(change):
        if change.types[-1] == DATABASE and _never_left(change, context):
            return  # an import that failed, taken back: the one server has its data and still serves
        if change.types[-1] == CLUSTER:
            if left := _left_behind(change, context):
                yield ways, f"only the application's schema is taken along, and not {left}"
            return
    yield ways, "the new one begins with an empty schema: it does not open what the other wrote"


def more_servers(change: Change, context: Context) -> Found:
    """One server becomes several, which take its data along."""
    ways = _way(change, context)
    if ways and change.types[-1] == CLUSTER and _is_aliased(change) and not _left_behind(change, context):
        yield ways, f"its data is taken along: {OUTAGE}. When it is there, the old server and its volume are deleted"


def is_taken_along(change: Change, context: Context) -> bool:
    """Whether something is the server or the volume of a database whose data is taken along before they go."""
    return any(
        change.name in (f"{it.name}-data", f"{it.name}-deployment")
        and change.types[:-1] == replace(it, urn=it.old_urn).types
        for it in context.changes
        if it.types[-1] == CLUSTER and _is_aliased(it) and not _left_behind(it, context)
    )


def shard(change: Change, context: Context) -> Found:
    """The servers of a shard go, whose rows others serve."""
    if change.kind == "StatefulSet" and is_served_elsewhere(change, context):
        yield (
            what(change),
            "its servers go last, after a Job found that their shard serves nobody; with retain_data their claims stay",
        )


def is_served_elsewhere(change: Change, context: Context) -> bool:
    """Whether something is of a shard that goes under the eyes of the Job that the division's change makes anew."""
    guarded = any(
        it.kind == "Job" and it.name.endswith("-shards") and it.op in (CREATE, REPLACE) and it.parent == change.parent
        for it in context.changes
    )
    return change.op == DELETE and CLUSTER in change.types and bool(_OF_SHARD.search(change.name)) and guarded


def _way(change: Change, context: Context) -> str:
    own = change.types[-1]
    if own not in _DATABASES or change.op in GONE:
        return ""
    (other,) = _DATABASES.keys() - {own}
    gone = [it.types[-1] for it in context.changes if it.op == DELETE and it.name == change.name]
    if other in gone or _is_aliased(change):
        return f"{_DATABASES[other]} → {_DATABASES[own]}"
    return ""


def _is_aliased(change: Change) -> bool:
    """Whether it is the other kind in the state: what an alias leads from is known by its URN alone."""
    own = change.types[-1]
    was = replace(change, urn=change.old_urn).types[-1] if change.old_urn else own
    return {own, was} == _DATABASES.keys()


def _never_left(change: Change, context: Context) -> bool:
    """Whether the one server stays, and no gateway was ever made in its place."""
    deployments = [it for it in context.changes if it.kind == "Deployment" and it.name.startswith(f"{change.name}-")]
    stays = any(DATABASE in it.types and it.op not in (CREATE, *GONE) for it in deployments)
    return stays and not any(it.name == f"{change.name}-vtgate" for it in deployments)


def _left_behind(change: Change, context: Context) -> str:
    """The schemas and accounts that the one server has besides the application's."""
    found: list[str] = []
    for it in context.changes:
        if it.op != DELETE or DATABASE not in it.types or it.name != f"{change.name}-deployment":
            continue
        for container in mappings(lookup(it.before, "spec", "template", "spec", "initContainers")):
            for word in container.get("args") or []:
                match = re.fullmatch(r"(SCHEMAS|ACCOUNTS)=(.+)", str(word))
                found += [re.split("[=:]", each)[0] for each in match[2].split()] if match else []
    return ", ".join(found)
