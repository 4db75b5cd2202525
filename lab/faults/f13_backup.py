"""F13: a backup's pod is killed; a backup is put back into an empty database."""

import time
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench

#: A backup takes about this long from its creation, with its drill.
SECONDS = 16.0
JOB = "killed-backup"
_ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"


def backups(bench: Bench) -> dict[str, str]:
    """Size by name, as `make restore` lists them."""
    listed = bench.command("restore").stdout.splitlines()
    return dict(line.split()[:2] for line in listed if ".sql.gz " in line)


def kill_a_backup(bench: Bench, moment: float) -> None:
    """Start a backup from the CronJob, kill its pod after so many seconds, and forget the Job."""
    kubectl = ("kubectl", "-n", NAMESPACE)
    bench.run(*kubectl, "create", "job", JOB, "--from=cronjob/mysqlauth-backup")
    time.sleep(moment)
    selector = f"job-name={JOB}"
    bench.run(*kubectl, "delete", "job", JOB, "--cascade=orphan")
    bench.run(*kubectl, "delete", "pod", "--selector", selector, "--force", "--grace-period=0")


def contents(bench: Bench) -> str:
    """Number of rows and check sum of every table."""
    return bench.sql(
        "SELECT COUNT(*) FROM evidence; SELECT COUNT(*) FROM more; SELECT COUNT(*) FROM users;"
        "CHECKSUM TABLE evidence, more, users"
    )


def run(bench: Bench, count: int, random: Random) -> Result:
    """Write, back up, kill another backup, lose everything, restore, compare."""
    result, seconds = Result(), list[float]()
    with bench.with_backups(keep=3):
        bench.fill()
        bench.sql(
            "DROP TABLE IF EXISTS more, writes; CREATE TABLE more (id INT AUTO_INCREMENT PRIMARY KEY, text CHAR(64))"
        )
        for number in range(1, count + 1):
            text = f"{random.getrandbits(64):x}"
            bench.sql(f"INSERT INTO more (text) {_ROWS} SELECT SHA2(CONCAT(i, '{text}'), 256) FROM n")  # noqa: S608
            made = bench.command("backup")
            failures = [] if made.returncode == 0 else [f"backup failed: {made.stdout[-500:]}"]
            before, wanted = backups(bench), contents(bench)
            moment = random.uniform(0, SECONDS)
            kill_a_backup(bench, moment)
            after = backups(bench)
            # The killed one may have been complete; then the oldest of `keep` has gone.
            kept = set(before.items()) <= set(after.items()) or len(set(before.items()) - set(after.items())) == len(
                set(after) - set(before)
            )
            failures += [] if kept and after else [f"earlier backups changed: {before}, then {after}"]
            newest = max(after, default="")
            bench.sql("DROP TABLE evidence, more, users")
            begun = time.monotonic()
            restored = bench.command("restore", arguments=("--backup", newest))
            seconds.append(time.monotonic() - begun)
            failures += [] if restored.returncode == 0 else [f"restore failed: {restored.stdout[-800:]}"]
            if not failures and contents(bench) != wanted:
                failures.append("row counts or check sums differ")
            result.add(f"{number} killed after {moment:.1f} s", failures)
        bench.sql("DROP TABLE more")
    result.leave(bench)
    result.figure = f"row counts and CHECKSUM TABLE equal; a restore took {max(seconds):.0f} s at most"
    return result


FAULT = Fault(
    "F13",
    "a backup's pod killed at a random moment; restore into an empty database",
    "earlier backups intact; row counts and CHECKSUM TABLE equal, 10/10",
    10,
    run,
)
