"""How time and memory grow with the number of databases in one stack."""

import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

from cli.console import Problem

from . import kwok, programs, stats
from .parts import Given, Part
from .sides import PULUMI
from .system import System

#: The processes of a run, by a word of their command lines, in the order in which they are looked for.
PROCESSES = {
    "provider": "pulumi-resource-kubernetes",
    "program": "pulumi-language-python-exec",
    "language host": "pulumi-language-python",
    "engine": "pulumi",
}
_REPEATS = 3


def run(system: System, given: Given) -> dict[str, Any]:
    """Deploy stacks of several sizes, one after the other, and preview each."""
    sizes = [size for size in given.sizes if size > 1] or given.sizes
    with kwok.pods(system) as storage_class:
        return {"points": [_point(system, size, given.count, storage_class) for size in sizes]}


def _point(system: System, databases: int, count: int, storage_class: str) -> dict[str, Any]:
    kwok.volumes(system, databases)
    values = programs.values(databases, storage_class)
    folder = programs.write(system, "components", programs.shipped("components"), values)
    system.run("pulumi", "up", "--yes", "--skip-preview", *PULUMI, cwd=folder)
    times = min(count, _REPEATS)
    seconds = [system.run("pulumi", "preview", *PULUMI, cwd=folder).seconds for _ in range(times)]
    # Looking at the processes takes time of its own, so that run is not one of those above.
    peaks = _watched(system, folder)
    system.run("pulumi", "destroy", "--yes", "--skip-preview", *PULUMI, cwd=folder)
    system.run("pulumi", "stack", "rm", "--yes", cwd=folder)
    programs.remove(folder)
    # A component and six objects each; namespace, auth service and the stack besides.
    return {"databases": databases, "resources": 7 * databases + 10, "seconds": seconds, "mebibytes": peaks}


def _watched(system: System, folder: Path) -> dict[str, float]:
    """Preview once more, and return the most memory that each of its processes had, in MiB."""
    peaks: dict[str, float] = {}
    with subprocess.Popen(
        ["pulumi", "preview", *PULUMI], cwd=folder, env=system.env, stdout=subprocess.DEVNULL
    ) as engine:
        while engine.poll() is None:
            for process in [psutil.Process(engine.pid), *psutil.Process(engine.pid).children(recursive=True)]:
                _look(process, peaks)
            time.sleep(0.05)
    if engine.returncode:
        raise Problem("the preview that was watched failed", "run it by hand")
    return peaks


def _look(process: psutil.Process, peaks: dict[str, float]) -> None:
    """Note a process's peak so far, as the kernel counts it."""
    try:
        line = " ".join(process.cmdline())
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (psutil.Error, OSError):
        return
    name = next((name for name, word in PROCESSES.items() if word in line), None)
    peak = next((int(text.split()[1]) / 1024 for text in status.splitlines() if text.startswith("VmHWM")), 0)
    # pip, which the language host asks for the packages, is none of them.
    if name and " pip " not in line:
        peaks[name] = max(peaks.get(name, 0), peak)


def points(results: dict[str, Any]) -> list[tuple[float, float]]:
    """(databases, median seconds of a preview)."""
    return [(point["databases"], statistics.median(point["seconds"])) for point in results["points"]]


def summary(results: dict[str, Any]) -> list[str]:
    """One line per size, and the fit."""
    lines: list[str] = []
    for point in results["points"]:
        spread, databases = stats.spread(point["seconds"]), point["databases"]
        memory = ", ".join(f"{name} {size:.0f} MiB" for name, size in sorted(point["mebibytes"].items()))
        each = f"{1000 * spread.median / databases:.0f} ms each"
        lines.append(f"{databases} databases, {point['resources']} resources: preview {spread}, {each}; {memory}")
    if len(results["points"]) > 1:
        line = stats.fit(points(results))
        lines.append(f"fit: {line.base:.2f} s + {1000 * line.slope:.0f} ms per database, R² {line.r2:.3f}")
    return lines


PART = Part("time and memory by size", run, summary, lambda given: sum(40 + 1.8 * size for size in given.sizes))
