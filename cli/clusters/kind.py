"""Clusters that kind makes in Docker (https://kind.sigs.k8s.io)."""

import json
import shutil
import tempfile
from pathlib import Path

from .. import programs
from ..console import Problem

#: How long `kind create cluster` may take: it pulls an image of about 1 GB and waits for the node.
CREATE_SECONDS = 900
#: How long Docker may take to say that it runs.
DOCKER_SECONDS = 20


def available() -> bool:
    """Whether kind is here, and a Docker that answers."""
    return bool(shutil.which("kind")) and docker_answers()


def docker_answers() -> bool:
    """Whether docker is here, and its daemon answers."""
    if not shutil.which("docker"):
        return False
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        done = programs.run(asked, seconds=DOCKER_SECONDS, purpose="ask Docker for its version", check=False)
    except programs.Failed:
        return False
    return done.returncode == 0


def exists(name: str) -> bool:
    """Whether kind has a cluster of this name.

    Raises:
        Failed: kind or Docker did not answer.
    """
    return name in programs.run(["kind", "get", "clusters"], seconds=60, purpose="list kind's clusters").stdout.split()


def create(name: str, kubeconfig: Path, *, fresh: bool, nodes: int = 0) -> None:
    """Make the cluster, or find it, and write its kubeconfig.

    Args:
        name: The cluster's name.
        kubeconfig: The file to write.
        fresh: Whether there is no such cluster yet.
        nodes: How many nodes it has. Default: one, or as many as there are.

    Raises:
        Problem: kind failed or did not end in time; its words are in it. It has another number of nodes.
    """
    if not fresh:
        if nodes and nodes != (there := _count(name)):
            raise Problem(
                f"NODES = {nodes}\n  rule: as many as cluster {name} has: {there}; kind adds none. No change.",
                f"leave NODES out; or, losing what is on it: kind delete cluster --name {name}; make up NODES={nodes}",
            )
        command = ["kind", "export", "kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig)]
        programs.run(command, seconds=60, purpose=f"read the kubeconfig of kind's cluster {name}")
    else:
        command = ["kind", "create", "cluster", "--name", name, "--kubeconfig", str(kubeconfig), "--wait", "5m"]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as wanted:
            if nodes > 1:
                roles = [{"role": "control-plane"}, *[{"role": "worker"}] * (nodes - 1)]
                json.dump({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": roles}, wanted)
                wanted.flush()
                command += ["--config", wanted.name]
            programs.run(command, seconds=CREATE_SECONDS, purpose=f"create the cluster {name} with kind")


def _count(name: str) -> int:
    listed = programs.run(
        ["kind", "get", "nodes", "--name", name], seconds=60, purpose="list the nodes of kind's cluster"
    )
    return len(listed.stdout.split())


def delete(name: str, kubeconfig: Path) -> None:
    """Remove the cluster that `create` made, and its entries in the kubeconfig."""
    command = ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig)]
    programs.run(command, seconds=300, purpose=f"delete kind's cluster {name}")
