"""F8: both passwords are changed by configuration and `up`, which is killed half-way and run again."""

import threading
import time
from random import Random

import pymysql

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import pod, until
from .f01_killed import SECONDS, kill

ACCESS_DENIED = 1045
#: How long both passwords may be refused by a server that is there, in seconds.
LIMIT = 1


class Logins(threading.Thread):
    """Logs in all the time with the old password or the new one, and measures how long both are refused."""

    def __init__(self, bench: Bench, old: str, new: str) -> None:
        super().__init__(daemon=True)
        self._bench, self._passwords, self._ended = bench, (old, new), threading.Event()
        self.refused = 0.0
        """The longest time in which the server was there and took neither password, in seconds."""

    def run(self) -> None:
        """Log in until told to stop."""
        since: float | None = None
        while not self._ended.wait(0.1):
            codes = [login(self._bench, password) for password in self._passwords]
            if codes != [ACCESS_DENIED, ACCESS_DENIED]:
                since = None
                continue
            since = since or time.monotonic()
            self.refused = max(self.refused, time.monotonic() - since)

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self.join(20)


def login(bench: Bench, password: str) -> int:
    """Log in through the node port; return MySQL's error number, 0 for a success."""
    try:
        pymysql.connect(
            host=bench.node.address, port=32001, user="admin", password=password.encode(), database="admin",
            ssl={"check_hostname": False}, connect_timeout=3, read_timeout=5,
        ).close()  # fmt: skip
    except (pymysql.err.MySQLError, OSError) as error:
        return int(error.args[0]) if error.args and isinstance(error.args[0], int) else -1
    return 0


def root(bench: Bench, password: str) -> bool:
    """Whether root can log in, in the pod, with this password; it goes in through a file of options."""
    options = f'[client]\nuser=root\nsocket=/run/mysqld/mysqld.sock\npassword="{password}"\n'
    log_in = "mysql --defaults-file=/dev/stdin --execute='SELECT 1'"
    inside = ("exec", "-i", pod(bench), "-c", "mysqlauth-container", "--", "sh", "-c", log_in)
    command = ("kubectl", "-n", NAMESPACE, *inside)
    try:
        bench.run(*command, stdin=options)
    except RuntimeError as error:
        if "Access denied" in str(error):
            return False
        raise
    return True


def run(bench: Bench, count: int, random: Random) -> Result:
    """Rotate once in peace, then so many times with a kill."""
    result, refused = Result(), list[float]()
    evidence = bench.fill()
    for number in range(count + 1):
        old = [bench.run("pulumi", "config", "get", key).strip() for key in ("mysqlPassword", "mysqlRootPassword")]
        new = [f"{kind}{random.getrandbits(64):x}" for kind in ("a", "r")]
        bench.config(mysqlPassword=new[0], mysqlRootPassword=new[1])
        logins = Logins(bench, old[0], new[0])
        logins.start()
        name = "undisturbed"
        if number:
            moment = random.uniform(0, SECONDS["up"])
            hit = kill(bench.begin("up", quiet=True), bench, moment, everything=True)
            name = f"{number} killed after {moment:.1f} s" if hit else f"{number} over before {moment:.1f} s"
        done = bench.command("up")
        failures = [] if done.returncode == 0 else [f"up failed: {done.stdout[-1500:]}"]
        failures += [] if until(lambda new=new: login(bench, new[0]) == 0, 20) else ["the new password is refused"]
        logins.stop()
        refused.append(logins.refused)
        failures += [] if login(bench, old[0]) == ACCESS_DENIED else ["the OLD password is accepted"]
        failures += [] if root(bench, new[1]) else ["root's new password is refused"]
        failures += [] if not root(bench, old[1]) else ["root's OLD password is accepted"]
        late = [f"both passwords were refused for {logins.refused:.1f} s"] if logins.refused > LIMIT else []
        result.add(name, failures + bench.damage(evidence) + bench.disorder(), late)
    result.leave(bench)
    result.figure = f"old ones refused, new ones accepted; both refused for {max(refused):.1f} s at most"
    return result


FAULT = Fault(
    "F8",
    "both passwords rotated by config and up, once undisturbed, the others killed at a random moment and run again",
    "new accepted, OLD REFUSED, failed logins at most 1 s beyond the database's own restart, 10/10",
    10,
    run,
)
