"""What a node's containerd is asked from the host: import an image, end the containers before the node stops."""

import json
import subprocess
import tarfile
import time
from pathlib import Path

from cli.console import Problem
from lab.node.process import Process

SOCKET = "/run/containerd/containerd.sock"
APPLICATIONS = 'labels."io.cri-containerd.kind"==container'


def _ctr(process: Process, *arguments: str, seconds: float = 10) -> subprocess.CompletedProcess[str]:
    command = ["ctr", f"--address={process.path(SOCKET)}", "--namespace=k8s.io", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)


def wait(process: Process, seconds: float) -> None:
    """Wait until containerd answers."""
    deadline = time.monotonic() + seconds
    while not process.path(SOCKET).exists() or _ctr(process, "version").returncode:
        if time.monotonic() > deadline or not process.alive():
            raise Problem("containerd does not start", "see containerd.log and boot.log in the node's log folder")
        time.sleep(0.1)


def _tags(archive: Path) -> str:
    """The image names in an archive."""
    with tarfile.open(archive) as content:
        manifest = content.extractfile("manifest.json")
        images = json.load(manifest) if manifest else []
    return " ".join(sorted(tag for image in images for tag in image["RepoTags"]))


def _mark(archive: Path) -> str:
    state = archive.stat()
    return f"{archive.resolve()} {state.st_size} {state.st_mtime_ns}"


def missing(archives: list[Path], record: Path) -> list[Path]:
    """The archives that are not what was imported last under their image names."""
    known: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    return [archive for archive in archives if known.get(_tags(archive)) != _mark(archive)]


def import_image(process: Process, archive: Path, record: Path) -> None:
    """Import a docker archive, and remember it."""
    done = _ctr(process, "images", "import", str(archive), seconds=600)
    if done.returncode:
        raise Problem(f"image {archive.name} could not be imported: {done.stderr.strip()[-500:]}")
    known: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    draft = record.with_suffix(".new")
    draft.write_text(json.dumps(known | {_tags(archive): _mark(archive)}))
    draft.replace(record)


def _running(process: Process) -> set[str]:
    ours = set(_ctr(process, "containers", "list", "--quiet", APPLICATIONS).stdout.split())
    lines = _ctr(process, "tasks", "list").stdout.splitlines()[1:]
    return {line.split()[0] for line in lines if line.split()[2] == "RUNNING"} & ours


def end_all(process: Process, seconds: float) -> None:
    """Ask every container to end, as a kubelet would, and wait for them. A database writes out what it holds."""
    try:
        containers = _running(process)
        for container in containers:
            _ctr(process, "tasks", "kill", "--signal=SIGTERM", container)
        deadline = time.monotonic() + seconds
        while containers and time.monotonic() < deadline:
            time.sleep(0.1)
            containers &= _running(process)
    except subprocess.TimeoutExpired:
        # containerd itself is stuck: the node is stopped all the same.
        return
