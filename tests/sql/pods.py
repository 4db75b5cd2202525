"""Pods of a database as the components declare them, run on this machine: the scripts, arguments and probes are theirs.

Only paths, the port and /bin/sh are other ones, and who waits looks ten times a second. A folder stands for each
volume.
"""

import base64
import copy
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, cast

from cli.stack import jobs
from components import MySqlDatabase, MySqlDatabaseArgs
from tests.unit.recorder import CHOSEN, LIVE, Recorder, Secret, deploy

from .programs import Programs

#: Whom the servers run as when the tests run as root, whom mysqld refuses.
USER = 10001
#: How long anything may take, in seconds, where others have nearly all of the processors.
LIMIT = 300
ROOT_PASSWORD = "root-pw"

Done = subprocess.CompletedProcess[str]


class Pod:
    """One pod's containers, with its volumes in a folder."""

    def __init__(self, programs: Programs, folder: Path, shell: str, port: int) -> None:
        self.programs, self.folder, self.shell, self.port = programs, folder, shell, port
        self.spec: dict[str, Any] = {}
        self._paths: dict[str, str] = {}
        self.environment = {"PATH": programs.path(shell), "HOSTNAME": "pod"}
        self.calls = folder / "calls"
        self.bucket = folder / "bucket"
        """A folder that stands for the server of buckets."""

    def mount(self, spec: dict[str, Any], secrets: dict[str, dict[str, str]], shared: dict[str, Path]) -> None:
        """Take a pod's specification.

        Args:
            spec: The pod's.
            secrets: The content of Secrets, by their name.
            shared: The folders of volume claims, by the volume's name in the pod.
        """
        self.spec = spec
        places: dict[str, Path] = {}
        for volume in spec["volumes"]:
            name = volume["name"]
            places[name] = shared[name] if name in shared else self.folder / name
            _make(places[name])
            if "projected" not in volume:
                continue
            shutil.rmtree(places[name])
            _make(places[name])
            for source in volume["projected"]["sources"]:
                content = secrets[source["secret"]["name"].removesuffix(LIVE)]
                items = source["secret"].get("items") or [{"key": key, "path": key} for key in content]
                for item in items:
                    file = places[name] / item["path"]
                    _make(file.parent)
                    file.write_bytes(content[item["key"]].encode())
                    _give(file)
        containers = [*spec.get("initContainers", []), *spec["containers"]]
        self._paths = {
            mount["mountPath"]: str(places[mount["name"]]) for each in containers for mount in each["volumeMounts"]
        }
        self._paths["/usr/share/zoneinfo"] = f"{self.programs.root}/usr/share/zoneinfo"

    def here(self, words: list[str]) -> list[str]:
        """A command of the pod as it is on this machine, with the kubelet's own expansion of variables."""
        words = [_expanded(word, self.environment) for word in words]
        if words[0] == "/bin/sh":
            words = [*self.programs.shell(self.shell), *words[1:]]
        return [self._here(word) for word in words]

    def _here(self, word: str) -> str:
        paths = "|".join(re.escape(path) for path in sorted(self._paths, key=len, reverse=True))
        word = re.sub(rf"(?<![\w/.])(?:{paths})(?![\w.-])", lambda match: self._paths[match[0]], word)
        # How long a wait between two looks is, shows nothing.
        word = re.sub(r"^( +)sleep 1$", r"\1sleep 0.1", word, flags=re.MULTILINE)
        return re.sub(r"(?<!\d)3306(?!\d)", str(self.port), word)

    def run(self, words: list[str], stdin: str = "", env: dict[str, str] | None = None) -> Done:
        """Run a command of the pod to its end."""
        return subprocess.run(
            self.here(words), input=stdin, env={**self.environment, **(env or {})}, capture_output=True, text=True,
            check=False, timeout=LIMIT, start_new_session=True, **_account(),
        )  # fmt: skip

    def stand_in(self, name: str, lines: str) -> Path:
        """Put a program first that does something else in some cases; its last line calls the real one."""
        program = self.folder / "bin" / name
        _make(program.parent)
        program.write_text(f'#!/bin/sh\n{lines}\nexec {self.programs.bin}/{name} "$@"\n')
        program.chmod(0o755)
        self.environment["PATH"] = f"{program.parent}{os.pathsep}{self.programs.path(self.shell)}"
        return program

    def count_calls(self, kill_at: int) -> None:
        """Put a `mysql` first that notes its calls, and ends the pod at one of them; 0 is none."""
        self.calls.write_text("")
        _give(self.calls)
        # Two calls at once may both count the later one.
        reached = f'[ {kill_at} = 0 ] || [ "$(wc -l < {self.calls})" -lt {kill_at} ]'
        self.stand_in("mysql", f'echo "$*" >> {self.calls}; {reached} || kill -KILL 0')

    def run_each(self, containers: list[dict[str, Any]]) -> Done:
        """Run containers one after the other until one fails; what they print is the pod's."""
        done = Done([], 0, "", "")
        for container in containers:
            env = {
                entry["name"]: entry["value"] for entry in container.get("env", []) if entry["name"] != "DATABASE_HOST"
            }
            # The bucket is a folder here, which rclone reads and writes as it does any other of its remotes.
            env |= {"RCLONE_CONFIG_STORE_TYPE": "alias", "RCLONE_CONFIG_STORE_REMOTE": str(self.bucket)}
            one = self.run([*container["command"], *container.get("args", [])], env=env)
            done = Done(one.args, one.returncode, done.stdout + one.stdout, done.stderr + one.stderr)
            if one.returncode:
                break
        return done

    def begin(self, words: list[str], log: Path) -> subprocess.Popen[Any]:
        """Start a program of the pod, with its output in a file."""
        with log.open("wb") as output:
            # A container's output belongs to its user.
            _give(log)
            # A server must not outlive a test run that is killed: it would hold its data in memory for ever.
            return subprocess.Popen(
                ["/usr/bin/setpriv", "--pdeathsig", "KILL", *self.here(words)],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=self.folder, **_account(),
            )  # fmt: skip


