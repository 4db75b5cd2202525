"""The pod of an auth service: its environment, its folders, and how its health is asked."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs import errors
from ..inputs.known import entry, lift, merged
from ..inputs.record import Given
from ..kubernetes import discovery, labels, monitoring, placement, pods, resources
from ..kubernetes.children import Children
from . import binding, containers, environment, mounts, probes
from . import inputs as auth_inputs
from . import metrics as service_metrics

PORT_NAME = "http"


def template(
    children: Children, given: Given, database: Mapping[str, Any], account: pulumi.Input[str]
) -> core.PodTemplateSpecArgs:
    """Return the pod.

    Args:
        children: Of the service.
        given: The service's inputs.
        database: What DB_HOST and the other variables say, with the keys of `DatabaseConnection`.
        account: The name of the pod's ServiceAccount.
    """
    selector = labels.selector(children.instance)
    several = given["replicas"] > 1 or "autoscaling" in given
    return core.PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels=merged(children.labels, selector),
            annotations=_annotations(children, given, database),
        ),
        spec=core.PodSpecArgs(
            dns_config=discovery.dns_config(),
            topology_spread_constraints=placement.spread(selector) if several else None,
            termination_grace_period_seconds=lift(_sum, given["drain_seconds"], given["shutdown_seconds"]),
            init_containers=lift(containers.restricted, given["init_containers"]),
            containers=lift(_containers, _container(children, given, database), given["sidecars"]),
            volumes=lift(_volumes, {**database}, given["volumes"], given["binding"]),
            **pods.common(given["placement"], given["platform"], account),
        ),
    )


def _annotations(children: Children, given: Given, database: Mapping[str, Any]) -> Any:
    own = []
    if "binding" in given:
        own.append(lift(binding.annotations, given["binding"], {**database}))
    if "metrics" in given:
        own.append(monitoring.annotations(given["metrics"]))
    return merged(children.annotations, *own) if own else children.annotations


def _sum(drain: int, shutdown: int) -> int:
    return drain + shutdown


def _container(children: Children, given: Given, database: Mapping[str, Any]) -> core.ContainerArgs:
    def ports(port: int, metrics: int | None) -> list[core.ContainerPortArgs]:
        errors.require_resolved(service_metrics.same_port(metrics, port), given.owner)
        numbers = {PORT_NAME: port, **({monitoring.PORT_NAME: metrics} if metrics else {})}
        return [
            core.ContainerPortArgs(name=name, container_port=each, protocol="TCP") for name, each in numbers.items()
        ]

    asked = lift(probes.arguments, given["probes"], given["port"])
    limits = lift(resources.merge, given["resources"], auth_inputs.RESOURCES)
    return core.ContainerArgs(
        name=containers.own_name(children.instance),
        image=given["image"],
        command=lift(_or_none, given["command"]),
        args=lift(_or_none, given["args"]),
        working_dir=lift(_or_none, given["working_dir"]),
        env=lift(
            environment.variables,
            {**database},
            given["database_env"],
            given["env"],
            given["secret_env"],
            given["binding"],
        ),
        env_from=lift(environment.sources, given["env_from"]),
        ports=lift(ports, given["port"], entry(given["metrics"], "port") if "metrics" in given else None),
        security_context=pods.security_context(),
        resources=resources.requirements(limits, disk=entry(given["platform"], "ephemeral_storage")),
        volume_mounts=lift(_mounts, database.get("ca_secret_name"), given["volumes"], given["binding"]),
        lifecycle=lift(_drain, given["drain_seconds"]),
        startup_probe=entry(asked, "startup_probe"),
        readiness_probe=entry(asked, "readiness_probe"),
        liveness_probe=entry(asked, "liveness_probe"),
    )


def _or_none(value: Any) -> Any:
    return value or None


def _drain(seconds: int) -> core.LifecycleArgs | None:
    """Serve on until every node and load balancer knows that the pod goes; Kubernetes tells them at the same moment."""
    sleep = core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=seconds))
    return core.LifecycleArgs(pre_stop=sleep) if seconds else None


def _volumes(database: Mapping[str, Any], given: list[Any], bound: str | None) -> list[core.VolumeArgs]:
    ca_secret = database.get("ca_secret_name")
    authority = [pods.secret_files("database-ca", ca_secret, keys=["ca.crt"])] if ca_secret else []
    return [pods.scratch("tmp"), *authority, *binding.volumes(bound, database), *mounts.volumes(given)]


def _mounts(ca_secret: str | None, given: list[Any], bound: str | None) -> list[core.VolumeMountArgs]:
    tmp = core.VolumeMountArgs(name="tmp", mount_path="/tmp")  # noqa: S108 - an emptyDir of this pod
    authority = core.VolumeMountArgs(name="database-ca", mount_path=environment.CA_FOLDER, read_only=True)
    return [tmp, *([authority] if ca_secret else []), *binding.mounts(bound), *mounts.mounts(given)]


def _containers(own: Any, sidecars: list[Mapping[str, Any]]) -> list[Any]:
    return [own, *(containers.restricted(sidecars) or [])]
