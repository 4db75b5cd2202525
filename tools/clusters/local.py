"""Which contexts can only mean a cluster on this machine, told by the names that their makers give."""

import re

#: Names that kind, minikube, Docker Desktop, k3d, Rancher Desktop, OrbStack and Colima write into a kubeconfig.
#: (`minikube start --profile` uses the profile's name, which nothing tells from a remote cluster's.)
_LOCAL = re.compile(r"kind-.+|minikube|docker-desktop|k3d-.+|rancher-desktop|orbstack|colima(-.+)?")


def is_local(context: str) -> bool:
    """Whether a context's name says that its cluster is on this machine."""
    return bool(_LOCAL.fullmatch(context))
