"""Who may connect to a database's pod."""

from collections.abc import Sequence
from typing import Any

from ..inputs.known import entry
from ..inputs.record import Given
from ..kubernetes import labels, traffic
from ..kubernetes.children import Children
from . import bucket, front


def policy(children: Children, given: Given, own: Sequence[str], sent_to: Any = None) -> None:
    """Make the policy of a database's pod.

    Args:
        children: Of the database.
        given: The database's inputs.
        own: The names by which pods of this database's own are selected that connect to it.
        sent_to: The bucket that gets its binary log, with the keys of `Bucket`. Default: none.
    """
    buckets = [sent_to, entry(given["restore_from"], "s3") if "restore_from" in given else None]
    egress = bucket.egress_of([each for each in buckets if each is not None], given["platform"])
    ingress = front.clients(given, own)
    traffic.policy(children, "clients", labels.selector(children.instance), ingress=ingress, egress=egress)
