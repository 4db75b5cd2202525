"""The MySQL server's pod: how its data directory begins, what it is started with, and how its health is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs.known import entry, lift
from ..kubernetes import pods, resources
from . import accounts, binary_log, probes, restore_from, scripts, settings, sizes
from .front import PORT, PORT_NAME

IMAGE = "mysql:9.7"
STARTUP_SECONDS = 3600
"""How long a first start, a crash recovery or an upgrade may take before the server is started again."""

SHUTDOWN_SECONDS = 120
"""How long a clean shutdown may take, which writes what is in memory; crash recovery would take longer."""

_VOLUME = "/var/lib/mysql"
# A directory of the volume, because a volume's own root may hold lost+found, which mysqld refuses; and scripts/*.sh.
_DATA = f"{_VOLUME}/data"
_TMP = f"{_VOLUME}/tmp"  # noqa: S108 - of this volume
_SECRETS = "/etc/kubeauth/secrets"
_TLS = "/etc/kubeauth/tls"
_RUN = "/run/mysqld"
_SOCKET = f"{_RUN}/mysqld.sock"
CLIENT_OPTIONS = f"{_RUN}/client.cnf"
"""The file with which MySQL's clients in the pod log in as the application; scripts/accounts.sh writes it."""

# What a node may not have at all; the making of a data directory must do without it, too.
_BOTH = ("innodb-use-native-aio", "innodb-flush-method")

_INITIALIZE = accounts.SCRIPT + scripts.text("found", "born", "initialize")


def arguments(
    memory_limit: str,
    given: Mapping[str, str] | None = None,
    *,
    require_tls: bool = True,
    own_certificate: bool = True,
    sent: bool = False,
) -> list[str]:
    """Return mysqld's arguments.

    Args:
        memory_limit: The container's; see `sizes.settings`.
        given: The caller's settings, which win over the defaults of `sizes`. Default: none.
        require_tls: Whether connections without TLS are refused. Default: true.
        own_certificate: Whether the server makes its own certificate. Default: true.
        sent: Whether its binary log goes to a bucket. Default: false.
    """
    certificate = [] if own_certificate else [f"--ssl-cert={_TLS}/tls.crt", f"--ssl-key={_TLS}/tls.key"]
    return [
        "--no-defaults",
        *map(pods.literal, settings.tuned(given or {}, sizes.settings(memory_limit), sent=sent)),
        # Last, so that nothing overrides them; their names are in settings.FIXED.
        f"--datadir={_DATA}",
        *([] if settings.rescue(given or {}) else [f"--init-file={_RUN}/init.sql"]),
        f"--port={PORT}",
        f"--socket={_SOCKET}",
        f"--pid-file={_RUN}/mysqld.pid",
        # Sorts of a large ALTER need as much room as its table.
        f"--tmpdir={_TMP}",
        f"--innodb-tmpdir={_TMP}",
        "--secure-file-priv=NULL",
        f"--require-secure-transport={'ON' if require_tls else 'OFF'}",
        *certificate,
        "--skip-name-resolve",
        "--mysqlx=OFF",
    ]


@dataclass(frozen=True)
class Server:
    """What a MySQL pod is made of, with every default filled in."""

    instance: str
    """The database's name."""
    labels: Any
    """The pod's labels, the selector's among them."""
    annotations: Any
    image: pulumi.Input[str]
    database: pulumi.Input[str]
    """The application's schema."""
    claim: pulumi.Input[str]
    """The name of the volume claim."""
    secrets: Sequence[pulumi.Input[str]]
    """The names of the Secrets with the keys of `accounts`."""
    tls_secret: pulumi.Input[str] | None
    """The name of a Secret with `tls.crt` and `tls.key`; None lets the server make its own certificate."""
    require_tls: pulumi.Input[bool]
    settings: Any
    resources: Any
    placement: Any
    platform: Any
    backup: bool
    """Whether there is an account for backups."""
    metrics: bool
    """Whether there is an account for metrics."""
    privileges: pulumi.Input[str]
    """A key of `accounts.PRIVILEGES`."""
    startup_seconds: pulumi.Input[int]
    shutdown_seconds: pulumi.Input[int]
    schemas: Any
    """More schemas, with the keys of `DatabaseSchema`."""
    accounts: Mapping[str, Any]
    """More accounts by their names, with `schemas` and `privileges`."""
    account_secrets: Mapping[str, pulumi.Input[str]]
    """The names of their Secrets."""
    schema_names: pulumi.Input[Sequence[str]]
    """All schemas, the application's own first."""
    restore_from: Any
    """What a new data directory begins with, with the keys of `RestoreFrom`; None is nothing."""
    bucket: Any = None
    """Where its binary log goes, with the keys of `Bucket`; None is nowhere."""
    in_bucket: pulumi.Input[str] = ""
    """The folder there, when `bucket` does not say it."""


