"""How a component makes its children: their parent, names, labels and timeouts, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..inputs.known import merged
from . import ownership


@dataclass(frozen=True)
class Children:
    """The children of one component instance.

    A child's logical name in Pulumi is `<name>-<child>`, its physical one in the cluster `<instance>-<child>`, unless
    Pulumi chooses it.
    """

    parent: pulumi.ComponentResource
    name: str
    """The component's name in the program."""
    instance: str
    """Its name in the cluster; the same, unless the program says otherwise."""
    namespace: pulumi.Input[str]
    labels: Any
    """Labels of every child, an Input of a map."""
    annotations: Any = None
    """Annotations of every child, an Input of a map. Default: none."""

    def logical(self, child: str) -> str:
        """Return a child's name in the program."""
        return f"{self.name}-{child}"

    def metadata(
        self,
        child: str,
        *,
        auto_named: bool = False,
        extra: Mapping[str, str] | None = None,
        annotations: Any = None,
        wait: bool = True,
    ) -> ObjectMetaArgs:
        """Return a child's metadata.

        Args:
            child: The child's part of the name, for example `service`.
            auto_named: Whether Pulumi chooses the physical name anew, at random, at each replacement. Default: false.
            extra: Labels of this child alone. Default: none.
            annotations: Annotations of this child alone. Default: none.
            wait: Whether Pulumi waits until the cluster calls the child ready. Default: true.
        """
        own = {**({} if wait else {"pulumi.com/skipAwait": "true"}), **ownership.mark()}
        return ObjectMetaArgs(
            name=None if auto_named else f"{self.instance}-{child}",
            namespace=self.namespace,
            labels=merged(self.labels, extra),
            annotations=merged(self.annotations, annotations, own),
        )

    def options(self, *, protect: bool | None = None, rollout_seconds: int | None = None) -> pulumi.ResourceOptions:
        """Return a child's options.

        Args:
            protect: Refuse to delete or replace the child. Default: as the component.
            rollout_seconds: How long to wait until the child is ready. Default: the provider's time, 10 minutes.
        """
        timeout = f"{rollout_seconds}s" if rollout_seconds else None
        return pulumi.ResourceOptions(
            parent=self.parent,
            protect=protect,
            custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout) if timeout else None,
        )
