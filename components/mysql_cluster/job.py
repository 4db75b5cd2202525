"""A Job of a cluster that a deployment waits for: it ends well once, or ends the deployment."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.batch import v1 as batch
from pulumi_kubernetes.core import v1 as core

from .parts import Cluster, component_label

_REFUSED = 3
"""How its script ends where another attempt would end alike."""

_ATTEMPTS = 3


def make(
    cluster: Cluster,
    part: str,
    container: core.ContainerArgs,
    volumes: Sequence[core.VolumeArgs],
    opts: pulumi.ResourceOptions | None = None,
) -> batch.Job:
    """Make it; one that failed is made anew by the next `up`.

    Args:
        cluster: The cluster.
        part: Its part of the name.
        container: What runs.
        volumes: The pod's.
        opts: Options besides a child's. Default: none.
    """
    children, selector = cluster.children, cluster.selector(part)
    seconds: int = cluster.given["rollout_seconds"]
    return batch.Job(
        children.logical(part),
        metadata=children.metadata(
            part, extra=component_label(part), annotations={"pulumi.com/replaceUnready": "true"}
        ),
        spec=batch.JobSpecArgs(
            backoff_limit=_ATTEMPTS,
            # Before Pulumi gives it up: it must not end well when nobody makes what comes after it any more.
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
                metadata=cluster.pod_metadata(part, selector),
                spec=core.PodSpecArgs(
                    restart_policy="Never",
                    containers=[container],
                    volumes=volumes,
                    **cluster.pod_fields(selector),
                ),
            ),
        ),
        opts=pulumi.ResourceOptions.merge(children.options(rollout_seconds=seconds), opts),
    )


def patience(cluster: Cluster) -> int:
    """Return how long its script may wait, in seconds, so that its own words are heard and not the deadline's."""
    return max(cluster.given["rollout_seconds"] - 60, 10)
