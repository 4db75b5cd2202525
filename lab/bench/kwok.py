"""Pods that are not started: kwok plays the kubelet, so that a hundred databases fit on two cores for every side."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import yaml

from cli.console import Problem

from .system import System

CLASS = "bench"
_NODE = "bench-fake"
#: The toolchain lays kwok's own descriptions beside it: what happens to a fake node and to a pod on it.
_STAGES = ("node-initialize.yaml", "node-heartbeat-with-lease.yaml", "pod-ready.yaml", "pod-delete.yaml")
_CAPACITY = {"cpu": "1000", "memory": "1000Gi", "pods": "1000", "ephemeral-storage": "10000Gi"}


def no_fakes() -> nullcontext[str]:
    """Real pods, in the node's own storage class."""
    return nullcontext("")


@contextmanager
def pods(system: System) -> Iterator[str]:
    """Run kwok, with one node of its own on which all pods go, and yield the storage class for their claims."""
    if system.node is None:
        raise Problem("kwok needs a node")
    (real,) = (item["metadata"]["name"] for item in system.get("nodes"))
    system.run("kubectl", "cordon", real)
    system.run("kubectl", "apply", "--filename", "-", stdin=yaml.safe_dump_all([_node(), _class()]))
    log = system.folder / "kwok.log"
    # Its fake pods need addresses, which nothing routes.
    command = ["kwok", f"--kubeconfig={system.env['KUBECONFIG']}", "--cidr=10.250.0.0/16",
               f"--manage-single-node={_NODE}", "--node-lease-duration-seconds=40",
               *(f"--config={system.tools.bin / stage}" for stage in _STAGES)]  # fmt: skip
    with log.open("w") as output:
        process = subprocess.Popen(command, env=system.env, cwd=system.folder, stdout=output, stderr=output)
        try:
            system.run("kubectl", "wait", "--for=condition=Ready", f"node/{_NODE}", "--timeout=60s")
            yield CLASS
        finally:
            process.terminate()
            process.wait(30)
            system.run("kubectl", "delete", "node", _NODE)
            system.run("kubectl", "delete", "persistentvolumes", "--selector", "bench")
            system.run("kubectl", "uncordon", real)


def volumes(system: System, count: int) -> None:
    """Make the volumes that the next side's claims will be bound to, in the place of those of the side before."""
    system.run("kubectl", "delete", "persistentvolumes", "--selector", "bench")
    system.run("kubectl", "apply", "--filename", "-", stdin=yaml.safe_dump_all(map(_volume, range(count))))


def _node() -> dict[str, object]:
    labels = {"kubernetes.io/hostname": _NODE, "kubernetes.io/os": "linux", "type": "kwok"}
    metadata = {"name": _NODE, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "status": {"allocatable": _CAPACITY, "capacity": _CAPACITY},
    }


def _class() -> dict[str, object]:
    fields = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "Immediate"}
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS}, **fields}


def _volume(number: int) -> dict[str, object]:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": CLASS,
        "hostPath": {"path": f"/bench/{number}"},
    }
    metadata = {"name": f"bench-{number:03}", "labels": {"bench": "volume"}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
