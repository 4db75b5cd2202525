"""The division of rows into shards: where people and `kubeauth reshard` read it, and the Job that guards it."""

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core

from ..inputs.known import lift
from ..kubernetes import pods, traffic
from . import authority, job, shards, tablets
from .parts import DIVISION, Cluster

_RESOURCES = {"cpu_request": "50m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "128Mi"}


def create(cluster: Cluster) -> batch.Job:
    """Make the Job, and the ConfigMap where rows are in several shards or shall be; return the Job.

    Args:
        cluster: The cluster.
    """
    children, given = cluster.children, cluster.given
    if not cluster.divided:
        return _job(cluster, "")
    known = lift(shards.vschema, given["sharding"])
    core.ConfigMap(
        children.logical(DIVISION),
        metadata=cluster.metadata(DIVISION),
        data={
            "keyspace": given["database_name"],
            "from": shards.names(shards.serving(given)),
            "to": shards.names(shards.coming(given)),
            "pods": pulumi.Output.json_dumps(
                {shard.name: f"{children.instance}-{shard.part}" for shard in cluster.shards}
            ),
            "vschema": known,
        },
        opts=children.options(),
    )
    return _job(cluster, known if given["shards"] > 1 else "")


def _job(cluster: Cluster, vschema: pulumi.Input[str]) -> batch.Job:
    """Make the Job that fails, and the deployment with it, where others serve than the shards that have servers here.

    What Pulumi deletes it deletes last: the servers of another division stay until this has ended well. It runs again
    whenever the division changes, because its specification does.
    """
    children, given = cluster.children, cluster.given
    values = cluster.values({
        "SHARDS": " ".join(shard.name for shard in shards.serving(given)),
        "COMING": " ".join(shard.name for shard in shards.coming(given)),
        "VSCHEMA": lift(pods.literal, vschema),
        "WAIT": job.patience(cluster),
    })  # fmt: skip
    traffic.policy(
        children,
        DIVISION,
        cluster.selector(DIVISION),
        egress=[lift(traffic.dns, given["platform"]), tablets.to_etcd(cluster)],
    )
    container = cluster.container(DIVISION, ["certificate", "division"], values, [], _RESOURCES, [authority.mount()])
    return job.make(cluster, DIVISION, container, cluster.volumes())
