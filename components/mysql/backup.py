"""Backups of a database: a CronJob, the volume that keeps them, and what it may talk to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import entry, lift, merged
from ..inputs.record import Given
from ..kubernetes import discovery, labels, pods, reservations, resources, traffic, volumes
from ..kubernetes.children import Children
from . import backup_script, bucket, front

RESOURCES = {
    "cpu_request": "50m",
    "cpu_limit": "500m",
    "memory_request": "256Mi",
    "memory_limit": "1Gi",
}
"""For dump and load, which hold one row as hexadecimal text (twice its size) a few times, and the drill's server."""

_MISSED_SECONDS = 3600
_SECRETS = "/etc/kubeauth/secrets"
_FOLDER = "/backups"
SCRATCH = "/tmp"  # noqa: S108 - an emptyDir of this pod
"""Where a job writes besides the volume."""


@dataclass(frozen=True)
class Way:
    """How the jobs come to a database."""

    egress: Sequence[pulumi.Input[networking.NetworkPolicyEgressRuleArgs]]
    """Whom they may talk to, besides DNS and a bucket."""
    host: pulumi.Input[str] | None = None
    """The host that they log in at. Default: what `scripts` find."""
    port: pulumi.Input[int] = front.PORT
    """Its port. Default: 3306."""
    scripts: str = ""
    """Functions of the shell in the place of those in job.sh. Default: none."""
    arguments: pulumi.Input[Sequence[str]] = ("backup",)
    """The name that the shell gives to what it runs, and what `scripts` read before the job's own arguments."""
    volumes: Sequence[core.VolumeArgs] = ()
    """More volumes of the job's pods. Default: none."""
    mounts: Sequence[core.VolumeMountArgs] = ()
    """What of them the job's container sees."""


def to_one(children: Children, host: pulumi.Input[str], port: pulumi.Input[int]) -> Way:
    """Return the way to a database of one server.

    Args:
        children: The database's.
        host: The Service's full DNS name.
        port: The Service's port.
    """
    server = networking.NetworkPolicyEgressRuleArgs(
        to=[traffic.pods(labels.selector(children.instance))], ports=traffic.ports(front.PORT)
    )
    return Way(egress=[server], host=host, port=port)


@dataclass(frozen=True)
class Source:
    """The database that is backed up, with every default filled in."""

    image: pulumi.Input[str]
    database: pulumi.Input[str]
    schemas: Any
    """More schemas, with the keys of `DatabaseSchema`."""
    way: Way
    secret: pulumi.Input[str]
    """The name of the Secret with the password of the account for backups; see `credentials.for_backups`."""
    retain_data: bool
    copied: bool
    """Whether there is a bucket that gets copies."""
    in_bucket: pulumi.Input[str]
    """The folder there."""
    labels: Any
    placement: Any
    platform: Any


def instance(database: str) -> str:
    """Return the name by which a database's backup pods are selected; its Service must not find them."""
    return f"{database}-backup"


def create(children: Children, given: Any, source: Source) -> None:
    """Make the children of a database that is backed up."""
    # Many storage classes make the volume only when the first job asks for it.
    claim = volumes.claim(
        children,
        "backups",
        entry(given, "storage_size"),
        entry(given, "storage_class"),
        retain=source.retain_data,
        wait=False,
    )
    batch.CronJob(
        children.logical("backup"),
        metadata=children.metadata("backup"),
        spec=batch.CronJobSpecArgs(
            schedule=entry(given, "schedule"),
            time_zone="Etc/UTC",
            # A job that was missed is made up for; two at once never write to the volume.
            concurrency_policy="Forbid",
            starting_deadline_seconds=_MISSED_SECONDS,
            successful_jobs_history_limit=3,
            failed_jobs_history_limit=3,
            job_template=batch.JobTemplateSpecArgs(
                spec=batch.JobSpecArgs(
                    backoff_limit=2,
                    active_deadline_seconds=entry(given, "deadline_seconds"),
                    template=_pod_template(children, given, source, claim),
                )
            ),
        ),
        opts=children.options(),
    )
    there: Any = bucket.egress(entry(given, "s3")) if source.copied else []
    own = source.way.egress
    egress = lift(lambda dns, rules: [dns, *own, *rules], lift(traffic.dns, source.platform), there)
    traffic.policy(children, "backup", labels.selector(instance(children.instance)), egress=egress)


def in_bucket(children: Children, given: Given) -> pulumi.Input[str]:
    """Return where a database's backups are in a bucket when its input does not say it, and take that folder."""
    place = pulumi.Output.concat(children.namespace, "/", children.instance)
    if "s3" not in given.args.get("backup", {}):
        return place
    return reservations.folder(given.owner, entry(given["backup"], "s3"), place)


def schema_names(database: str, schemas: Sequence[Mapping[str, str]]) -> list[str]:
    """Return every schema's name once, the application's own first; `schemas` have the keys of `DatabaseSchema`."""
    return [database, *(schema["name"] for schema in schemas if schema["name"] != database)]


def _pod_template(
    children: Children, given: Any, source: Source, claim: pulumi.Output[str]
) -> core.PodTemplateSpecArgs:
    name, way = children.instance, source.way
    names = lift(schema_names, source.database, source.schemas)

    def script(names: Sequence[str], port: int, backup: Any) -> str:
        return backup_script.script(
            names,
            secrets=_SECRETS,
            folder=_FOLDER,
            scratch=SCRATCH,
            port=port,
            keep=backup["keep"],
            verify=backup["verify"],
            logged=backup["point_in_time"],
            more=source.way.scripts,
        )

    def command(text: str, arguments: Sequence[str]) -> list[str]:
        return ["/bin/sh", "-c", text, *arguments]

    mount = core.VolumeMountArgs(name="backups", mount_path=_FOLDER)
    backup = core.ContainerArgs(
        name="backup",
        image=source.image,
        # `make backup` and `make restore` run this template with other arguments.
        command=lift(command, lift(script, names, way.port, given), way.arguments),
        args=["backup"],
        env=[] if way.host is None else [core.EnvVarArgs(name="DATABASE_HOST", value=way.host)],
        security_context=pods.security_context(),
        resources=resources.requirements(RESOURCES, disk=entry(source.platform, "ephemeral_storage")),
        volume_mounts=[
            mount,
            core.VolumeMountArgs(name="secrets", mount_path=_SECRETS, read_only=True),
            core.VolumeMountArgs(name="tmp", mount_path=SCRATCH),
            *way.mounts,
        ],
    )
    containers, more = {"containers": [backup]}, []
    if source.copied:
        copy = bucket.container(
            entry(given, "s3"), source.platform, names, source.in_bucket, folder=_FOLDER, mount=mount,
            arguments=["push"], deadline=entry(given, "deadline_seconds"),
        )  # fmt: skip
        # In this order: only what is complete and was restored once is copied.
        containers = {"init_containers": [backup], "containers": [copy]}
        more = bucket.volumes(entry(given, "s3"))
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels=merged(labels.recommended("mysql", name, "backup", source.labels), labels.selector(instance(name))),
            annotations=children.annotations,
        ),
        spec=core.PodSpecArgs(
            restart_policy="Never",
            dns_config=discovery.dns_config(),
            **containers,
            volumes=[
                core.VolumeArgs(
                    name="backups",
                    persistent_volume_claim=core.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim),
                ),
                pods.secret_files("secrets", source.secret),
                # In memory, because it holds passwords; small, because rows are not written here.
                pods.scratch("tmp", "64Mi", in_memory=True),
                *way.volumes,
                *more,
            ],
            **pods.common(source.placement, source.platform),
        ),
    )