def pod_template(server: Server) -> core.PodTemplateSpecArgs:
    """Return the pod of a MySQL server."""
    data = core.VolumeMountArgs(name="data", mount_path=_VOLUME)
    scratch = [
        core.VolumeMountArgs(name="run", mount_path=_RUN),
        core.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - an emptyDir of this pod alone
    ]
    secrets = core.VolumeMountArgs(name="secrets", mount_path=_SECRETS, read_only=True)
    volumes = [
        core.VolumeArgs(
            name="data",
            persistent_volume_claim=core.PersistentVolumeClaimVolumeSourceArgs(claim_name=server.claim),
        ),
        pods.secret_files(
            "secrets",
            *server.secrets,
            folders={f"accounts/{name}": secret for name, secret in server.account_secrets.items()},
            keys_in_folders=[accounts.USERNAME, accounts.PASSWORD],
        ),
        # In memory, because the SQL in it holds passwords.
        pods.scratch("run", "16Mi", in_memory=True),
        pods.scratch("tmp"),
    ]
    certificate: list[core.VolumeMountArgs] = []
    if server.tls_secret is not None:
        certificate = [core.VolumeMountArgs(name="tls", mount_path=_TLS, read_only=True)]
        volumes.append(pods.secret_files("tls", server.tls_secret))
    certificate_folder = "" if server.tls_secret is None else _TLS

    def start(limits: Mapping[str, str], given: Mapping[str, str], require_tls: bool) -> list[str]:
        own = server.tls_secret is None
        sent = server.bucket is not None
        return arguments(limits["memory_limit"], given, require_tls=require_tls, own_certificate=own, sent=sent)

    def container(name: str, mounts: list[core.VolumeMountArgs], **fields: Any) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=name,
            image=server.image,
            security_context=pods.security_context(),
            resources=resources.requirements(server.resources, disk=entry(server.platform, "ephemeral_storage")),
            volume_mounts=[*mounts, *scratch],
            **fields,
        )

    # One container for both, because the kubelet takes up to a second to see that one has ended.
    init_containers = [
        container(
            "initialize",
            [data, secrets],
            command=["/bin/sh", "-c", _INITIALIZE, "initialize"],
            args=_initialize_arguments(server, certificate_folder),
        )
    ]
    if server.restore_from is not None:
        init_containers += restore_from.init_containers(
            server.restore_from, server.platform, server.schema_names, server.settings, container("fill", [data]),
            volume=data, scratch=_RUN,
        )  # fmt: skip
        volumes += restore_from.volumes(server.restore_from)
    beside: list[core.ContainerArgs] = []
    if server.bucket is not None:
        beside = binary_log.containers(server, data, scratch[0], data_directory=_DATA)
        volumes += binary_log.volumes(server.bucket)
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=server.labels, annotations=server.annotations),
        spec=core.PodSpecArgs(
            termination_grace_period_seconds=server.shutdown_seconds,
            init_containers=init_containers,
            containers=[
                container(
                    f"{server.instance}-container",
                    [data, *certificate],
                    # mysqld is process 1, so that it gets the pod's signals.
                    command=["mysqld"],
                    args=lift(start, server.resources, server.settings, server.require_tls),
                    ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=PORT, protocol="TCP")],
                    **probes.arguments(
                        run=_RUN,
                        volume=_VOLUME,
                        certificate=certificate_folder,
                        startup_seconds=server.startup_seconds,
                        given=server.settings,
                    ),
                ),
                *beside,
            ],
            volumes=volumes,
            **pods.common(server.placement, server.platform),
        ),
    )


def _initialize_arguments(server: Server, certificate: str) -> pulumi.Input[list[str]]:
    def made(
        database: str, privileges: str, require_tls: bool, given: Mapping[str, str], schemas: Any, more: Any
    ) -> list[str]:
        *values, end = accounts.values(
            database,
            secrets=_SECRETS,
            run=_RUN,
            port=PORT,
            privileges=privileges,
            require_tls=require_tls,
            backup=server.backup,
            logged=server.bucket is not None,
            metrics=server.metrics,
            certificate=certificate,
            schemas=schemas,
            more=more,
        )
        native = [f"{settings.normal(key)}={value}" for key, value in given.items() if settings.normal(key) in _BOTH]
        return [
            *values,
            f"VOLUME={_VOLUME}",
            f"BIRTH={settings.birth(given)}",
            f"BINARY_LOG={'yes' if server.bucket is not None or settings.binary_log(given) else 'no'}",
            *(["RESCUE=yes"] if settings.rescue(given) else []),
            *(["RESTORE=yes"] if server.restore_from is not None else []),
            end,
            *(f"--{setting}" for setting in [*sizes.INITIALIZE, *native]),
        ]

    more = (server.settings, server.schemas, {**server.accounts})
    return lift(made, server.database, server.privileges, server.require_tls, *more)
