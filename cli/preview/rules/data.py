"""Rules about data: what goes with it, and what no longer opens it."""

from collections.abc import Iterator

from .. import versions
from ..difference import quantity
from ..model import CLUSTER, DATABASE, REPLACE, UPDATE, Change
from . import holders, moves, servers
from .base import GONE, Context, Found, shown, what


def namespace(change: Change, context: Context) -> Found:
    """A Namespace is deleted or replaced."""
    if change.kind == "Namespace" and context.is_lost(change):
        yield (
            what(change),
            "everything in the namespace is deleted with it: pods, Secrets, volume claims and their data",
        )


def claim(change: Change, context: Context) -> Found:
    """A volume claim is deleted or replaced."""
    of_class = change.op == REPLACE and change.reasons == ("spec.storageClassName",)
    if (
        change.kind == "PersistentVolumeClaim"
        and context.is_lost(change)
        and not of_class
        and not moves.is_taken_along(change, context)
    ):
        yield what(change), "the volume and all data on it are deleted, unless the storage class retains volumes"


def storage_class(change: Change, _: Context) -> Found:
    """A volume claim gets another storage class."""
    old, new = change.value("spec", "storageClassName")
    if change.kind == "PersistentVolumeClaim" and change.op in (UPDATE, REPLACE) and old != new:
        yield (
            f"spec.storageClassName: {shown(old)} → {shown(new)}",
            "a claim cannot change its class: it is replaced by an empty one, and the data is deleted",
        )


def shrunk_claim(change: Change, _: Context) -> Found:
    """A volume claim asks for less than it has."""
    old, new = change.value("spec", "resources", "requests", "storage")
    before, after = quantity(old), quantity(new)
    if change.kind == "PersistentVolumeClaim" and change.op == UPDATE and before and after and after < before:
        yield (
            f"spec.resources.requests.storage: {old} → {new}",
            "a claim cannot shrink: the cluster refuses, and `up` fails half-way",
        )


def holder(change: Change, context: Context) -> Found:
    """A resource that holds data is deleted or replaced: of Kubernetes, an operator, or a cloud."""
    if moves.is_served_elsewhere(change, context):
        return
    if context.is_lost(change) and (loss := holders.loss(change, context.settings)):
        yield what(change), loss


def database(change: Change, context: Context) -> Found:
    """A database goes: its component is deleted, its workload deleted, replaced or stopped; or it finds other files."""
    if change.types[-1] in (DATABASE, CLUSTER) and change.op in GONE:
        yield (
            what(change),
            "the database goes, and its Service's name with it: clients lose it, a new one starts empty",
        )
    elif change.op == UPDATE and (DATABASE in change.types or versions.is_server(change)):
        yield from servers.elsewhere(change, context)
    elif change.kind == "Deployment" and context.is_lost(change):
        if DATABASE not in change.types and not versions.is_server(change):
            return
        if context.goes_with_its_component(change) or any("selector" in reason for reason in change.reasons):
            return  # the component's finding, or the selector's, says it
        if moves.is_taken_along(change, context):
            return
        yield what(change), "the server is stopped and removed; clients have no database until a new pod is ready"


def server_version(change: Change, _: Context) -> Found:
    """A server with data gets an image that does not open it, or that does not say whether it does."""
    for step in version_steps(change):
        if step.judgement.refused:
            yield f"image: {step.before} → {step.after}", str(step.judgement)


def version_steps(change: Change) -> Iterator[versions.Step]:
    """Where a server with data gets another image, and what that means."""
    return versions.steps(change, is_database=DATABASE in change.types)


def protected(change: Change, _: Context) -> Found:
    """Pulumi itself protects what is to be deleted or replaced."""
    if change.protected and change.op in GONE and not change.is_component:
        yield (
            f"{what(change)}, but protected",
            "`up` refuses it, also when it is allowed here: take the protection off (kubeauth's own stacks: "
            "mysqlRetainData: false) and deploy that first",
        )
