"""A proxy of the company is not the way to a node on this machine."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from .. import paths
from ..clusters import kubeconfig

_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}


def around(path: Path) -> dict[str, str]:
    """Return NO_PROXY with the local node's address in it; nothing without a proxy, or for another cluster.

    Args:
        path: The stack's kubeconfig.
    """
    if not any(name.lower() in _PROXIES and value for name, value in os.environ.items()):
        return {}
    if not path.is_relative_to(paths.STATE / "nodes") or not path.exists():
        return {}
    read = kubeconfig.load([path], str(path))
    address = urlsplit(read.server(read.current)).hostname or ""
    before = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    listed = ",".join(dict.fromkeys([*filter(None, before.split(",")), address]))
    # Go reads the one first, Python and curl the other.
    return {"NO_PROXY": listed, "no_proxy": listed}
