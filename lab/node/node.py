"""A node's life: start, stop, reset, and what callers ask it."""

import json
import shutil
import signal
import subprocess
import time
from ipaddress import IPv4Network
from pathlib import Path

from cli.console import Problem, duration, step
from cli.locks import locked
from lab.node import cgroups, containers, health, machine, network, pki, render
from lab.node import layout as fixed
from lab.node.layout import NODES, Layout
from lab.node.process import Launch, Process

#: A start usually takes 10 s; a slow, busy machine gets this long.
START_SECONDS = 180
#: How long a running node may be out of order before a start gives up on it and starts it anew.
REPAIR_SECONDS = 15
GRACE_SECONDS = 15


class Node:
    """One local Kubernetes node, known by its name."""

    def __init__(self, name: str) -> None:
        """Name a node; nothing is started."""
        self.name = name
        self._layout = Layout(name)
        self._directory = self._layout.directory
        self._record = self._directory / "process.json"
        self._images = self._directory / "images.json"

    @classmethod
    def all(cls) -> "list[Node]":
        """Every node of this user, running or not."""
        return [cls(path.name) for path in sorted(NODES.glob("*")) if (path / "network.json").exists()]

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, for use on the host."""
        return self._directory / "kubeconfig"

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
        return str(list(self.network.hosts())[1])

    @property
    def process(self) -> Process | None:
        """PID 1 of the node while it runs."""
        process = Process.load(self._record)
        return process if process and process.alive() else None

    def running(self) -> bool:
        """Whether the node's processes run; `status` tells whether they are well."""
        return self.process is not None

    def start(self, programs: Path, images: list[Path] | None = None) -> None:
        """Start the node, or repair it, or return at once if it is well."""
        machine.require_root()
        programs = programs.resolve()
        if missing := [name for name in render.PROGRAMS if not (programs / name).exists()]:
            raise Problem(f"{programs} lacks {', '.join(missing)}", "build the programs of the part `node`")
        with locked(self._layout.lock):
            process = self.process
            if process and (reason := self._outdated(process, programs)):
                with step(f"Stop node {self.name}: {reason}"):
                    self._stop()
                process = None
            if process:
                if late := containers.missing(images or [], self._images):
                    with step(f"Import {', '.join(path.name for path in late)} into node {self.name}", 10):
                        self._import(process, late)
                return
            machine.prepare()
            with step(f"Start node {self.name}", 12):
                process = self._launch(programs)
                containers.wait(process, START_SECONDS)
                self._import(process, images or [])
                self._wait(process)

    def stop(self) -> None:
        """Stop the node and keep its data."""
        machine.require_root()
        with locked(self._layout.lock), step(f"Stop node {self.name}", 5):
            self._stop()

    def reset(self) -> None:
        """Stop the node and delete all it ever had."""
        machine.require_root()
        with locked(self._layout.lock):
            with step(f"Delete node {self.name}", 5):
                self._stop(grace=0)
                shutil.rmtree(self._directory, ignore_errors=True)
                if self._directory.exists():
                    shutil.rmtree(self._directory)
            self._layout.lock.unlink()

    def status(self) -> str:
        """What people want to know: is it well, where is it, what does each daemon do."""
        process = self.process
        if not process:
            return f"node {self.name}: {'stopped' if self._directory.exists() else 'does not exist'}"
        wrong = health.trouble(process, self._layout, self.address)
        lines = [
            f"node {self.name}: {wrong or 'ready'}, up {duration(time.time() - process.launched)}",
            f"  address     {self.address}",
            f"  kubeconfig  {self.kubeconfig}",
            f"  logs        {self._directory / 'log'}",
        ]
        lines += [f"  {item['name']:24}{item['statename']:10}{item['description']}" for item in health.daemons(process)]
        return "\n".join(lines)

    def import_image(self, archive: Path) -> None:
        """Import a docker archive into the running node, unless it has it."""
        with locked(self._layout.lock):
            self._import(self._must_run(), [archive])

    def run(
        self, command: list[str], *, stdin: str | None = None, timeout: float | None = None, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a host program inside the node's namespaces and capture what it says."""
        entered = self._must_run().enter(command)
        return subprocess.run(entered, capture_output=True, text=True, input=stdin, timeout=timeout, check=check)

    def daemon(self, name: str, action: str) -> None:
        """`start`, `stop` or `restart` one daemon, and wait for it."""
        remote = health.supervisor(self._must_run())
        if action in {"stop", "restart"}:
            remote.stopProcess(name)
        if action in {"start", "restart"}:
            remote.startProcess(name)

    def leftovers(self) -> list[str]:
        """What of this node the host still has; empty for a node that is stopped."""
        left = [f"process {pid}" for pid in cgroups.members(self._layout.cgroup)]
        left += [f"cgroup {group}" for group in cgroups.existing(self._layout.cgroup)]
        if network.connected(self._layout.veth):
            left.append(f"network link {self._layout.veth}")
        mounted = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
        return left + [f"mount {place}" for place in mounted if Path(place).is_relative_to(self._directory)]

    def _must_run(self) -> Process:
        if process := self.process:
            return process
        raise Problem(f"node {self.name} is not running", "start it first")

    def _outdated(self, process: Process, programs: Path) -> str:
        """Why a running node has to be started anew; empty if it is well."""
        if process.settings != render.fingerprint(self._layout, self.address, programs):
            return "its programs or settings changed"
        wrong = health.trouble(process, self._layout, self.address)
        if not wrong:
            return ""
        # It may be on its way up, or supervisord may be busy repairing it.
        with step(f"Wait for node {self.name}: {wrong}", REPAIR_SECONDS):
            return health.wait(process, self._layout, self.address, REPAIR_SECONDS)

    def _launch(self, programs: Path) -> Process:
        self._clean()
        for folder in ("log", "pki", "containerd", "etcd", "kubelet", "volumes"):
            (self._directory / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._choose_network()
        render.write(self._layout, self.address)
        pki.create(self._layout, programs, render.values(self._layout, self.address))
        pki.write_kubeconfig(self._layout, self.address)
        settings = {
            "directory": str(self._directory),
            "programs": str(programs),
            "kubectl": _kubectl(programs),
            "address": self.address,
            "self_address": fixed.SELF_ADDRESS,
            "pod_cidr": fixed.POD_CIDR,
            "service_cidr": fixed.SERVICE_CIDR,
        }
        cgroups.create(self._layout.cgroup)
        launch = Launch(self._directory / "etc" / "boot.py", settings, self._directory / "log" / "boot.log")
        cgroups.join(self._layout.cgroup, launch.pid)
        network.connect(self._layout.veth, self.network, launch.pid)
        fingerprint = render.fingerprint(self._layout, self.address, programs)
        process = Process(launch.pid, launch.born, time.time(), fingerprint)
        process.save(self._record)
        launch.go()
        return process

    def _choose_network(self) -> None:
        """Keep the network of the last start if it is still free."""
        record = self._directory / "network.json"
        others = [node.network for node in Node.all() if node.name != self.name]
        before = [self.network] if record.exists() else []
        record.write_text(json.dumps(str(network.choose(before + self._layout.links(), others))))

    def _import(self, process: Process, images: list[Path]) -> None:
        for archive in containers.missing(images, self._images):
            containers.import_image(process, archive, self._images)

    def _wait(self, process: Process) -> None:
        if wrong := health.wait(process, self._layout, self.address, START_SECONDS):
            raise Problem(f"node {self.name} does not get ready: {wrong}", f"see the logs in {self._directory / 'log'}")

    def _stop(self, grace: float = GRACE_SECONDS) -> None:
        if process := self.process:
            if grace:
                self._wind_down(process, grace)
            process.send(signal.SIGKILL)
            process.wait(10)
        self._clean()
        self._record.unlink(missing_ok=True)

    def _wind_down(self, process: Process, grace: float) -> None:
        """End the kubelet, so that it restarts nothing; then the containers, then etcd. Nothing here has to succeed."""
        try:
            remote = health.supervisor(process)
            for daemon in ("kubelet", "etcd"):
                remote.stopProcess(daemon)
                if daemon == "kubelet":
                    containers.end_all(process, grace)
        except (OSError, health.Fault):
            # A daemon that is stopped already, or a supervisord that does not answer.
            return

    def _clean(self) -> None:
        """Remove what a node that ended may leave on the host, and make sure that nothing is left."""
        network.disconnect(self._layout.veth)
        cgroups.remove(self._layout.cgroup)
        if left := self.leftovers():
            raise Problem(f"node {self.name} left something behind: {', '.join(left)}", "run the same command again")


def _kubectl(programs: Path) -> str:
    """The toolchain leaves out a kubectl that the machine has."""
    built = programs / "kubectl"
    if found := str(built) if built.exists() else shutil.which("kubectl"):
        return found
    raise Problem("kubectl is missing", f"put it on PATH or into {programs}")
