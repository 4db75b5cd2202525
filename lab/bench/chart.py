"""The picture: the sides beside each other, the growth with the number of databases, the path of a first `up`."""

import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import part_footprint, part_path, stats
from .goals import LABELS, Record

COLORS = {
    "components": "#0b7a75",
    "inline": "#e09f3e",
    "untyped": "#f2cc8f",
    "yaml": "#9e2a2b",
    "empty": "#adb5bd",
    "kubectl": "#335c9e",
    "helm": "#6a4c93",
}
LANES = {"Pulumi": "#0b7a75", "cluster": "#335c9e", "database": "#e09f3e", "auth": "#9e2a2b"}
CASES = ("preview", "second up", "one value", "first up", "destroy")


def draw(record: Record, path: Path) -> None:
    """Write the picture of what was measured; the same record gives the same file."""
    figure(record).savefig(path, metadata={"Date": None})
    # matplotlib ends some lines with blanks.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def figure(record: Record) -> Figure:
    """The picture of what was measured; what was not has no place in it."""
    # Text stays text; names of parts in the file do not change from run to run.
    mpl.rcParams.update(
        {"svg.hashsalt": "kubeauth", "svg.fonttype": "none", "font.size": 9.5, "font.family": "sans-serif"}
    )
    drawn = Figure(figsize=(11, 9.6), layout="constrained")
    grid = drawn.add_gridspec(3, 2, height_ratios=(1.15, 1, 0.85))
    sizes = {size["databases"]: size["seconds"] for size in _results(record, "sides").get("sizes", [])}
    if 1 in sizes:
        _cases(drawn.add_subplot(grid[0, :]), sizes[1])
    if sizes:
        _growth(drawn.add_subplot(grid[1, 0]), sizes)
    if "footprint" in record:
        _footprint(drawn.add_subplot(grid[1, 1]), _results(record, "footprint"))
    if "path" in record:
        _path(drawn.add_subplot(grid[2, :]), _results(record, "path"))
    return drawn


def _results(record: Record, part: str) -> dict[str, Any]:
    return record.get(part, {}).get("results", {})


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontweight="bold", fontsize=10.5)
    axes.spines[["top", "right"]].set_visible(False)


def _cases(axes: Axes, seconds: dict[str, dict[str, list[float]]]) -> None:
    """Bars by case, one of each side, with the quartiles."""
    names = [name for name in COLORS if name in seconds]
    width = 0.8 / len(names)
    for number, name in enumerate(names):
        spreads = [stats.spread(seconds[name][case]) for case in CASES]
        places = [case + (number - len(names) / 2 + 0.5) * width for case in range(len(CASES))]
        errors = [[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]]
        label = LABELS[name]
        axes.bar(places, [s.median for s in spreads], width * 0.92, color=COLORS[name], label=label)
        axes.errorbar(places, [s.median for s in spreads], errors, fmt="none", ecolor="#222222", elinewidth=0.9)
        for place, spread in zip(places, spreads, strict=True):
            axes.annotate(f"{spread.median:.1f}", (place, spread.high), (0, 2), textcoords="offset points", ha="center",
                          fontsize=7.5)  # fmt: skip
    axes.set_xticks(range(len(CASES)), CASES)
    axes.set_ylabel("seconds")
    axes.legend(frameon=False, ncols=len(names), loc="upper left", fontsize=8.5, columnspacing=1.2)
    axes.margins(y=0.2)
    _plain(axes, "One database and its service, real pods: medians, lines from p25 to p75")


def _growth(axes: Axes, sizes: dict[int, dict[str, dict[str, list[float]]]]) -> None:
    """The second `up` by the number of databases."""
    counts = sorted(sizes)
    for name, color in COLORS.items():
        measured = [count for count in counts if name in sizes[count]]
        values = [statistics.median(sizes[count][name]["second up"]) for count in measured]
        axes.plot(measured, values, marker="o", markersize=4, color=color, label=LABELS[name])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    low, high = axes.get_ylim()
    ticks = [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200) if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_xlabel("databases in one stack; colours as above")
    axes.set_ylabel("seconds")
    _plain(axes, "A second `up`, nothing changed")


def _footprint(axes: Axes, results: dict[str, Any]) -> None:
    """Preview time and its fit, memory beside it."""
    points = part_footprint.points(results)
    axes.plot(*zip(*points, strict=True), "o", color=COLORS["components"], label="preview")
    if len(points) > 1:
        line = stats.fit(points)
        ends = [0, max(x for x, _ in points)]
        label = f"{line.base:.1f} s + {1000 * line.slope:.0f} ms each, R² {line.r2:.3f}"
        axes.plot(ends, [line.base + line.slope * x for x in ends], "--", color=COLORS["components"], lw=1, label=label)
    axes.set_xlabel("databases in one stack")
    axes.set_ylabel("seconds")
    axes.set_ylim(bottom=0)
    memory = axes.twinx()
    for name, style in zip(part_footprint.PROCESSES, ("-", "--", ":", "-."), strict=True):
        values = [point["mebibytes"].get(name, 0) for point in results["points"]]
        memory.plot([x for x, _ in points], values, style, color="#888888", lw=1.2, label=name)
    memory.set_ylabel("peak memory, MiB", color="#666666")
    memory.set_ylim(bottom=0)
    memory.spines["top"].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    more, names = memory.get_legend_handles_labels()
    axes.legend(handles + more, labels + names, frameon=False, fontsize=7.5, ncols=2, loc="upper left")
    axes.margins(y=0.35)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)
    axes.set_xlim(left=0)
    _plain(axes, "A preview with components: time and memory")
    axes.spines["right"].set_visible(True)


def _path(axes: Axes, results: dict[str, Any]) -> None:
    """The steps one after the other, each on its own line."""
    taken = part_path.durations(results)
    begin = 0.0
    for line, (step, seconds) in enumerate(taken.items()):
        lane = part_path.STEPS[step]
        axes.barh(line, seconds, left=begin, color=LANES[lane], height=0.72)
        axes.annotate(f"{step}  {seconds:.1f} s", (begin + seconds, line), (4, 0), textcoords="offset points",
                      va="center", fontsize=8)  # fmt: skip
        begin += seconds
    for lane, color in LANES.items():
        axes.barh(0, 0, color=color, label=lane)
    axes.invert_yaxis()
    axes.set_yticks([])
    axes.set_xlim(0, begin * 1.22)
    axes.set_xlabel("seconds after `pulumi up`")
    axes.legend(frameon=False, loc="lower left", fontsize=8.5)
    _plain(axes, f"What a first `up` waits for: {begin:.1f} s")
