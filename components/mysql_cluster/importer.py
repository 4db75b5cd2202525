"""The Job that takes along what one server held, before gateways stand in its place: docs/adr/0014."""

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import lift
from ..kubernetes import labels, pods, traffic
from ..mysql import front
from . import authority, job, tablets
from .parts import SECRETS, Cluster
from .shards import Shard

_RESOURCES = {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "512Mi"}


def create(
    cluster: Cluster,
    users: list[pulumi.Input[str]],
    seen: front.Front,
    domain: pulumi.Output[str],
) -> batch.Job:
    """Make the Job and its policy; what clients talk to comes after it.

    Args:
        cluster: The cluster.
        users: The names of the Secrets with the users.
        seen: The Service in front, behind which the one server still is.
        domain: The name in DNS of the servers' own Service.
    """
    children, given = cluster.children, cluster.given
    selector = cluster.selector("import")
    values = cluster.values({
        "HOST": seen.host,
        "PORT": front.PORT,
        "FRONT": given["port"],
        "DOMAIN": domain,
        "SET": f"{children.instance}-{Shard(1, 0).part}",
        "SHARD": Shard(1, 0).name,
        "SHARDS": given["shards"],
        "BEGAN": seen.began,
        "WAIT": job.patience(cluster),
    })  # fmt: skip
    traffic.policy(
        children,
        "import",
        selector,
        egress=[
            lift(traffic.dns, given["platform"]),
            tablets.to_etcd(cluster),
            tablets.to_tablets(cluster),
            networking.NetworkPolicyEgressRuleArgs(
                to=[traffic.pods(labels.selector(children.instance)), *map(traffic.pods, cluster.servers)],
                ports=traffic.ports(front.PORT),
            ),
        ],
    )
    container = cluster.container(
        "import",
        ["certificate", "errant", "definers", "import"],
        values,
        [],
        _RESOURCES,
        [core.VolumeMountArgs(name="secrets", mount_path=SECRETS, read_only=True), authority.mount()],
    )
    volumes = [
        pods.secret_files("secrets", *users),
        authority.volume(cluster.authority),
        # Lists of what is there, and passwords: in memory.
        pods.scratch("run", "64Mi", in_memory=True),
        pods.scratch("tmp"),
    ]
    # Once it ended well nothing of it is of use any more: a new password or image runs no second one.
    return job.make(cluster, "import", container, volumes, pulumi.ResourceOptions(ignore_changes=["spec"]))
