"""The pod of an auth service: its environment, with DB_HOST first, and how its health is asked."""

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..connection import Database
from ..kubernetes import discovery, labels, pods
from ..kubernetes.children import Children
from ..mysql import accounts
from . import inputs as auth_inputs
from .inputs import AuthServiceArgs

PORT_NAME = "http"

_CA_FOLDER = "/etc/kubeauth/database"


def template(
    children: Children, args: AuthServiceArgs, database: Database, account: pulumi.Input[str]
) -> core.PodTemplateSpecArgs:
    """Return the pod.

    Args:
        children: Of the service.
        args: The service's inputs, checked.
        database: What DB_HOST and the other variables say.
        account: The name of the pod's ServiceAccount.
    """
    selector = labels.selector(children.instance)
    volumes = [pods.scratch("tmp")]
    if "database_ca_secret_name" in args:
        volumes.append(pods.secret_files("database-ca", args["database_ca_secret_name"], keys=["ca.crt"]))
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels={**children.labels, **selector}, annotations=children.annotations),
        spec=core.PodSpecArgs(
            service_account_name=account,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pods.pod_security_context(),
            dns_config=discovery.dns_config(),
            topology_spread_constraints=pods.spread(selector) if int(args.get("replicas", 1)) > 1 else None,
            containers=[_container(f"{children.instance}-container", args, database)],
            volumes=volumes,
            **pods.placed(args.get("placement", {})),
        ),
    )


def _container(name: str, args: AuthServiceArgs, database: Database) -> core.ContainerArgs:
    mounts = [core.VolumeMountArgs(name="tmp", mount_path="/tmp")]  # noqa: S108 - an emptyDir of this pod
    if "database_ca_secret_name" in args:
        mounts.append(core.VolumeMountArgs(name="database-ca", mount_path=_CA_FOLDER, read_only=True))
    probes = args.get("probes", {})
    alive, ready = _get(probes.get("liveness_path", "/healthz")), _get(probes.get("readiness_path", "/readyz"))
    return core.ContainerArgs(
        name=name,
        image=args["image"],
        command=args.get("command") or None,
        args=args.get("args") or None,
        working_dir=args.get("working_dir") or None,
        env=_environment(args, database),
        ports=[
            core.ContainerPortArgs(
                name=PORT_NAME, container_port=int(args.get("port", auth_inputs.PORT)), protocol="TCP"
            )
        ],
        security_context=pods.security_context(),
        resources=pods.requirements(pods.merge(args.get("resources", {}), auth_inputs.RESOURCES)),
        volume_mounts=mounts,
        startup_probe=core.ProbeArgs(
            http_get=alive, period_seconds=1, failure_threshold=int(probes.get("startup_seconds", 60))
        ),
        # Ready means that the database answers; alive does not, so that its absence restarts nothing. Every second,
        # because a first `up` ends with the first probe after the database's.
        readiness_probe=core.ProbeArgs(http_get=ready, period_seconds=1, timeout_seconds=5, failure_threshold=3),
        liveness_probe=core.ProbeArgs(http_get=alive, period_seconds=10, timeout_seconds=5, failure_threshold=3),
    )


def _environment(args: AuthServiceArgs, database: Database) -> list[core.EnvVarArgs]:
    username_key = args.get("database_username_key", accounts.USERNAME)
    password_key = args.get("database_password_key", accounts.PASSWORD)
    env = [
        core.EnvVarArgs(name="DB_HOST", value=database.endpoint),
        core.EnvVarArgs(name="DB_USER", value_from=_from_secret(database.secret_name, username_key)),
        core.EnvVarArgs(name="DB_PASS", value_from=_from_secret(database.secret_name, password_key)),
    ]
    if database.name is not None:
        env.append(core.EnvVarArgs(name="DB_NAME", value=database.name))
    if "database_ca_secret_name" in args:
        env.append(core.EnvVarArgs(name="DB_TLS", value="verify-identity"))
        env.append(core.EnvVarArgs(name="DB_TLS_CA", value=f"{_CA_FOLDER}/ca.crt"))
    env += [core.EnvVarArgs(name=key, value=value) for key, value in args.get("env", {}).items()]
    env += [
        core.EnvVarArgs(name=key, value_from=_from_secret(source["secret_name"], source["key"]))
        for key, source in args.get("secret_env", {}).items()
    ]
    return env


def _from_secret(secret: pulumi.Input[str], key: str) -> core.EnvVarSourceArgs:
    return core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=secret, key=key))


def _get(path: str) -> core.HTTPGetActionArgs:
    return core.HTTPGetActionArgs(path=path, port=PORT_NAME)
