"""What every node is: its namespaces with the daemons in them, its control groups, its folder and its images."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cli.console import Problem, step
from lab.node import cgroups, containers, health, machine, render
from lab.node.layout import SERVICE_CIDR, Layout
from lab.node.process import Launch, Process

#: A start usually takes 10 s; a slow, busy machine gets this long.
START_SECONDS = 180
#: How long a running node may be out of order before a start gives up on it and starts it anew.
REPAIR_SECONDS = 15
GRACE_SECONDS = 15
SERVICES = {"kube-proxy": "10256/healthz", "kube-router": "20244/healthz"}
#: What a node keeps, each in a folder of its own.
FOLDERS = ("log", "pki", "conf", "containerd", "etcd", "kubelet", "volumes")


@dataclass(frozen=True)
class Parts:
    """What a node is started from."""

    programs: Path
    """The folder with the Kubernetes programs."""
    kubectl: str
    images: list[Path]
    """Archives to import."""


class Box:
    """One node of a cluster. What differs between the first one and the others, they say themselves."""

    #: Daemons to end before the namespaces, the kubelet first, so that it restarts nothing.
    _ended_first: tuple[str, ...] = ("kubelet",)
    #: What answers by HTTP on the node when it has caught up with the API server: name, port and path.
    _services: ClassVar[Mapping[str, str]] = SERVICES

    def __init__(self, place: Layout) -> None:
        """Name a node; nothing is started."""
        self.name = place.hostname
        self.layout = place
        self._directory = place.directory
        self._record = self._directory / "process.json"
        self._images = self._directory / "images.json"

    @property
    def process(self) -> Process | None:
        """PID 1 of the node while it runs."""
        process = Process.load(self._record)
        return process if process and process.alive() else None

    def running(self) -> bool:
        """Whether the node's processes run; `status` tells whether they are well."""
        return self.process is not None

    @property
    def address(self) -> str:
        """The node's address, as Kubernetes has it."""
        raise NotImplementedError

    def run(
        self, command: list[str], *, stdin: str | None = None, timeout: float | None = None, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a host program inside the node's namespaces and capture what it says."""
        entered = self.must_run().enter(command)
        return subprocess.run(entered, capture_output=True, text=True, input=stdin, timeout=timeout, check=check)

    def daemon(self, name: str, action: str) -> None:
        """`start`, `stop` or `restart` one daemon, and wait for it."""
        remote = health.supervisor(self.must_run())
        if action in {"stop", "restart"}:
            remote.stopProcess(name)
        if action in {"start", "restart"}:
            remote.startProcess(name)

    def api(self) -> health.Api:
        """Where the cluster's API server answers."""
        raise NotImplementedError

    def _answers(self, where: str) -> bool:
        """Whether a service answers at `port/path`."""
        raise NotImplementedError

    def trouble(self, process: Process) -> str:
        """What is not in order yet; empty when all is well."""
        wrong = health.trouble(process, self.name, self.api())
        late = [] if wrong else [name for name, where in self._services.items() if not self._answers(where)]
        return wrong or (f"not ready: {', '.join(late)}" if late else "")

    def _launch(self, parts: Parts) -> Process:
        """Start the namespaces and the daemons."""
        raise NotImplementedError

    def _disconnect(self) -> None:
        """Remove what is left of the node's link."""

    def left(self) -> list[str]:
        """What of this node the host still has."""
        return [f"process {pid}" for pid in cgroups.members(self.layout.cgroup)] + [
            f"cgroup {group}" for group in cgroups.existing(self.layout.cgroup)
        ]

    def must_run(self) -> Process:
        """The node's process.

        Raises:
            Problem: It does not run.
        """
        if process := self.process:
            return process
        raise Problem(f"node {self.name} is not running", "start it first")

    def _ensure(self, parts: Parts, before_stop: Callable[[], None] = lambda: None) -> None:
        """Start the node, or repair it, or return at once if it is well."""
        process = self.process
        if process and (reason := self._outdated(process, parts.programs)):
            with step(f"Stop node {self.name}: {reason}"):
                before_stop()
                self._stop()
            process = None
        if process:
            if late := containers.missing(parts.images, self._images):
                with step(f"Import {', '.join(path.name for path in late)} into node {self.name}", 10):
                    self.import_images(process, late)
            return
        before_stop()
        machine.prepare()
        with step(f"Start node {self.name}", 12):
            process = self._launch(parts)
            containers.wait(process, START_SECONDS)
            self.import_images(process, parts.images)
            if wrong := health.wait(process, self.trouble, START_SECONDS):
                raise Problem(f"node {self.name} does not get ready: {wrong}", f"see the logs in {self.layout.logs}")

    def _outdated(self, process: Process, programs: Path) -> str:
        """Why a running node has to be started anew; empty if it is well."""
        if process.settings != render.fingerprint(self.layout, self.address, programs):
            return "its programs or settings changed"
        wrong = self.trouble(process)
        if not wrong:
            return ""
        # It may be on its way up, or supervisord may be busy repairing it.
        with step(f"Wait for node {self.name}: {wrong}", REPAIR_SECONDS):
            return health.wait(process, self.trouble, REPAIR_SECONDS)

    def _boot(self, parts: Parts, net: dict[str, Any], connect: Callable[[int], None]) -> Process:
        """Make the namespaces, connect their network, let the daemons start."""
        settings = {
            "directory": str(self._directory),
            "programs": str(parts.programs),
            "kubectl": parts.kubectl,
            "services": SERVICE_CIDR,
            **net,
        }
        cgroups.create(self.layout.cgroup)
        launch = Launch(self._directory / "etc" / "boot.py", settings, self.layout.logs / "boot.log")
        cgroups.join(self.layout.cgroup, launch.pid)
        connect(launch.pid)
        fingerprint = render.fingerprint(self.layout, self.address, parts.programs)
        process = Process(launch.pid, launch.born, time.time(), fingerprint)
        process.save(self._record)
        launch.go()
        return process

    def _prepare(self) -> None:
        """Remove what an earlier run left, and make the node's folders."""
        self._clean()
        for folder in FOLDERS:
            (self._directory / folder).mkdir(mode=0o700, parents=True, exist_ok=True)

    def import_images(self, process: Process, images: list[Path]) -> None:
        """Import the archives that the node does not have."""
        for archive in containers.missing(images, self._images):
            containers.import_image(process, archive, self._images)

    def _stop(self, grace: float = GRACE_SECONDS) -> None:
        if process := self.process:
            if grace:
                self._wind_down(process, grace)
            process.send(signal.SIGKILL)
            process.wait(10)
        self._clean()
        self._record.unlink(missing_ok=True)

    def _wind_down(self, process: Process, grace: float) -> None:
        """End the kubelet, then the containers, then what holds data. Nothing here has to succeed."""
        try:
            remote = health.supervisor(process)
            for daemon in self._ended_first:
                remote.stopProcess(daemon)
                if daemon == "kubelet":
                    containers.end_all(process, grace)
        except (OSError, health.Fault):
            # A daemon that is stopped already, or a supervisord that does not answer.
            return

    def _clean(self) -> None:
        """Remove what a node that ended may leave on the host, and make sure that nothing is left."""
        self._disconnect()
        cgroups.remove(self.layout.cgroup)
        if left := self.left():
            raise Problem(f"node {self.name} left something behind: {', '.join(left)}", "run the same command again")
