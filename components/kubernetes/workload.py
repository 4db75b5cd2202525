"""The rules and defaults of the inputs that every component with pods has."""

from ..inputs import metadata, validation
from ..inputs.record import Rule
from . import discovery
from .placement import PLACEMENT
from .platform import PLATFORM

RULES = {
    "placement": Rule(PLACEMENT, default={}),
    "platform": Rule(PLATFORM, default={}),
    "labels": Rule(metadata.labels),
    "annotations": Rule(metadata.annotations),
    "cluster_domain": Rule(validation.cluster_domain, default=discovery.CLUSTER_DOMAIN),
    "rollout_seconds": Rule(validation.seconds(10, 3600, 300), default=300, plain=True),
}
"""Where pods run, what their platform assigns, their metadata, the cluster's domain, how long `up` waits."""
