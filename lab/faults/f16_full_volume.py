"""F16: the database's volume is full, on a file system of its own that really ends."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from components.mysql import probes

from . import Fault, Result
from .bench import NAMESPACE, Bench
from .database import kill_mysqld, ready, until
from .watch import Watch
from .writer import Writer, verdict

#: Within so many seconds the pod is not ready, and `make status` says why.
LIMIT = 30
PATIENCE = 180
IMAGE, ASIDE = "/run/kubeauth/full.img", "/run/kubeauth/full.aside"
SIZE_MEBIBYTES, BALLAST_MEBIBYTES = 1024, 64
ROW = "INSERT INTO filler (text) VALUES (REPEAT('x', 1048576))"
#: What happens besides, while it is full.
WAYS: dict[str, Callable[[Bench], object]] = {"full": lambda bench: None, "mysqld -9 while full": kill_mysqld}


def _scale(bench: Bench, replicas: int) -> None:
    bench.run("kubectl", "-n", NAMESPACE, "scale", "deployment/mysqlauth-deployment", f"--replicas={replicas}")
    if not until(lambda: bool(ready(bench)) == bool(replicas), PATIENCE):
        raise RuntimeError(f"the database does not scale to {replicas}")
    if not replicas:
        bench.run("kubectl", "-n", NAMESPACE, "wait", "--for=delete", "pod", "-l", "name=mysqlauth-selector",
                  f"--timeout={PATIENCE}s")  # fmt: skip


@contextmanager
def ending(bench: Bench) -> Iterator[str]:
    """Put the data onto a loop device for a while; yields where that is mounted in the node."""
    claim = bench.get("persistentvolumeclaim", "mysqlauth-data")["spec"]["volumeName"]
    place = bench.get("persistentvolume", claim)["spec"]["local"]["path"]

    def node(script: str) -> None:
        bench.node.run(["sh", "-euc", script, "sh", place, IMAGE, ASIDE], check=True)

    _scale(bench, 0)
    node(f'truncate -s {SIZE_MEBIBYTES}M "$2"; mkfs.ext4 -q -m 0 "$2"; mkdir "$3"; mount -o loop "$2" "$3";'
         'cp -a "$1/." "$3/"; umount "$3"; mount -o loop "$2" "$1"; chmod 0777 "$1"')  # fmt: skip
    try:
        _scale(bench, 1)
        yield place
    finally:
        _scale(bench, 0)
        node('umount "$1"; mount -o loop "$2" "$3"; rm -rf "$1"/data "$1"/tmp; cp -a "$3/data" "$3/tmp" "$1/";'
             'umount "$3"; rmdir "$3"; rm "$2"')  # fmt: skip
        _scale(bench, 1)


def _free(bench: Bench, place: str) -> int:
    """MiB that are free."""
    blocks, size = bench.node.run(["stat", "-f", "-c", "%a %S", place], check=True).stdout.split()
    return int(blocks) * int(size) // 2**20


def _room(bench: Bench, place: str, mebibytes: int) -> None:
    """Make the volume as small as that: what is not to be used is taken up."""
    # Where the database's own user cannot look: in the file system's lost+found.
    spare = _free(bench, place) - mebibytes
    bench.node.run(["fallocate", "-l", f"{spare}M", f"{place}/lost+found/ballast"], check=True)


def _filled(
    bench: Bench, place: str, way: Callable[[Bench], object], seconds: float, result: Result
) -> tuple[list[str], list[str]]:
    """Fill the volume, see that this is told, and make room again; what went wrong, and what came late."""
    ended = threading.Event()

    def fill() -> None:
        while not ended.is_set():
            try:
                bench.sql(ROW)
            except (RuntimeError, subprocess.TimeoutExpired):
                # Full is an error or a wait, as the engine chooses.
                ended.wait(1)

    _room(bench, place, BALLAST_MEBIBYTES)
    filler = threading.Thread(target=fill, daemon=True)
    filler.start()
    try:
        if not until(lambda: _free(bench, place) < probes.FREE_MEBIBYTES, PATIENCE):
            return [f"{_free(bench, place)} MiB are still free"], []
        begun = time.monotonic()
        seen = until(lambda: not ready(bench), PATIENCE)
        with Watch(bench) as watch:
            unnamed = result.status("full", watch.named("of pod mysqlauth-deployment.* is full"))
        took = time.monotonic() - begun
        way(bench)
        time.sleep(seconds)
    finally:
        ended.set()
        bench.node.run(["rm", f"{place}/lost+found/ballast"], check=True)
        filler.join(PATIENCE)
    late = [] if took <= LIMIT else [f"named after {took:.0f} s"]
    return (["it stayed ready"] if not seen else []) + unnamed, late


def run(bench: Bench, count: int, random: Random) -> Result:
    """Fill it under a writer; with room again writes go on, and none was lost."""
    result, gaps, total = Result(), list[float](), 0
    with ending(bench) as place:
        for number in range(1, count + 1):
            name = list(WAYS)[(number - 1) % len(WAYS)]
            bench.sql(
                "DROP TABLE IF EXISTS filler; CREATE TABLE filler (id INT AUTO_INCREMENT PRIMARY KEY, text LONGTEXT)"
            )
            with Writer(bench) as writer:
                until(lambda writer=writer: len(writer.acknowledged) > 20, 30)
                failures, late = _filled(bench, place, WAYS[name], random.uniform(0, 20), result)
                begun, before = time.monotonic(), len(writer.acknowledged)
                back = until(lambda: bool(ready(bench)), PATIENCE)
                back = back and until(lambda writer=writer, before=before: len(writer.acknowledged) > before, PATIENCE)
                gaps.append(time.monotonic() - begun)
            total += len(writer.acknowledged)
            failures += [] if back else [f"no writes {PATIENCE} s after there was room"]
            failures += writer.lost()
            result.add(f"{number} {name}, writes went on {gaps[-1]:.0f} s after there was room", failures, late)
        bench.sql("DROP TABLE filler")
    result.leave(bench)
    lost = verdict(result.failures)
    result.figure = f"{lost} of {total}; with room again writes went on after {max(gaps):.0f} s at most"
    return result


FAULT = Fault(
    "F16",
    "the volume full under a writer, on a file system of 1 GiB that ends; mysqld killed then, too",
    f"not ready and named by status within {LIMIT} s; with room again writes go on, 0 acknowledged writes lost",
    4,
    run,
)
