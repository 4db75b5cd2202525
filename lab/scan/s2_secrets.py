"""S2: passwords that can be recognised live a whole life of a stack, then everything that was written is searched."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import yaml

from cli.console import Problem, console
from cli.preview.report import DRIFT, OK, REFUSED, STATUS

from . import Check, Result
from .canaries import Canary, readable, search
from .live import Copy, Live, copy
from .processes import Watch, environment

NAMESPACE = "scan-canaries"
CONFIG = {"namespaceName": NAMESPACE, "mysqlNodePort": 0, "mysqlBackupSchedule": "0 3 1 1 *", "mysqlRetainData": False}
#: How somebody would leak a password: into the pod's specification, a process's arguments and environment, and a log.
LEAK = """(unset DB_HOST DB_USER DB_PASS; LEAKED=$0 exec python -c 'import signal; signal.pause()') &
echo "$0"
exec python run.py "$0"
"""
#: A preview's comment and drift say what they found in their exit status, too; a failed one proves nothing.
VERDICTS = tuple(STATUS[verdict] for verdict in (OK, REFUSED, DRIFT))

Places = dict[str, list[bytes]]


def _secret(made: Copy, key: str, value: str) -> None:
    done = made.shell("pulumi", "config", "set", "--secret", key, text=value)
    if done.returncode:
        raise Problem(f"pulumi config set failed: {done.stdout.strip()}")


def _said(done: subprocess.CompletedProcess[str], statuses: tuple[int, ...] = (0,)) -> bytes:
    command = " ".join(word for word in done.args[:7] if "=" not in word)
    if done.returncode not in statuses:
        raise Problem(f"{command} ended with {done.returncode}: {done.stdout.strip()[-1500:]}")
    console.print(f"     … {command.partition('-m ')[2] or command}", markup=False)
    return done.stdout.encode()


def _life(made: Copy, control: Canary, app: Canary, root: Canary, later: Canary) -> Iterator[bytes]:
    """Run a stack's commands; yield all that each printed."""
    quiet = ("--yes", "--non-interactive")
    made.run("env")
    _secret(made, "mysqlPassword", app.value)
    _secret(made, "mysqlRootPassword", root.value)
    yield _said(made.run("preview"))
    yield _said(made.shell("pulumi", "preview", "--json"))
    yield _said(made.run("up"))
    # Passwords that are refused must not stand in the refusal.
    _secret(made, "mysqlPassword", f"{app.value}\n{root.value}")
    yield _said(made.shell("pulumi", "preview", "--non-interactive"), (1,))
    _secret(made, "mysqlPassword", later.value)
    yield _said(made.shell("pulumi", "preview", "--diff"))
    yield _said(made.run("comment", "--live", "--base", "HEAD"), VERDICTS)
    yield _said(made.run("up"))
    _secret(made, "mysqlPassword", app.value)
    yield _said(made.shell("pulumi", "up", "--diff", *quiet))
    _secret(made, "mysqlPassword", later.value)
    yield _said(made.shell("pulumi", "up", "--json", *quiet))
    yield _said(made.run("backup"))
    yield _said(made.shell("pulumi", "refresh", "--diff", *quiet))
    yield _said(made.run("drift"), VERDICTS)
    yield _said(made.run("status", "--json"))
    yield _said(made.run("report", "--out", "report.html"))
    yield (made.checkout / "report.html").read_bytes()
    for asked in ("stack export", "stack history --json", "stack output --json", "config --json"):
        yield _said(made.shell("pulumi", *asked.split()))
    yield _said(made.shell("env", f"LEAKED={control.written()}", "pulumi", "preview", "--non-interactive"))


def _files(folder: Path) -> list[bytes]:
    """Every file below a folder, packed ones unpacked; one that goes away meanwhile is not there."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            found += [readable(path.read_bytes())] if path.is_file() and not path.is_symlink() else []
        except FileNotFoundError:
            continue
    return found


def _objects(live: Live) -> list[bytes]:
    """What the API server has in the namespace, events and managed fields included; of Secrets all but their data."""
    listed = live.must("api-resources", "--namespaced", "--verbs=list", "--output=name").split()

    def get(*asked: str) -> str:
        return live.must(*asked, "--output=json", "--show-managed-fields")

    secrets = json.loads(get("--namespace", NAMESPACE, "get", "secrets"))["items"]
    shells = [{key: value for key, value in item.items() if key != "data"} for item in secrets]
    texts = [
        get("--namespace", NAMESPACE, "get", ",".join(kind for kind in listed if kind != "secrets")),
        get("--namespace", "default", "get", "namespaces,persistentvolumes"),
        json.dumps(shells),
    ]
    return [text.encode() for text in texts]


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
        for content in environment(process.pid):
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


def gather(live: Live, canaries: list[Canary], control: Canary) -> tuple[Places, int]:
    """Live the life, with a leak of the control; return every place with its content, and the auth processes."""
    watch = Watch()
    admin = live.node.kubeconfig.read_text(encoding="utf-8")
    folder = live.node.kubeconfig.parent
    packed = folder / "volumes" / "control.gz"
    with copy(admin, **CONFIG, authArgs=[LEAK, control.written()]) as made:
        try:
            with watch.running():
                printed = list(_life(made, control, *canaries))
                objects = _objects(live)
            environments, own = _environments(live)
            packed.write_bytes(gzip.compress(control.written().encode()))
            places: Places = {
                "output of preview, up, backup, export, history": printed,
                "state, its backups and history, configuration": _files(made.checkout / ".kubeauth"),
                "process arguments": watch.arguments,
                "environment of Pulumi's processes": sorted(watch.environments),
                "objects": objects,
                "environment of other containers and daemons": environments,
                "logs of containers": _logs(live),
                "logs of the node": _files(folder / "log"),
                "the database's volume, backups": _files(folder / "volumes"),
                "rendered manifests": _rendered(made),
                "git": _git(made),
            }
        finally:
            packed.unlink(missing_ok=True)
            destroyed = made.run("destroy")
        printed.append(_said(destroyed))
    return places, own


def run(live: Live) -> Result:
    """Search for 12 forms of three passwords; a leaked one must be found everywhere."""
    canaries, control = [Canary.make(name) for name in ("app", "root", "rotated")], Canary.make("control")
    places, own = gather(live, canaries, control)

    hits, leaked = search(places, canaries), search(places, [control])
    forms = sum(map(bool, (form for canary in canaries for form in canary.forms().values())))
    wrong = [str(hit) for hit in hits]
    wrong += [] if own else ["no auth service ran with DB_HOST: its environment proves nothing"]
    rows = [["place", "items", "kB", "hits", "forms found of a leaked password"]]
    for place, contents in places.items():
        found = [hit.form for hit in leaked if hit.place == place]
        missed = set(control.forms()) - set(found)
        wrong += [f"the leaked password ({form}) was not found in {place}" for form in sorted(missed)]
        sizes = str(len(contents)), str(sum(map(len, contents)) // 1000)
        rows.append([place, *sizes, str(sum(hit.place == place for hit in hits)), ", ".join(found)])
    size = sum(len(content) for contents in places.values() for content in contents) / 1e6
    figure = f"{len(hits)} hits of {forms} forms in {len(places)} places, {size:.0f} MB"
    planted = len(places) * len(control.forms())
    return Result(f"{figure}; a leak found {len(leaked)}/{planted} times", not wrong, wrong, rows)


CHECK = Check("S2", "passwords searched in everything that is written", "0 hits of 12, and leaks are found", run)
