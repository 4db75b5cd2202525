"""Labels and selectors, the same for every child of every component."""

from typing import Any

from ..inputs.known import merged

PART_OF = "kubeauth"
PART_OF_LABEL = "app.kubernetes.io/part-of"
COMPONENT_LABEL = "app.kubernetes.io/component"


def recommended(name: str, instance: str, component: str, extra: Any = None) -> Any:
    """Return Kubernetes' recommended labels with the caller's merged in.

    Args:
        name: What runs, for example `mysql`.
        instance: The component instance's name, for example `mysqlauth`.
        component: Its part in the system, for example `database`.
        extra: The caller's labels, an Input of a map. Reserved keys were refused before (validation.labels).
    """
    own = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": instance,
        COMPONENT_LABEL: component,
        PART_OF_LABEL: PART_OF,
        "app.kubernetes.io/managed-by": "pulumi",
    }
    return merged(extra, own)


def selector(instance: str) -> dict[str, str]:
    """Return the one label that binds Service, Deployment and pods of an instance, as in the seed.

    It never takes other labels in: a changed selector replaces the Deployment.
    """
    return {"name": f"{instance}-selector"}
