"""F17: the pod of a restore is killed while it puts back a schema with all that made restores of others fail."""

import re
import time
from random import Random

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .schemas import SCHEMA, content

_KUBECTL = ("kubectl", "-n", NAMESPACE)
_SELECTOR = ("--selector", "name=mysqlauth-backup-selector")
#: The other content: some of the first's objects are gone, some are others, one name is another kind of object.
OTHER = """
DROP VIEW a_view; DROP TRIGGER long_one; DROP PROCEDURE commented; DROP EVENT each_second; DELETE FROM c;
CREATE TABLE a_view (i INT PRIMARY KEY); INSERT INTO a_view VALUES (8);
CREATE TRIGGER later BEFORE INSERT ON c FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE q() SELECT 2;
"""
#: A view whose table is gone.
INVALID = "CREATE TABLE gone (i INT PRIMARY KEY); CREATE VIEW invalid AS SELECT * FROM gone; DROP TABLE gone;"


class Root:
    """SQL as root, in the database's pod."""

    def __init__(self, bench: Bench) -> None:
        """Take the stack's password."""
        self.bench = bench
        self.password = bench.run("pulumi", "config", "get", "mysqlRootPassword").strip()

    def __call__(self, sql: str) -> str:
        """Run SQL in the application's schema and return what it says."""
        client = "mysql --no-defaults -uroot --socket=/run/mysqld/mysqld.sock --default-character-set=utf8mb4"
        script = f"IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec {client} --batch --skip-column-names admin"
        inside = ("deployment/mysqlauth-deployment", "-c", "mysqlauth-container", "--", "sh", "-c", script)
        return self.bench.run(*_KUBECTL, "exec", "-i", *inside, stdin=f"{self.password}\n{sql}")


def backup(bench: Bench) -> str:
    """Make a backup; return its name."""
    done = bench.command("backup")
    found = re.findall(r"admin-\d{8}T\d{6}Z\.sql\.gz", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"backup failed: {done.stdout[-2000:]}")
    return found[-1]


def restore(bench: Bench, name: str, kill_after: float | None = None) -> tuple[str, float]:
    """Put a backup back, or kill the pod that does it after so many seconds; why it failed, or nothing, and seconds."""
    begun = time.monotonic()
    process = bench.begin("restore", more=("--backup", name, "--force"))
    if kill_after is not None:
        time.sleep(kill_after)
        bench.run(*_KUBECTL, "delete", "pod", *_SELECTOR, "--force", "--grace-period=0", "--ignore-not-found")
    said, _ = process.communicate(timeout=300)
    return said[-800:] if process.returncode else "", time.monotonic() - begun


def run(bench: Bench, count: int, random: Random) -> Result:
    """Two contents take turns; each restore's pod is killed; what is there then is one of them, whole."""
    root, result = Root(bench), Result()
    # A value of 40 MB takes more than size medium has while it is loaded.
    bench.config(mysqlResourcesMemoryLimit="1Gi")
    with bench.with_backups(keep=2):
        root(SCHEMA)
        contents = [content(root)]
        names = [backup(bench)]
        root(OTHER)
        contents.append(content(root))
        names.append(backup(bench))
        # Without a kill, for how long one takes.
        failed, seconds = restore(bench, names[0])
        same = content(root) == contents[0]
        result.add("undisturbed", [] if same and not failed else [f"not what was backed up: {failed}"])
        finished = 0
        for number in range(1, count + 1):
            now = contents.index(content(root))
            moment = random.uniform(0, seconds)
            failed, _ = restore(bench, names[1 - now], moment)
            # The next job undoes or finishes what is left.
            done = bench.command("restore", arguments=("--backup", "drop-old"))
            failures = [] if done.returncode == 0 else [f"the next job failed: {done.stdout[-500:]}"]
            found = content(root)
            failures += [] if found in contents else ["the content is neither the old one nor the new one"]
            failures += ["said to be done, and it is not"] if not failed and found != contents[1 - now] else []
            left = [name for name in root("SHOW DATABASES").splitlines() if name.startswith("admin__")]
            failures += [f"left: {', '.join(left)}"] if left else []
            finished += found == contents[1 - now]
            result.add(f"{number} killed after {moment:.1f} s", failures)
            if found not in contents:
                break
        root(INVALID)
        told = bench.command("backup")
        ok = told.returncode == 0 and "a view is not in the backup" in told.stdout and "invalid" in told.stdout
        result.add("a view that cannot be restored", [] if ok else [f"not told with the backup: {told.stdout[-500:]}"])
        root("DROP VIEW invalid")
    bench.run("pulumi", "config", "rm", "mysqlResourcesMemoryLimit")
    result.leave(bench)
    result.figure = f"of {count} killed, {finished} ended with the new content, the others with the old, each whole"
    return result


FAULT = Fault(
    "F17",
    "a restore's pod killed at a random moment, with views, triggers, routines, events, other definers, 40 MB values",
    "the old schema or the whole new one, 20/20; what cannot be restored is told with the backup; backups go on",
    20,
    run,
)