class DatabasePod(Pod):
    """A MySqlDatabase's pod. `declare` takes the inputs, `initialize` and `start` do what the kubelet does."""

    def __init__(self, programs: Programs, folder: Path, shell: str = "bash") -> None:
        super().__init__(programs, folder, shell, free_port())
        self.secrets: dict[str, dict[str, str]] = {}
        self.recorder: Recorder | None = None
        self.log = folder / "log"
        self._server: subprocess.Popen[Any] | None = None
        self._password = self._root_password = self._username = ""

    def declare(self, secrets: dict[str, dict[str, str]] | None = None, **given: Any) -> None:
        """Deploy a MySqlDatabase with these inputs under mocks, and take its pod.

        Args:
            secrets: Secrets that exist already, by their name. Default: none.
            given: Inputs besides `namespace`; `password` is `app-pw` and `root_password` is `root-pw` by default.
        """
        own = {} if "existing_secret" in given else {"password": "app-pw", "root_password": ROOT_PASSWORD}
        args = cast(MySqlDatabaseArgs, {"namespace": "shop", **own, **given})
        self.recorder = deploy(lambda: MySqlDatabase("mysqlauth", args))
        self.secrets = {**(secrets or {}), **secrets_of(self.recorder)}
        deployment = self.recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]
        self.mount(deployment["template"]["spec"], self.secrets, {})
        files = [text for each in self.secrets.values() for text in each.items()]
        self._username = dict(files).get("username", "admin")
        self._password = dict(files).get("password", "")

    def secrets_of(self, account: str) -> dict[str, str]:
        """The content of the Secret of one of the accounts."""
        return next(files for files in self.secrets.values() if files.get("username") == account)

    def initialize(self) -> Done:
        """Run the init containers."""
        return self.run_each(self.spec.get("initContainers", []))

    def birth(self) -> list[str]:
        """All that counts when the data directory is made."""
        arguments: list[str] = self.spec["initContainers"][0]["args"]
        return [*(word for word in arguments if word.startswith(("BIRTH=", "RESTORE="))),
                *arguments[arguments.index("--") :]]  # fmt: skip

    def take_volume(self, other: "DatabasePod") -> None:
        """Begin with a copy of the data volume of another pod, which does not run."""
        volume = self.folder / "data"
        shutil.rmtree(volume)
        subprocess.run(["cp", "-a", other.folder / "data", volume], check=True)

    def start(self, *, wait: bool = True) -> None:
        """Run the init containers, then the server until its startup probe succeeds or it ends."""
        done = self.initialize()
        assert done.returncode == 0, done.stderr
        container = self.spec["containers"][0]
        self._server = self.begin([*container["command"], *container.get("args", [])], self.log)
        deadline = time.monotonic() + LIMIT
        while wait and self.running and not self.probe("startup"):
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._server
        return self._server.pid

    def probe(self, kind: str) -> bool:
        """Whether a probe succeeds: `startup`, `readiness` or `liveness`."""
        return self.run(self.spec["containers"][0][f"{kind}Probe"]["exec"]["command"]).returncode == 0

    @property
    def ready(self) -> bool:
        """Whether the pod would be ready by its second look."""
        return self.probe("readiness") or self.probe("readiness")

    def send_logs(self) -> Done:
        """Let the containers beside the server close its binary log and send it, once."""
        once = {"follow": "round", "ship": "send_logs"}
        beside = [{**each, "args": [once[each["args"][0]]]} for each in self.spec["containers"][1:]]
        return self.run_each(beside)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the server, as the kubelet does or harder, and wait for it."""
        if self._server is not None:
            if self._server.poll() is None:
                self._server.send_signal(number)
            self._server.wait(timeout=LIMIT)
            self._server = None

    def restart(self) -> None:
        """What a deleted pod comes to."""
        self.stop()
        self.start()

    def update(self, **given: Any) -> None:
        """Deploy other inputs: the old pod ends first."""
        self.declare(**given)
        self.restart()

    def said(self) -> str:
        """The server's log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def app(self, sql: str, *, username: str = "", password: str = "", database: str = "admin") -> Done:
        """Send SQL as the application does: over TCP with TLS."""
        return self._sql(
            sql, f"--user={username or self._username}", "--host=127.0.0.1", f"--port={self.port}", "--protocol=TCP",
            "--ssl-mode=REQUIRED", f"--database={database}", password=password or self._password,
        )  # fmt: skip

    def root(self, sql: str, password: str = ROOT_PASSWORD) -> str:
        """Send SQL as root, over the socket; return the answer."""
        done = self._sql(sql, "--user=root", f"--socket={self.socket}", password=password)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def socket(self) -> str:
        """The path of the server's socket."""
        [found] = [word.partition("=")[2] for word in self.here(self._arguments()) if word.startswith("--socket=")]
        return found

    def _arguments(self) -> list[str]:
        return self.spec["containers"][0].get("args", [])

    def _sql(self, sql: str, *options: str, password: str) -> Done:
        return subprocess.run(
            ["mysql", "--no-defaults", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", *options],
            input=sql, env={**self.environment, "MYSQL_PWD": password}, capture_output=True, text=True, check=False,
            timeout=LIMIT, executable=self.programs.bin / "mysql",
        )  # fmt: skip


class BackupPod(Pod):
    """The pod of a MySqlDatabase's backup CronJob, against a DatabasePod that was declared with `backup`."""

    def __init__(self, database: DatabasePod, folder: Path) -> None:
        super().__init__(database.programs, folder, database.shell, database.port)
        self.database, self.backups = database, folder / "backups"
        self.script: dict[str, str] = {}
        """Lines of the script that are others here."""
        self.recorder: Recorder | None = None
        """Whose CronJob it is. Default: the database's."""
        self.secrets: dict[str, dict[str, str]] = {}
        """Secrets besides the database's."""

    def job(self, *arguments: str, kill_at: int = 0) -> Done:
        """Run the job with other arguments than the schedule's, or with its own.

        Args:
            arguments: What to do. Default: as the schedule does.
            kill_at: Kill the whole pod when it calls `mysql` for this time. Default: 0, never.
        """
        recorder = self.recorder or self.database.recorder
        assert recorder
        cronjob = recorder.one("CronJob", "mysqlauth-backup").inputs["spec"]["jobTemplate"]["spec"]
        pod = copy.deepcopy(cronjob["template"]["spec"])
        if arguments:
            jobs.arrange(pod, *arguments)
        self.mount(pod, {**self.database.secrets, **self.secrets}, {"backups": self.backups})
        self.environment["DATABASE_HOST"] = "127.0.0.1"
        self.count_calls(kill_at)
        containers = [*pod.get("initContainers", []), *pod["containers"]]
        for container in containers:
            container["command"] = [self._changed(word) for word in container["command"]]
        return self.run_each(containers)

    def _changed(self, word: str) -> str:
        for old, new in self.script.items():
            word = word.replace(f"\n{old}\n", f"\n{new}\n")
        return word

    def names(self) -> list[str]:
        """The files of the backups' volume."""
        return sorted(path.name for path in self.backups.iterdir()) if self.backups.exists() else []


def secrets_of(recorder: Recorder) -> dict[str, dict[str, str]]:
    """The content of the Secrets that were made, by their names."""
    made = {
        entry.inputs["metadata"].get("name", f"{entry.name}{CHOSEN}"): _plain(entry.inputs["data"])
        for entry in recorder.all
        if entry.type.endswith(":Secret")
    }
    return {name: {key: _decoded(text) for key, text in data.items()} for name, data in made.items()}


def beside(database: DatabasePod) -> Path:
    """Make a folder for the pod of a database's jobs."""
    folder = database.folder / "jobs"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    return folder


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _expanded(word: str, variables: dict[str, str]) -> str:
    """What the kubelet makes of `$$` and `$(NAME)` in a command, before any shell reads it."""
    return re.sub(
        r"\$(\$|\((.*?)\))", lambda found: "$" if found[1] == "$" else variables.get(found[2], found[0]), word
    )


def _account() -> dict[str, Any]:
    return {"user": USER, "group": USER} if os.geteuid() == 0 else {}


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _give(folder)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, USER, USER)


def _plain(value: Any) -> Any:
    return _plain(value.value) if isinstance(value, Secret) else value


def _decoded(value: Any) -> str:
    return base64.b64decode(_plain(value)).decode()
