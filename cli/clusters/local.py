"""Which contexts can only mean a cluster on this machine, told by the names that their makers give."""

import re

#: Names that kind, minikube, Docker Desktop, k3d, Rancher Desktop, OrbStack and Colima write into a kubeconfig.
#: (`minikube start --profile` uses the profile's name, which nothing tells from a remote cluster's.)
_LOCAL = re.compile(r"kind-.+|minikube|docker-desktop|k3d-.+|rancher-desktop|orbstack|colima(-.+)?")
_MAKER = re.compile(r"(kind|k3d)-(.+)|(minikube)")


def is_local(context: str) -> bool:
    """Whether a context's name says that its cluster is on this machine."""
    return bool(_LOCAL.fullmatch(context))


def maker(context: str) -> tuple[str, str]:
    """The program that loads images into a local context's cluster, and that program's name for it.

    `docker` stands for clusters that run what is in Docker's own store.
    """
    found = _MAKER.fullmatch(context)
    if not found:
        return "docker", context
    return (found[1], found[2]) if found[1] else (found[3], found[3])
