"""Backups of a cluster: the jobs of one server's, which come to several servers in another way."""

import pulumi
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import lift
from ..kubernetes import traffic
from ..mysql import accounts, backup, credentials, front
from . import authority, scripts, tablets
from .parts import Cluster


def create(cluster: Cluster, domain: pulumi.Output[str]) -> None:
    """Make the CronJob and what belongs to it.

    Args:
        cluster: The cluster; it has the input `backup`.
        domain: The name in DNS of the servers' own Service.
    """
    children, given, [shard] = cluster.children, cluster.given, cluster.shards
    values = cluster.values(
        {
            "DOMAIN": domain,
            "SET": f"{children.instance}-{shard.part}",
            "SHARD": shard.name,
            "PRIVILEGES": accounts.BACKUP_PRIVILEGES,
            "RUN": backup.SCRATCH,
        }
    )
    way = backup.Way(
        egress=[
            tablets.to_etcd(cluster),
            tablets.to_tablets(cluster),
            networking.NetworkPolicyEgressRuleArgs(
                to=[*map(traffic.pods, cluster.servers)], ports=traffic.ports(front.PORT)
            ),
        ],
        scripts=scripts.own("values", "certificate", "errant", "definers", "jobs"),
        arguments=lift(lambda known: ["backup", *known], values),
        volumes=[authority.volume(cluster.authority)],
        mounts=[authority.mount()],
    )
    source = backup.Source(
        image=given["image"],
        database=given["database_name"],
        schemas=[],
        way=way,
        secret=credentials.for_backups(children),
        retain_data=given["retain_data"],
        copied="s3" in given.args["backup"],
        in_bucket=backup.in_bucket(children, given),
        labels=given["labels"],
        placement=given["placement"],
        platform=given["platform"],
    )
    backup.create(children, given["backup"], source)
