"""A cluster's life: start, stop, reset, and what callers ask it. `Node` is its first node, by which it is known."""

import json
import shutil
import time
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType

from cli.console import Problem, duration, step
from cli.locks import locked
from lab.node import health, machine, network, pki, render
from lab.node.box import SERVICES, Box, Parts
from lab.node.layout import MOST, NODES, Layout
from lab.node.process import Process
from lab.node.worker import Worker


class Node(Box):
    """One local Kubernetes cluster, known by the name of its first node, which runs the control plane."""

    _ended_first = ("kubelet", "etcd")
    _services = MappingProxyType({**SERVICES, "coredns": "8181/ready"})

    def __init__(self, name: str) -> None:
        """Name a node; nothing is started."""
        super().__init__(Layout(name))

    @classmethod
    def all(cls) -> "list[Node]":
        """Every cluster of this user, running or not."""
        return [cls(path.name) for path in sorted(NODES.glob("*")) if (path / "network.json").exists()]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use on the host."""
        return self.layout.kubeconfig

    @property
    def network(self) -> IPv4Network:
        """The /30 between host and node."""
        try:
            return IPv4Network(json.loads((self._directory / "network.json").read_text()))
        except (FileNotFoundError, ValueError):
            raise Problem(f"node {self.name} was never started", "start it first") from None

    @property
    def address(self) -> str:
        """The node's address: its API server and NodePorts answer there from the host."""
        return self.api().address

    @property
    def workers(self) -> list[Worker]:
        """The cluster's other nodes."""
        numbers = sorted(int(path.name) for path in self.layout.workers.glob("[0-9]*"))
        return [Worker(Layout(self.name, number), self) for number in numbers]

    @property
    def boxes(self) -> list[Box]:
        """All the cluster's nodes, this one first."""
        return [self, *self.workers]

    def start(self, programs: Path, images: list[Path] | None = None, nodes: int = 0) -> None:
        """Start the cluster, or repair it, or return at once if it is well.

        Args:
            programs: The folder with the Kubernetes programs.
            images: Archives to import into each node. Default: none.
            nodes: How many nodes, 1 to 4. Default: as many as it has.

        Raises:
            Problem: It has more nodes than asked for; a node does not get ready; the machine cannot run one.
        """
        machine.require_root()
        programs = programs.resolve()
        if missing := [name for name in render.PROGRAMS if not (programs / name).exists()]:
            raise Problem(f"{programs} lacks {', '.join(missing)}", "build the programs of the part `node`")
        parts = Parts(programs, kubectl(programs), images or [])
        with locked(self.layout.lock):
            self._check(nodes)
            self._ensure(parts, before_stop=self._stop_workers)
            for number in range(2, nodes + 1):
                (self.layout.workers / str(number)).mkdir(mode=0o700, parents=True, exist_ok=True)
            for worker in self.workers:
                worker.start(parts)

    def stop(self) -> None:
        """Stop all nodes and keep their data."""
        machine.require_root()
        with locked(self.layout.lock), step(f"Stop node {self.name}", 5):
            self._stop_workers()
            self._stop()

    def reset(self) -> None:
        """Stop all nodes and delete all they ever had."""
        machine.require_root()
        with locked(self.layout.lock):
            with step(f"Delete node {self.name}", 5):
                self._stop_workers(grace=False)
                self._stop(grace=0)
                shutil.rmtree(self._directory, ignore_errors=True)
                if self._directory.exists():
                    shutil.rmtree(self._directory)
            self.layout.lock.unlink()

    def status(self) -> str:
        """What people want to know: is it well, where is it, what does each daemon do."""
        if not self.process:
            return f"node {self.name}: {'stopped' if self._directory.exists() else 'does not exist'}"
        return "\n".join(line for box in self.boxes for line in self._state_of(box))

    def import_image(self, archive: Path) -> None:
        """Import a docker archive into every running node, unless it has it."""
        with locked(self.layout.lock):
            for box in self.boxes:
                box.import_images(box.must_run(), [archive])

    def leftovers(self) -> list[str]:
        """What of this cluster the host still has; empty for one that is stopped."""
        left = [item for box in self.boxes for item in box.left()]
        mounted = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
        return left + [f"mount {place}" for place in mounted if Path(place).is_relative_to(self._directory)]

    def _state_of(self, box: Box) -> list[str]:
        process = box.process
        if not process:
            return [f"node {box.name}: stopped"]
        lines = [f"node {box.name}: {box.trouble(process) or 'ready'}, up {duration(time.time() - process.launched)}"]
        if box is self:
            lines += [f"  address     {self.address}", f"  kubeconfig  {self.kubeconfig}"]
        lines.append(f"  logs        {box.layout.logs}")
        return lines + [
            f"  {item['name']:24}{item['statename']:10}{item['description']}" for item in health.daemons(process)
        ]

    def api(self) -> health.Api:
        """Where this node's API server answers."""
        return health.Api(self.network, self._directory / "pki")

    def _check(self, nodes: int) -> None:
        there = len(self.workers) + 1
        if nodes and not 1 <= nodes <= MOST:
            raise Problem(f"{nodes} nodes\n  rule: 1 to {MOST}", "make up NODES=3")
        if nodes and self.kubeconfig.exists() and nodes < there:
            raise Problem(
                f"local node {self.name} has {there} nodes, not {nodes}, and volumes may be on each. No change.",
                f"make up NODES={there}; or, with all that is on them: make node-reset NODE={self.name}",
            )

    def _answers(self, where: str) -> bool:
        return health.answers(f"http://{self.address}:{where}")

    def _stop_workers(self, *, grace: bool = True) -> None:
        """The others lose their network with the first node's, so they stop before it."""
        for worker in self.workers:
            worker.stop(grace=grace)

    def _launch(self, parts: Parts) -> Process:
        self._prepare()
        self._choose_network()
        render.write(self.layout, self.address)
        pki.create(self.layout, parts.programs, render.values(self.layout, self.address))
        pki.write_kubeconfig(self.layout, self.address)
        return self._boot(
            parts,
            {"network": network.of_first(self.layout, self.network), "kept": network.KEPT},
            lambda pid: network.connect(self.layout.veth, self.network, pid),
        )

    def _choose_network(self) -> None:
        """Keep the network of the last start if it is still free."""
        record = self._directory / "network.json"
        others = [node.network for node in Node.all() if node.name != self.name]
        links = self.layout.links()
        before = [self.network] if record.exists() and self.network in links else []
        record.write_text(json.dumps(str(network.choose(before + links, others))))

    def _disconnect(self) -> None:
        network.disconnect(self.layout.veth)

    def left(self) -> list[str]:
        """What of this node the host still has, its link included."""
        link = [f"network link {self.layout.veth}"] if network.connected(self.layout.veth) else []
        return super().left() + link


def kubectl(programs: Path) -> str:
    """The program; the toolchain leaves out one that the machine has."""
    built = programs / "kubectl"
    if found := str(built) if built.exists() else shutil.which("kubectl"):
        return found
    raise Problem("kubectl is missing", f"put it on PATH or into {programs}")
