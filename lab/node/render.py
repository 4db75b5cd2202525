"""The node's configuration files: templates of config/, filled in, and what the fixed parts of two programs need."""

import base64
import hashlib
import secrets
import shutil
from pathlib import Path
from string import Template

from lab.node import layout, machine

TEMPLATES = Path(__file__).parent / "config"
#: Where a template goes, if not to its own name.
PLACES = {"cni.conflist": "cni/10-pods.conflist"}
#: Needed on the host, or within another template.
NOT_FOR_THE_NODE = {"kubeadm.yaml", "daemon.conf", "control-plane.conf", "worker.conf"}
#: Of the control plane and the cluster's own services, which the first node runs.
OF_THE_FIRST = {"addons.sh", "addons.yaml", "Corefile", "encryption.yaml", "helper-pod.yaml", "local-path.json"}
#: What a folder of programs must have.
PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubeadm",
    "coredns",
    "kube-router",
    "local-path-provisioner",
)
#: Programs of their own that run inside the node; copied, so that a node does not need this checkout any more.
INSIDE = ("boot.py", "wait.py")


def fill(template: str, /, **values: str) -> str:
    """One template with its values; a value that is missing is an error."""
    return Template((TEMPLATES / template).read_text()).substitute(values)


def encryption_key(directory: Path) -> str:
    """The key that encrypts this node's Secrets in etcd. Made once: without it the Secrets are lost."""
    path = directory / "pki" / "secrets.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
        draft.replace(path)
    return path.read_text()


def values(place: layout.Layout, address: str) -> dict[str, str]:
    """What templates may name."""
    known = {
        "name": place.hostname,
        "directory": str(place.directory),
        "cgroup": place.cgroup,
        "node_address": address,
        "self_address": layout.SELF_ADDRESS,
        "dns_address": layout.DNS_ADDRESS,
        "pod_cidr": str(place.pods),
        "cluster_cidr": str(layout.CLUSTER_CIDR),
        "service_cidr": layout.SERVICE_CIDR,
        "pause_image": layout.PAUSE_IMAGE,
        "cni_plugins": str(machine.cni_plugins()),
        "wait": "/run/python -I /run/kubeauth/etc/wait.py",
        "daemon": (TEMPLATES / "daemon.conf").read_text(),
    }
    if place.number == 1:
        known["encryption_key"] = encryption_key(place.directory)
    return known | {"more": fill("control-plane.conf" if place.number == 1 else "worker.conf", **known)}


def write(place: layout.Layout, address: str) -> None:
    """Write the node's etc/ anew."""
    folder = place.directory / "etc"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name, text in _files(place, address).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o700 if name.endswith(".sh") else 0o600)


def fingerprint(place: layout.Layout, address: str, programs: Path) -> str:
    """Changes when a running node would have to be started again to be what it should be."""
    # By inode: the toolchain hands out folders of different names with links to the same programs.
    states = [(programs / name).stat() for name in PROGRAMS]
    digest = hashlib.sha256(repr([(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]).encode())
    for name, text in sorted(_files(place, address).items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()


def _files(place: layout.Layout, address: str) -> dict[str, str]:
    known = values(place, address)
    left_out = NOT_FOR_THE_NODE if place.number == 1 else NOT_FOR_THE_NODE | OF_THE_FIRST
    names = sorted(path.name for path in TEMPLATES.iterdir() if path.name not in left_out)
    files = {PLACES.get(name, name): fill(name, **known) for name in names}
    return files | {name: (TEMPLATES.parent / name).read_text() for name in INSIDE}
