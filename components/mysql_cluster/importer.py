"""The Job that takes along what one server held, before gateways stand in its place: docs/adr/0014."""

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.networking import v1 as networking

from ..inputs.known import lift
from ..kubernetes import labels, pods, traffic
from ..mysql import front
from . import authority, tablets
from .parts import SECRETS, Cluster, component_label
from .shards import Shard

_REFUSED = 3
"""How the script ends where another attempt would end alike."""

_ATTEMPTS = 3
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
    seconds: int = given["rollout_seconds"]
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
        "WAIT": max(seconds - 60, 10),
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
    return batch.Job(
        children.logical("import"),
        metadata=children.metadata(
            "import",
            extra=component_label("import"),
            # One that failed is made anew by the next `up`.
            annotations={"pulumi.com/replaceUnready": "true"},
        ),
        spec=batch.JobSpecArgs(
            backoff_limit=_ATTEMPTS,
            # Before Pulumi gives it up: it must not end well when nobody makes the gateways any more.
            active_deadline_seconds=max(seconds - 20, 10),
            pod_failure_policy=batch.PodFailurePolicyArgs(
                rules=[
                    batch.PodFailurePolicyRuleArgs(
                        action="FailJob",
                        on_exit_codes=batch.PodFailurePolicyOnExitCodesRequirementArgs(
                            operator="In", values=[_REFUSED]
                        ),
                    )
                ]
            ),
            template=core.PodTemplateSpecArgs(
                metadata=cluster.pod_metadata("import", selector),
                spec=core.PodSpecArgs(
                    restart_policy="Never",
                    containers=[
                        cluster.container(
                            "import",
                            ["certificate", "errant", "definers", "import"],
                            values,
                            [],
                            _RESOURCES,
                            [
                                core.VolumeMountArgs(name="secrets", mount_path=SECRETS, read_only=True),
                                authority.mount(),
                            ],
                        )
                    ],
                    volumes=[
                        pods.secret_files("secrets", *users),
                        authority.volume(cluster.authority),
                        # Lists of what is there, and passwords: in memory.
                        pods.scratch("run", "64Mi", in_memory=True),
                        pods.scratch("tmp"),
                    ],
                    **cluster.pod_fields(selector),
                ),
            ),
        ),
        # Once it ended well nothing of it is of use any more: a new password or image runs no second one.
        opts=pulumi.ResourceOptions.merge(
            children.options(rollout_seconds=seconds), pulumi.ResourceOptions(ignore_changes=["spec"])
        ),
    )
