"""Backups of a database: a CronJob, the volume that keeps them, and what it may talk to."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from ..kubernetes import discovery, labels, pods, traffic, volumes
from ..kubernetes.children import Children
from . import backup_inputs, backup_script
from .backup_inputs import Backup

RESOURCES: pods.Resources = {
    "cpu_request": "50m",
    "cpu_limit": "500m",
    "memory_request": "256Mi",
    "memory_limit": "1Gi",
}
"""For dump and load, which hold one row as hexadecimal text (twice its size) a few times, and the drill's server."""

_SECRETS = "/etc/kubeauth/secrets"
_FOLDER = "/backups"
_SCRATCH = "/tmp"  # noqa: S108 - an emptyDir of this pod


@dataclass(frozen=True)
class Source:
    """The database that is backed up, with every default filled in."""

    image: str
    database: str
    host: pulumi.Input[str]
    """The Service's full DNS name."""
    port: int
    """The Service's port."""
    server_port: int
    """The pod's port, which NetworkPolicies see."""
    secret: pulumi.Input[str]
    """The name of the Secret with the password of the account for backups; see `credentials.for_backups`."""
    retain_data: bool
    labels: dict[str, str] | None
    placement: pods.Placement


def selector(instance: str) -> dict[str, str]:
    """Return the label of the pods that make backups; it is not the database's, whose Service must not find them."""
    return labels.selector(f"{instance}-backup")


def create(children: Children, given: Backup, source: Source) -> None:
    """Make the children of a database that is backed up."""
    name = children.instance
    seconds = int(given.get("deadline_seconds", backup_inputs.DEADLINE_SECONDS))
    # Many storage classes make the volume only when the first job asks for it.
    claim = volumes.claim(
        children,
        "backups",
        given.get("storage_size", backup_inputs.STORAGE_SIZE),
        given.get("storage_class"),
        retain=source.retain_data,
        wait=False,
    )
    batch.CronJob(
        f"{name}-backup",
        metadata=children.metadata("backup"),
        spec=batch.CronJobSpecArgs(
            schedule=given["schedule"],
            time_zone="Etc/UTC",
            # A job that was missed is made up for; two at once never write to the volume.
            concurrency_policy="Forbid",
            starting_deadline_seconds=seconds,
            successful_jobs_history_limit=3,
            failed_jobs_history_limit=3,
            job_template=batch.JobTemplateSpecArgs(
                spec=batch.JobSpecArgs(
                    backoff_limit=2,
                    active_deadline_seconds=seconds,
                    template=_pod_template(children, given, source, claim),
                )
            ),
        ),
        opts=children.options(),
    )
    server = networking.NetworkPolicyEgressRuleArgs(
        to=[traffic.pods(labels.selector(name))], ports=traffic.port(source.server_port)
    )
    traffic.policy(children, "backup", selector(name), egress=[traffic.dns(), server])


def _pod_template(
    children: Children, given: Backup, source: Source, claim: pulumi.Output[str]
) -> core.PodTemplateSpecArgs:
    name = children.instance
    script = backup_script.script(
        source.database,
        secrets=_SECRETS,
        folder=_FOLDER,
        scratch=_SCRATCH,
        port=source.port,
        keep=int(given.get("keep", backup_inputs.KEEP)),
        verify=given.get("verify", True),
    )
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels={**labels.recommended("mysql", name, "backup", source.labels), **selector(name)},
            annotations=children.annotations,
        ),
        spec=core.PodSpecArgs(
            restart_policy="Never",
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security_context(),
            dns_config=discovery.dns_config(),
            containers=[
                core.ContainerArgs(
                    name="backup",
                    image=source.image,
                    # `make backup` and `make restore` run this template with other arguments.
                    command=["/bin/sh", "-c", script, "backup"],
                    args=["backup"],
                    env=[core.EnvVarArgs(name="DATABASE_HOST", value=source.host)],
                    security_context=pods.security_context(),
                    resources=pods.requirements(RESOURCES),
                    volume_mounts=[
                        core.VolumeMountArgs(name="backups", mount_path=_FOLDER),
                        core.VolumeMountArgs(name="secrets", mount_path=_SECRETS, read_only=True),
                        core.VolumeMountArgs(name="tmp", mount_path=_SCRATCH),
                    ],
                )
            ],
            volumes=[
                core.VolumeArgs(
                    name="backups",
                    persistent_volume_claim=core.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim),
                ),
                pods.secret_files("secrets", source.secret),
                # In memory, because it holds passwords; small, because rows are not written here.
                pods.scratch("tmp", "64Mi", in_memory=True),
            ],
            **pods.placed(source.placement),
        ),
    )
