"""Backups of a database: a CronJob, the volume that keeps them, and what it may talk to."""

import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking import v1 as networking

from . import backup_script, discovery, labels, pods, quantities, validation
from .children import Children
from .errors import InputError, required

KEEP = 7
SECONDS = 3600
"""How long a job may take."""
RESOURCES: pods.Resources = {
    "cpu_request": "50m",
    "cpu_limit": "500m",
    "memory_request": "64Mi",
    "memory_limit": "256Mi",
}

_SECRETS = "/etc/kubeauth/secrets"
_FOLDER = "/backups"
_SCRATCH = "/tmp"  # noqa: S108 - an emptyDir of this pod
_MACROS = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly")
#: The lowest and highest value of each field, and the words that stand for values.
_CRON = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    (0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


class Backup(TypedDict):
    """Backups of a database's schema, each one a compressed and verified SQL file in a volume of their own."""

    schedule: str
    """When, in UTC, as a cron line such as `0 3 * * *`, or @hourly, @daily, @weekly, @monthly, @yearly."""

    keep: NotRequired[int]
    """How many are kept, 1 to 1000. Default: 7. An old one goes only after a new one is complete."""

    storage_size: NotRequired[str]
    """Size of the backups' volume, with Ki, Mi, Gi or Ti. Default: `1Gi`. One more than `keep` has to fit."""

    storage_class: NotRequired[str]
    """The volume's storage class. Default: the cluster's default class."""


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
    credentials: pulumi.Input[str]
    """The name of the Secret with `username` and `password`."""
    retain_data: bool
    labels: dict[str, str] | None
    placement: pods.Placement


def selector(instance: str) -> dict[str, str]:
    """Return the label of the pods that make backups; it is not the database's, whose Service must not find them."""
    return labels.selector(f"{instance}-backup")


def check(key: str, given: Backup) -> list[InputError]:
    """Return every input that is not allowed."""
    return [
        *required(given, Backup, f"{key}."),
        *cron(f"{key}.schedule", given.get("schedule")),
        *validation.whole_number(f"{key}.keep", given.get("keep", KEEP), 1, 1000, "backups", KEEP),
        *quantities.byte_quantity(f"{key}.storage_size", given.get("storage_size", "1Gi"), "64Mi", "1Gi"),
        *validation.resource_name(f"{key}.storage_class", given.get("storage_class"), "standard"),
    ]


def cron(key: str, value: object) -> list[InputError]:
    """A time as Kubernetes' CronJobs take it."""
    fields = value.split() if isinstance(value, str) else []
    ok = value in _MACROS or (len(fields) == len(_CRON) and all(map(_is_field, fields, _CRON)))
    rule = f"five fields of cron (minute hour day month weekday), or one of: {', '.join(_MACROS)}"
    return [] if value is None else validation.check(ok, key, value, rule, "'0 3 * * *'")


def _is_field(text: str, allowed: tuple[int, int, tuple[str, ...]]) -> bool:
    low, high, words = allowed

    def number(word: str) -> int | None:
        if word.lower() in words:
            return low + words.index(word.lower())
        return int(word) if word.isdecimal() and word.isascii() and low <= int(word) <= high else None

    def is_part(part: str) -> bool:
        match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/([0-9]+))?", part)
        if not match or (match[3] and int(match[3]) == 0):
            return False
        if match[1] == "*":
            return match[2] is None
        first, last = number(match[1]), number(match[2] or match[1])
        return first is not None and last is not None and first <= last

    return all(map(is_part, text.split(",")))


def create(children: Children, given: Backup, source: Source) -> None:
    """Make the children of a database that is backed up."""
    name = children.instance
    claim = discovery.name_of(
        core.PersistentVolumeClaim(
            f"{name}-backups",
            # Many storage classes make the volume only when the first job asks for it.
            metadata=children.metadata("backups", wait=False),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": given.get("storage_size", "1Gi")}),
                storage_class_name=given.get("storage_class") or None,
            ),
            opts=children.options(protect=source.retain_data),
        )
    )
    batch.CronJob(
        f"{name}-backup",
        metadata=children.metadata("backup"),
        spec=batch.CronJobSpecArgs(
            schedule=given["schedule"],
            time_zone="Etc/UTC",
            # A job that was missed is made up for; two at once never write to the volume.
            concurrency_policy="Forbid",
            starting_deadline_seconds=SECONDS,
            successful_jobs_history_limit=3,
            failed_jobs_history_limit=3,
            job_template=batch.JobTemplateSpecArgs(
                spec=batch.JobSpecArgs(
                    backoff_limit=2,
                    active_deadline_seconds=SECONDS,
                    template=_pod_template(children, given, source, claim),
                )
            ),
        ),
        opts=children.options(),
    )
    networking.NetworkPolicy(
        f"{name}-backup",
        metadata=children.metadata("backup"),
        spec=networking.NetworkPolicySpecArgs(
            pod_selector=LabelSelectorArgs(match_labels=selector(name)),
            policy_types=["Ingress", "Egress"],
            egress=[
                networking.NetworkPolicyEgressRuleArgs(
                    ports=[networking.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")]
                ),
                networking.NetworkPolicyEgressRuleArgs(
                    to=[
                        networking.NetworkPolicyPeerArgs(
                            pod_selector=LabelSelectorArgs(match_labels=labels.selector(name))
                        )
                    ],
                    ports=[networking.NetworkPolicyPortArgs(port=source.server_port, protocol="TCP")],
                ),
            ],
        ),
        opts=children.options(),
    )


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
        keep=int(given.get("keep", KEEP)),
        seconds=SECONDS,
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
            dns_config=core.PodDNSConfigArgs(
                options=[core.PodDNSConfigOptionArgs(name="ndots", value=discovery.NDOTS)]
            ),
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
                pods.secret_files("secrets", source.credentials),
                # In memory, because it holds passwords.
                pods.scratch("tmp", "16Mi", in_memory=True),
            ],
            **pods.placed(source.placement),
        ),
    )
