"""S2: passwords that can be recognised live a whole life of a stack, then everything that was written is searched."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import yaml

from tools.console import Problem, console

from . import Check, Result
from .canaries import Canary, search
from .live import Copy, Live, copy

NAMESPACE = "scan-canaries"
CONFIG = {"namespaceName": NAMESPACE, "mysqlNodePort": 0, "mysqlBackupSchedule": "0 3 1 1 *", "mysqlRetainData": False}
#: Everything namespaced that the API server has but Secrets; events and the fields' managers included.
_NO_SECRETS = "secrets"
_SAMPLE_SECONDS = 0.05

Places = dict[str, list[bytes]]


class Watch(threading.Thread):
    """Remembers the arguments of every process that runs meanwhile, on the machine and in its node."""

    def __init__(self) -> None:
        """Prepare; `with` starts and stops it."""
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self.seen: set[bytes] = set()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._ended.wait(_SAMPLE_SECONDS):
            for process in psutil.process_iter(["cmdline"]):
                self.seen.add("\0".join(process.info["cmdline"] or []).encode(errors="surrogateescape"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Watch while the body runs."""
        self.start()
        try:
            yield
        finally:
            self._ended.set()
            self.join()


def _secret(made: Copy, key: str, canary: Canary) -> None:
    done = made.shell("pulumi", "config", "set", "--secret", key, text=canary.value)
    if done.returncode:
        raise Problem(f"pulumi config set failed: {done.stdout.strip()}")


def _said(made: Copy, *command: str) -> bytes:
    done = made.run(*command) if len(command) == 1 else made.shell(*command)
    if done.returncode:
        raise Problem(f"{' '.join(command)} failed: {done.stdout.strip()[-1500:]}")
    console.print(f"     … {' '.join(command[:4])}", markup=False)
    return done.stdout.encode()


def _life(made: Copy, app: Canary, root: Canary, later: Canary) -> list[bytes]:
    """Run a stack's commands; return all that they printed."""
    made.run("env")
    _secret(made, "mysqlPassword", app)
    _secret(made, "mysqlRootPassword", root)
    words = [_said(made, "preview"), _said(made, "pulumi", "preview", "--json")]
    words += [_said(made, "up")]
    _secret(made, "mysqlPassword", later)
    words += [_said(made, "pulumi", "preview", "--diff"), _said(made, "up"), _said(made, "backup")]
    for asked in (
        ("pulumi", "stack", "export"),
        ("pulumi", "stack", "history", "--json"),
        ("pulumi", "stack", "output", "--json"),
        ("pulumi", "config", "--json"),
        ("pulumi", "about"),
    ):
        words.append(_said(made, *asked))
    return words


def _files(folder: Path) -> list[bytes]:
    """Every file below a folder; one that goes away meanwhile is not there."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            found += [path.read_bytes()] if path.is_file() and not path.is_symlink() else []
        except FileNotFoundError:
            continue
    return found


def _objects(live: Live) -> list[bytes]:
    """What the API server has in the namespace but Secrets."""
    listed = live.must("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    kinds = ",".join(kind for kind in listed if kind != _NO_SECRETS)
    where = ("--namespace", NAMESPACE, "get", kinds, "--output=json", "--show-managed-fields")
    return [
        live.must(*where).encode(),
        live.must("--namespace", "default", "get", "namespaces", "--output=json").encode(),
    ]


def _logs(live: Live) -> list[bytes]:
    """What every container wrote."""
    pods = json.loads(live.must("--namespace", NAMESPACE, "get", "pods", "--output=json"))["items"]
    logs = ("--namespace", NAMESPACE, "logs", "--all-containers", "--prefix")
    return [live.must(*logs, pod["metadata"]["name"]).encode() for pod in pods]


def _environments(live: Live) -> tuple[list[bytes], int]:
    """The environment of every process of the node but those of auth services, and how many of those there are."""
    others, own = [], 0
    node = live.node.process
    for process in psutil.Process(node.pid).children(recursive=True) if node else []:
        try:
            content = Path(f"/proc/{process.pid}/environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # Only the auth container is given DB_HOST, and beside it the password that it logs in with.
        if b"DB_HOST=" in content:
            own += 1
        else:
            others.append(content)
    return others, own


def _rendered(made: Copy) -> list[bytes]:
    """The stack's manifests but Secrets."""
    out = made.checkout.parent / "manifests"
    done = made.run("render", "--out", str(out))
    if done.returncode:
        raise Problem(f"make render failed: {done.stdout.strip()[-1500:]}")
    texts = [path.read_text(encoding="utf-8") for path in out.rglob("*.yaml")]
    return [text.encode() for text in texts if yaml.safe_load(text)["kind"] != "Secret"]


