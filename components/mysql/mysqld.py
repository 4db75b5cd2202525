"""The MySQL server's pod: how its data directory begins, what it is started with, and how its health is seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs.known import entry, lift
from ..kubernetes import pods, resources
from . import accounts, sizes

IMAGE = "mysql:9.7"
PORT = 3306
PORT_NAME = "mysql"
TMP_SIZE, DISK_LIMIT = "1Gi", "1536Mi"
"""Scratch space for large sorts; the node's disk at most, with the server's log beside it."""

_VOLUME = "/var/lib/mysql"
# A directory of the volume, because a volume's own root may hold lost+found, which mysqld refuses.
_DATA = f"{_VOLUME}/data"
_SECRETS = "/etc/kubeauth/secrets"
_TLS = "/etc/kubeauth/tls"
_RUN = "/run/mysqld"
_SOCKET = f"{_RUN}/mysqld.sock"

_SMALL = " ".join(f"--{setting}" for setting in sizes.INITIALIZE)
# Begins under another name and renames at the end: a pod killed half-way starts over, and never leaves a server without
# its accounts. The image's own entrypoint has that defect.
# Only this volume is written out: what else the node has to write can take minutes.
_INITIALIZE = f"""[ ! -d {_DATA} ] || exit 0
rm -rf {_DATA}.new
mysqld --no-defaults --initialize-insecure --datadir={_DATA}.new {_SMALL}
sync -f {_DATA}.new
mv {_DATA}.new {_DATA}
sync -f {_VOLUME}
"""

FIXED_SETTINGS = (
    "datadir", "init-file", "port", "socket", "pid-file", "tmpdir", "secure-file-priv", "require-secure-transport",
    "ssl-ca", "ssl-cert", "ssl-key", "user", "defaults-file", "defaults-extra-file", "no-defaults",
    "skip-grant-tables", "skip-networking", "bind-address", "daemonize", "initialize", "initialize-insecure",
)  # fmt: skip
"""Settings that the pod depends on, or that would open it; `settings` cannot change them."""


def arguments(
    memory_limit: str,
    settings: Mapping[str, str] | None = None,
    *,
    require_tls: bool = True,
    own_certificate: bool = True,
) -> list[str]:
    """Return mysqld's arguments.

    Args:
        memory_limit: The container's; see `sizes.settings`.
        settings: The caller's settings, which win over the defaults here. Default: none.
        require_tls: Whether connections without TLS are refused. Default: true.
        own_certificate: Whether the server makes its own certificate. Default: true.
    """
    given = {key.replace("_", "-"): value for key, value in (settings or {}).items()}
    tuned = {**sizes.settings(memory_limit), **given}
    certificate = [] if own_certificate else [f"--ssl-cert={_TLS}/tls.crt", f"--ssl-key={_TLS}/tls.key"]
    return [
        "--no-defaults",
        f"--datadir={_DATA}",
        f"--init-file={_RUN}/init.sql",
        f"--port={PORT}",
        f"--socket={_SOCKET}",
        f"--pid-file={_RUN}/mysqld.pid",
        "--tmpdir=/tmp",
        "--secure-file-priv=NULL",
        f"--require-secure-transport={'ON' if require_tls else 'OFF'}",
        *certificate,
        "--skip-name-resolve",
        "--mysqlx=OFF",
        *(f"--{key}={value}" for key, value in tuned.items()),
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
        pods.scratch("tmp", TMP_SIZE),
    ]
    certificate: list[core.VolumeMountArgs] = []
    if server.tls_secret is not None:
        certificate = [core.VolumeMountArgs(name="tls", mount_path=_TLS, read_only=True)]
        volumes.append(pods.secret_files("tls", server.tls_secret))
    disk = entry(server.platform, "ephemeral_storage")

    def initialize(database: str, require_tls: bool) -> str:
        write_accounts = accounts.script(
            database, source=_SECRETS, target=_RUN, port=PORT, require_tls=require_tls, backup=server.backup
        )
        return write_accounts + _INITIALIZE

    def start(limits: Mapping[str, str], settings: Mapping[str, str], require_tls: bool) -> list[str]:
        own = server.tls_secret is None
        return arguments(limits["memory_limit"], settings, require_tls=require_tls, own_certificate=own)

    def container(name: str, mounts: list[core.VolumeMountArgs], **fields: Any) -> core.ContainerArgs:
        return core.ContainerArgs(
            name=name,
            image=server.image,
            security_context=pods.security_context(),
            resources=resources.requirements(server.resources, DISK_LIMIT, disk=disk),
            volume_mounts=[*mounts, *scratch],
            **fields,
        )

    ping = _exec(["mysqladmin", "--no-defaults", f"--socket={_SOCKET}", "ping"])
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=server.labels, annotations=server.annotations),
        spec=core.PodSpecArgs(
            # A clean shutdown writes what is in memory; crash recovery at the next start would take longer.
            termination_grace_period_seconds=120,
            init_containers=[
                # One container for both, because the kubelet takes up to a second to see that one has ended.
                container(
                    "initialize",
                    [data, secrets],
                    command=["/bin/sh", "-c", lift(initialize, server.database, server.require_tls)],
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
                    # First start or crash recovery may take 10 minutes; no liveness probe runs before.
                    startup_probe=core.ProbeArgs(
                        exec_=ping, period_seconds=1, timeout_seconds=5, failure_threshold=600
                    ),
                    # Ready is what clients need: a query as the application's account, over TCP with TLS.
                    readiness_probe=core.ProbeArgs(
                        exec_=_exec(["mysql", f"--defaults-file={_RUN}/client.cnf", "--execute=SELECT 1"]),
                        period_seconds=5,
                        timeout_seconds=5,
                        failure_threshold=2,
                    ),
                    # Alive is only that the server answers: a restart does not help a busy one.
                    liveness_probe=core.ProbeArgs(
                        exec_=ping, period_seconds=10, timeout_seconds=5, failure_threshold=6
                    ),
                )
            ],
            volumes=volumes,
            **pods.common(server.placement, server.platform),
        ),
    )


def _exec(command: list[str]) -> core.ExecActionArgs:
    return core.ExecActionArgs(command=command)
