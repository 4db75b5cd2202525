"""The other nodes of a cluster: each runs pods, and is lost and comes back without the rest."""

import json
import subprocess

from cli import programs
from lab.node import health, network, pki, render
from lab.node.box import GRACE_SECONDS, Box, Parts
from lab.node.layout import Layout
from lab.node.process import ENVIRONMENT, Process


class Worker(Box):
    """A node beside the first one, whose link is in the first one's network namespace."""

    def __init__(self, place: Layout, first: Box) -> None:
        """Name a node beside the first one; nothing is started."""
        super().__init__(place)
        self._first = first

    @property
    def address(self) -> str:
        """The node's address among the cluster's nodes; the host does not reach it."""
        return str(self.layout.member)

    def api(self) -> health.Api:
        """Where the first node's API server answers."""
        return self._first.api()

    def start(self, parts: Parts) -> None:
        """Start the node, or repair it, or return at once if it is well; the first one runs."""
        self._ensure(parts)

    def stop(self, *, grace: bool = True) -> None:
        """Stop the node and keep its data. Without `grace` it is as if its machine lost power."""
        self._stop(GRACE_SECONDS if grace else 0)

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
        self._register(parts.kubectl)
        first = self._first.must_run()
        return self._boot(
            parts,
            {"network": network.of_worker(self.layout, self.api().network), "kept": []},
            lambda pid: network.join(self.layout.veth, first.pid, pid),
        )

    def _register(self, kubectl: str) -> None:
        """Tell the cluster which pods' addresses the node has, before another node is given them."""
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": {"kubernetes.io/hostname": self.name}},
            "spec": {"podCIDR": str(self.layout.pods), "podCIDRs": [str(self.layout.pods)]},
        }
        kubeconfig = Layout(self.layout.name).kubeconfig
        command = [kubectl, f"--kubeconfig={kubeconfig}", "--request-timeout=20s", "apply", "--server-side", "-f", "-"]
        # The daemons' own environment: a proxy of the user's does not know the node.
        purpose = f"register node {self.name}"
        programs.run(command, seconds=60, purpose=purpose, env=ENVIRONMENT, text=json.dumps(node))