def _git(made: Copy) -> list[bytes]:
    """What git has, and would take."""
    said = []
    for command in (["add", "--all"], ["log", "--patch", "--all"], ["diff", "--cached"]):
        said.append(subprocess.run(["git", *command], cwd=made.checkout, capture_output=True, check=True).stdout)
    return said


@contextmanager
def _control(live: Live, made: Copy, canary: Canary) -> Iterator[dict[str, str]]:
    """Put one canary where it should not be, in three forms; yield the form by place."""
    arguments = [sys.executable, "-c", "import time; time.sleep(600)", canary.value]
    with subprocess.Popen(arguments) as process:
        try:
            value = quote(canary.value, safe="")
            item = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "control"},
                "data": {"control": value},
            }
            live.must("--namespace", NAMESPACE, "create", "--filename", "-", text=json.dumps(item))
            folder = made.checkout / ".kubeauth" / "state"
            (folder / "control").write_text(canary.value.encode().hex(), encoding="utf-8")
            time.sleep(4 * _SAMPLE_SECONDS)
            yield {"process arguments": "raw", "state, its backups and history, configuration": "hex", "objects": "url"}
        finally:
            process.terminate()


def gather(live: Live, canaries: list[Canary], control: Canary) -> tuple[Places, dict[str, str], int]:
    """Live the life; return every place with its content, where the control was put, and the auth processes."""
    watch = Watch()
    admin = live.node.kubeconfig.read_text(encoding="utf-8")
    with copy(admin, **CONFIG) as made:
        try:
            with watch.running():
                printed = _life(made, *canaries)
                with _control(live, made, control) as planted:
                    objects = _objects(live)
            environments, own = _environments(live)
            folder = live.node.kubeconfig.parent
            places: Places = {
                "output of preview, up, backup, export, history": printed,
                "state, its backups and history, configuration": _files(made.checkout / ".kubeauth"),
                "process arguments": sorted(watch.seen),
                "objects": objects,
                "environment of other containers and daemons": environments,
                "logs of containers": _logs(live),
                "logs of the node": _files(folder / "log"),
                "the database's volume": _files(folder / "volumes"),
                "rendered manifests": _rendered(made),
                "git": _git(made),
            }
        finally:
            made.run("destroy")
    return places, planted, own


def run(live: Live) -> Result:
    """Search for 12 forms of three passwords, and for a fourth that must be found."""
    canaries, control = [Canary.make(name) for name in ("app", "root", "rotated")], Canary.make("control")
    places, planted, own = gather(live, canaries, control)
    hits = search(places, canaries)
    found = {hit.place: hit.form for hit in search(places, [control])}
    wrong = [str(hit) for hit in hits]
    wrong += [] if found == planted else [f"the control was put into {planted} and found in {found}"]
    wrong += [] if own else ["no auth service ran with DB_HOST: its environment proves nothing"]
    forms = sum(len(canary.forms()) for canary in canaries)
    size = sum(len(content) for contents in places.values() for content in contents) / 1e6
    rows = [["place", "items", "kB", "hits", "a planted password"]]
    for place, contents in places.items():
        count, kilobytes = len(contents), sum(map(len, contents)) // 1000
        seen = sum(hit.place == place for hit in hits)
        rows.append([place, str(count), str(kilobytes), str(seen), f"found ({found[place]})" if place in found else ""])
    figure = f"{len(hits)} hits of {forms} forms in {len(places)} places, {size:.0f} MB"
    return Result(f"{figure}; {len(found)}/{len(planted)} planted ones found", not wrong, wrong, rows)


CHECK = Check("S2", "passwords searched in everything that is written", "0 hits of 12", run)
