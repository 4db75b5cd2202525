"""The MySQL server's pod: how its data directory begins, what it is started with, and how its health is seen."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from . import accounts, pods, validation

IMAGE = "mysql:9.7"
PORT = 3306
PORT_NAME = "mysql"
MINIMUM_MEMORY = "320Mi"
"""An idle server with the settings below uses 284 MB."""
RESOURCES: pods.ResourcesArgs = {
    "cpu_request": "250m",
    "cpu_limit": "500m",
    "memory_request": "384Mi",
    "memory_limit": "512Mi",
}
CLIENT_FILES = ("username", "password")
SERVER_FILES = ("init.sql", "client.cnf")

_VOLUME = "/var/lib/mysql"
# A directory of the volume, because a volume's own root may hold lost+found, which mysqld refuses.
_DATA = f"{_VOLUME}/data"
_FILES = "/etc/kubeauth"
_SOCKET = "/run/mysqld/mysqld.sock"

# Begins under another name and renames at the end: a pod killed half-way starts over, and never leaves a server without
# its accounts. The image's own entrypoint has that defect.
_INITIALIZE = f"""set -eu
[ ! -d {_DATA} ] || exit 0
rm -rf {_DATA}.new
mysqld --no-defaults --initialize-insecure --datadir={_DATA}.new
sync
mv {_DATA}.new {_DATA}
sync
"""


def secret_files(
    instance: str,
    database: str,
    username: str,
    password: pulumi.Input[str],
    root_password: pulumi.Input[str],
) -> pulumi.Output[dict[str, str]]:
    """Return the content of the Secrets by key, as a secret; checks passwords that were not known before."""

    def build(given: Mapping[str, str]) -> dict[str, str]:
        app, root = given["password"], given["root_password"]
        validation.require(
            [
                *validation.password("password", app),
                *validation.password("root_password", root),
                *validation.different_passwords("root_password", root, "password", app),
            ],
            f"MySqlDatabase {instance}",
        )
        return {
            "username": username,
            "password": app,
            "init.sql": accounts.init_sql(database, username, app, root),
            "client.cnf": accounts.client_cnf(username, app, database, PORT),
        }

    return pulumi.Output.secret(pulumi.Output.all(password=password, root_password=root_password)).apply(build)


def fingerprint(files: Mapping[str, str], salt: str) -> str:
    """Return a few characters that change with any of the files."""
    return accounts.fingerprint("\0".join(files.values()), salt)


def arguments(memory_limit: str) -> list[str]:
    """Return mysqld's arguments for a memory limit: a quarter of it is cache."""
    cache = int(validation.bytes_of(memory_limit) or 0) // 4 // 2**20
    return [
        "--no-defaults",
        f"--datadir={_DATA}",
        f"--init-file={_FILES}/init.sql",
        f"--port={PORT}",
        f"--socket={_SOCKET}",
        "--pid-file=/run/mysqld/mysqld.pid",
        "--tmpdir=/tmp",
        "--secure-file-priv=NULL",
        "--require-secure-transport=ON",
        "--skip-name-resolve",
        "--mysqlx=OFF",
        "--performance-schema=OFF",
        f"--innodb-buffer-pool-size={cache}M",
    ]


def pod_template(
    instance: str,
    *,
    labels: Mapping[str, str],
    image: str,
    claim: pulumi.Input[str],
    secret: pulumi.Input[str],
    resources: pods.ResourcesArgs,
) -> core.PodTemplateSpecArgs:
    """Return the pod of a MySQL server.

    Args:
        instance: The database's name.
        labels: The pod's labels, the selector's among them.
        image: The MySQL image.
        claim: The name of the volume claim.
        secret: The name of the Secret with `SERVER_FILES`.
        resources: Requests and limits, complete.
    """
    data = core.VolumeMountArgs(name="data", mount_path=_VOLUME)
    scratch = [
        core.VolumeMountArgs(name="run", mount_path="/run/mysqld"),
        core.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - an emptyDir of this pod alone
    ]
    files = core.VolumeMountArgs(name="files", mount_path=_FILES, read_only=True)
    ping = _exec(["mysqladmin", "--no-defaults", f"--socket={_SOCKET}", "ping"])
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=labels),
        spec=core.PodSpecArgs(
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security_context(),
            # A clean shutdown writes what is in memory; crash recovery at the next start would take longer.
            termination_grace_period_seconds=120,
            init_containers=[
                core.ContainerArgs(
                    name="initialize",
                    image=image,
                    command=["/bin/sh", "-c", _INITIALIZE],
                    security_context=pods.security_context(),
                    resources=pods.requirements(resources),
                    volume_mounts=[data, *scratch],
                )
            ],
            containers=[
                core.ContainerArgs(
                    name=f"{instance}-container",
                    image=image,
                    # mysqld is process 1, so that it gets the pod's signals.
                    command=["mysqld"],
                    args=arguments(resources.get("memory_limit", "")),
                    ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=PORT, protocol="TCP")],
                    security_context=pods.security_context(),
                    resources=pods.requirements(resources),
                    volume_mounts=[data, *scratch, files],
                    # First start or crash recovery may take 10 minutes; no liveness probe runs before.
                    startup_probe=core.ProbeArgs(
                        exec_=ping, period_seconds=1, timeout_seconds=5, failure_threshold=600
                    ),
                    # Ready is what clients need: a query as the application's account, over TCP with TLS.
                    readiness_probe=core.ProbeArgs(
                        exec_=_exec(["mysql", f"--defaults-file={_FILES}/client.cnf", "--execute=SELECT 1"]),
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
            volumes=[
                core.VolumeArgs(
                    name="data",
                    persistent_volume_claim=core.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim),
                ),
                core.VolumeArgs(
                    name="files", secret=core.SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440)
                ),
                pods.scratch("run"),
                pods.scratch("tmp", "1Gi"),
            ],
        ),
    )


def _exec(command: list[str]) -> core.ExecActionArgs:
    return core.ExecActionArgs(command=command)
