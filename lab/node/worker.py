"""The other nodes of a cluster: each runs pods, and is lost and comes back without the rest."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from lab.node import health, network, pki, render
from lab.node.box import Box, Parts
from lab.node.layout import Layout
from lab.node.process import Process


class Worker(Box):
    """A node beside the first one, whose link is in the first one's network namespace."""

    def __init__(self, place: Layout, first: Callable[[], Process], api: Callable[[], health.Api]) -> None:
        """Name a node; nothing is started.

        Args:
            place: Which one it is.
            first: The first node's process.
            api: Where its API server answers.
        """
        super().__init__(place)
        self._first, self._first_api = first, api

    @property
    def address(self) -> str:
        """The node's address among the cluster's nodes; the host does not reach it."""
        return str(self.layout.member)

    def _api(self) -> health.Api:
        return self._first_api()

    def start(self, parts: Parts, kubeconfig: Path, kubectl: str) -> None:
        """Start the node, or repair it, or return at once if it is well; the first one runs."""
        self._kubeconfig, self._kubectl = kubeconfig, kubectl
        self._ensure(parts)

    def stop(self, *, grace: bool = True) -> None:
        """Stop the node and keep its data. Without `grace` it is as if its machine lost power."""
        if grace:
            self._stop()
        else:
            self._stop(0)

    def _answers(self, where: str) -> bool:
        wait = ["/run/python", "-I", "/run/kubeauth/etc/wait.py", f"http://127.0.0.1:{where}", "--", "true"]
        try:
            return self.run(wait, timeout=5).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _launch(self, parts: Parts) -> Process:
        self._prepare()
        render.write(self.layout, self.address)
        pki.create_for_worker(self.layout, parts.programs)
        self._register()
        first, link = self._first(), self._api().network
        return self._boot(
            parts,
            self._kubectl,
            {"network": network.of_worker(self.layout, link), "kept": []},
            lambda pid: network.join(self.layout.veth, first.pid, pid),
        )

    def _register(self) -> None:
        """Tell the cluster which pods' addresses the node has, before another node is given them."""
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": {"kubernetes.io/hostname": self.name}},
            "spec": {"podCIDR": str(self.layout.pods), "podCIDRs": [str(self.layout.pods)]},
        }
        command = [self._kubectl, f"--kubeconfig={self._kubeconfig}", "--request-timeout=20s"]
        known = subprocess.run([*command, "get", "node", self.name], capture_output=True, check=False, timeout=60)
        if known.returncode:
            subprocess.run(
                [*command, "create", "-f", "-"], input=json.dumps(node).encode(), capture_output=True, check=True,
                timeout=60,
            )  # fmt: skip
