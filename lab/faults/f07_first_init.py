"""F7: the database's pod is killed while it makes its data directory for the first time."""

import re
import time
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import AUTH_SELECTOR, delete_by_force, delete_pod, kill_mysqld, pod, ready, until

#: An undisturbed first init takes about this long.
SECONDS = 8.0
#: mysqld still writes while its files go; `rm` is done again until nothing is left.
EMPTY = "until rm -rf /var/lib/mysql/data && [ ! -e /var/lib/mysql/data ]; do sleep 0.1; done; ls -A /var/lib/mysql"
GRANTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK "
    "TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER ON `admin`.* TO `admin`@`%`"
)


def run(bench: Bench, count: int, random: Random) -> Result:
    """Empty the volume, begin anew, kill at a random moment, look at account, grants and schema."""
    result, moments = Result(), list[float]()
    for number in range(1, count + 1):
        begun = bench.run("kubectl", "-n", NAMESPACE, "exec", pod(bench), "-c", "mysqlauth-container", "--",
                          "sh", "-c", EMPTY)  # fmt: skip
        old = ready(bench)
        delete_by_force(bench)
        moment = random.uniform(0.5, SECONDS)
        time.sleep(moment)
        way = random.choice(["pod", "process"])
        hit = kill_mysqld(bench) if way == "process" else True
        if way == "pod" or not hit:
            delete_by_force(bench)
        moments.append(moment)
        back = until(lambda old=old: bool(ready(bench) - old), 180)
        failures = [] if back else ["the database does not get ready"]
        rest = re.sub(r"\b(new\.\w+|tmp)\b", "", begun).strip()
        failures += [] if not rest else [f"the volume was not empty: {begun}"]
        if back:
            found = bench.sql("SELECT CURRENT_USER(), DATABASE(); SHOW GRANTS; SHOW TABLES").splitlines()
            expected = ["admin@%\tadmin", "GRANT USAGE ON *.* TO `admin`@`%`", GRANTS]
            failures += [] if found[:3] == expected else [f"not as after an undisturbed start: {found}"]
        result.add(f"{number} {way if hit else 'pod'} after {moment:.1f} s", failures)
        if not back:
            # Without a server there is no pod to begin anew in.
            break
    # The service makes its table when it starts.
    delete_pod(bench, selector=AUTH_SELECTOR)
    result.leave(bench)
    result.figure = (
        f"killed {min(moments):.1f} to {max(moments):.1f} s after the start; user, grants and schema are there"
    )
    return result


FAULT = Fault(
    "F7",
    "the pod killed during the first init",
    "user, grants and schema exist afterwards, 20/20",
    20,
    run,
)
