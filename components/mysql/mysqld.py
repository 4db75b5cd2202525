"""The MySQL server's pod: how its data directory begins, what it is started with, and how its health is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs.known import entry, lift
from ..kubernetes import pods, resources
from . import accounts, scripts, settings, sizes

IMAGE = "mysql:9.7"
PORT = 3306
PORT_NAME = "mysql"
FREE_MEBIBYTES = 16
"""With less room on its volume the server is not ready: soon each write would wait for somebody to free some."""

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

_INITIALIZE = accounts.SCRIPT + scripts.text("initialize")


def arguments(
    memory_limit: str,
    given: Mapping[str, str] | None = None,
    *,
    require_tls: bool = True,
    own_certificate: bool = True,
) -> list[str]:
    """Return mysqld's arguments.

    Args:
        memory_limit: The container's; see `sizes.settings`.
        given: The caller's settings, which win over the defaults of `sizes`. Default: none.
        require_tls: Whether connections without TLS are refused. Default: true.
        own_certificate: Whether the server makes its own certificate. Default: true.
    """
    certificate = [] if own_certificate else [f"--ssl-cert={_TLS}/tls.crt", f"--ssl-key={_TLS}/tls.key"]
    return [
        "--no-defaults",
        *settings.tuned(given or {}, sizes.settings(memory_limit)),
        # Last, so that nothing overrides them; their names are in settings.FIXED.
        f"--datadir={_DATA}",
        f"--init-file={_RUN}/init.sql",
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
    privileges: pulumi.Input[str]
    """A key of `accounts.PRIVILEGES`."""
    startup_seconds: pulumi.Input[int]
    shutdown_seconds: pulumi.Input[int]


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
        pods.secret_files("secrets", *server.secrets),
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
        return arguments(limits["memory_limit"], given, require_tls=require_tls, own_certificate=own)

    def container(name: str, mounts: list[core.VolumeMountArgs], **fields: Any) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=name,
            image=server.image,
            security_context=pods.security_context(),
            resources=resources.requirements(server.resources, disk=entry(server.platform, "ephemeral_storage")),
            volume_mounts=[*mounts, *scratch],
            **fields,
        )

    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=server.labels, annotations=server.annotations),
        spec=core.PodSpecArgs(
            termination_grace_period_seconds=server.shutdown_seconds,
            init_containers=[
                # One container for both, because the kubelet takes up to a second to see that one has ended.
                container(
                    "initialize",
                    [data, secrets],
                    command=["/bin/sh", "-c", _INITIALIZE, "initialize"],
                    args=_initialize_arguments(server, certificate_folder),
                ),
            ],
            containers=[
                container(
                    f"{server.instance}-container",
                    [data, *certificate],
                    # mysqld is process 1, so that it gets the pod's signals.
                    command=["mysqld"],
                    args=lift(start, server.resources, server.settings, server.require_tls),
                    ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=PORT, protocol="TCP")],
                    # Started is that the application logs in and its SQL ran; no liveness probe runs before.
                    startup_probe=core.ProbeArgs(
                        exec_=_script("startup", f"RUN={_RUN}"),
                        period_seconds=1,
                        timeout_seconds=5,
                        failure_threshold=server.startup_seconds,
                    ),
                    # Ready is that clients may write; that all connections are taken is no reason to refuse more.
                    readiness_probe=core.ProbeArgs(
                        exec_=_script(
                            "readiness",
                            f"RUN={_RUN}",
                            f"VOLUME={_VOLUME}",
                            f"FREE={FREE_MEBIBYTES}",
                            f"CERTIFICATE={certificate_folder or 'no'}",
                        ),
                        period_seconds=5,
                        timeout_seconds=5,
                        failure_threshold=2,
                    ),
                    # Alive is only that the server answers: a restart does not help a busy one.
                    liveness_probe=core.ProbeArgs(
                        exec_=core.ExecActionArgs(
                            command=["mysqladmin", "--no-defaults", f"--socket={_SOCKET}", "ping"]
                        ),
                        period_seconds=10,
                        timeout_seconds=5,
                        failure_threshold=6,
                    ),
                )
            ],
            volumes=volumes,
            **pods.common(server.placement, server.platform),
        ),
    )


def _initialize_arguments(server: Server, certificate: str) -> pulumi.Input[list[str]]:
    def made(database: str, privileges: str, require_tls: bool, given: Mapping[str, str]) -> list[str]:
        *values, end = accounts.values(
            database,
            secrets=_SECRETS,
            run=_RUN,
            port=PORT,
            privileges=privileges,
            require_tls=require_tls,
            backup=server.backup,
            certificate=certificate,
        )
        native = [f"{settings.normal(key)}={value}" for key, value in given.items() if settings.normal(key) in _BOTH]
        return [
            *values,
            f"VOLUME={_VOLUME}",
            f"BIRTH={settings.birth(given)}",
            f"BINARY_LOG={'yes' if settings.binary_log(given) else 'no'}",
            end,
            *(f"--{setting}" for setting in [*sizes.INITIALIZE, *native]),
        ]

    return lift(made, server.database, server.privileges, server.require_tls, server.settings)


def _script(name: str, *values: str) -> core.ExecActionArgs:
    return core.ExecActionArgs(command=["/bin/sh", "-c", scripts.text(name), name, *values])
