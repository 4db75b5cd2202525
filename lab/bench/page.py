"""docs/reference/performance.md and its picture, from docs/reference/performance.json and nothing else."""

import statistics
from typing import Any

from cli import paths
from cli.console import duration

from . import chart, part_checkpoints, part_footprint, part_path, stats
from .goals import LABELS, Goal, Record, goals, of_one_database
from .rounds import CASES

PAGE = paths.CHECKOUT / "docs" / "reference" / "performance.md"
PICTURE = PAGE.with_suffix(".svg")
_HEAD = """# Speed

`make bench` measures all of this on one local node of its own and writes this page; `make bench ONLY=sides SIZES=1`
measures some. All sides take their turns in the same run, so that the machine's noise meets all of them alike.
Figures are medians, with the quartiles (p25–p75) in brackets.

![the sides, the growth and the path of a first up](performance.svg)

"""
_SIDES = """
## Beside what people would use instead

The sides make the same objects in the same order with the same timeouts, and the bench stops if they do not end
equal on the cluster: this project's components; the same in one Pulumi file, in Python, in Python without the SDK's
classes (what these resources cost in Python at least) and in YAML; an empty program, which is the engine's floor;
`kubectl apply` and `kubectl wait`; `helm upgrade --install --wait` with a chart of the same manifests.
Pulumi runs plainly, without policy pack and `make`. `one value` changes an annotation of a Service. A preview is
`kubectl diff` and `helm upgrade --dry-run=server` there.
"""
_FAKE = """
From 10 databases on the pods are kwok's, a fake kubelet: two cores do not start that many. All sides get the same
fakes.
"""
_CHECKPOINTS = """
## Without checkpoints

With its state in files the engine writes the whole state twice for each resource. `make up` and `make destroy` of 50
objects or more have it written once, at the end, where their journal lets `make repair` find what a killed run made
(docs/adr/0013). This project's components, both ways; `passwords` gives every database another password:

"""
_FLOOR = """
## What a second up costs

Nothing has changed, so all of it is overhead. The engine's floor, and what each layer adds to it:

"""
#: The layers of a Pulumi program, each on top of the one before.
_LAYERS = {
    "empty": "an empty program: the engine, its plugins, Python and its list of packages",
    "untyped": "the resources: provider, checks, state and Python without the SDK's classes",
    "inline": "the SDK's classes: their import, and inputs and outputs with types",
    "components": "the components in place of one Python file; they import without garbage collection",
}
_MEMORY = """
## MySQL's memory

Each size is started from nothing, filled with rows until its cache is full, and loaded for 30 s by 16 clients that
write, read, sort and join in transactions. `idle` and `loaded` are the most memory that the server's process ever had
until then, its program file included. These are the sizes of `MySqlDatabase` (components/mysql/sizes.py); below them
are the limits that were tried in search of the smallest one.
"""
_PREVIEW = """
## A preview

Of one stack, in seconds and as a multiple of the empty program:

"""
_PATH = """
## The path of a first up

Each step lasts from the end of the one before; from the engine's events, the pods' states and mysqld's log. Medians
of {}:

"""
_START = """
## From nothing

Programs are built once for a user, with progress and an estimate; a second checkout finds them.

"""


def write(record: Record) -> None:
    """Write the page and its picture."""
    PAGE.write_text(page(record), encoding="utf-8")
    chart.draw(record, PICTURE)


def page(record: Record) -> str:
    """The page for what was measured."""
    parts = (
        ("sides", _sides), ("checkpoints", _checkpoints), ("preview", _preview), ("footprint", _footprint),
        ("path", _path), ("memory", _memory), ("start", _start), ("dns", _dns),
    )  # fmt: skip
    sections = [section(record[name]["results"]) for name, section in parts if name in record]
    measured = ", ".join(f"{name} {part['date']} ({part['machine']})" for name, part in record.items())
    return f"{_HEAD}{_goals(goals(record))}{''.join(sections)}\nMeasured: {measured}.\n"


def _checkpoints(results: dict[str, Any]) -> str:
    rows = [["databases, rounds", "state", "", *part_checkpoints.WAYS, "without / with"]]
    for size in results["sizes"]:
        first = [f"{size['databases']}, {size['count']}", f"{size['state'] / 1e6:.1f} MB"]
        for case in part_checkpoints.CASES:
            ways = [size["seconds"][way][case] for way in part_checkpoints.WAYS]
            rows.append(
                [*first, case, *(str(stats.spread(way)) for way in ways), f"{stats.ratio(ways[1], ways[0]):.2f}"]
            )
    return _CHECKPOINTS + _table(*rows)


def _table(*rows: list[str]) -> str:
    head, *body = [f"| {' | '.join(row)} |\n" for row in rows]
    return f"{head}|{'---|' * len(rows[0])}\n{''.join(body)}"


def _goals(found: list[Goal]) -> str:
    rows = [
        [goal.id, goal.title, "not measured" if goal.value is None else f"{goal.value:.2f} {goal.unit}",
         f"≤ {goal.limit:g} {goal.unit}", f"{_verdict(goal)}{goal.note}"]
        for goal in found
    ]  # fmt: skip
    return _table(["", "figure", "measured", "goal", ""], *rows)


def _verdict(goal: Goal) -> str:
    return "" if goal.value is None else "reached" if goal.reached else "**missed**"


def _sides(results: dict[str, Any]) -> str:
    text = _SIDES
    for size in results["sizes"]:
        pods = "fake pods" if size["fake"] else "real pods"
        count = f"{size['count']} round{'s' if size['count'] > 1 else ''}"
        word = "database" if size["databases"] == 1 else "databases"
        text += f"\n{size['databases']} {word}, {size['objects']} objects, {pods}, {count}, {size['date']}:\n\n"
        rows = [
            [LABELS[name], *(str(stats.spread(cases[case])) for case in CASES)]
            for name, cases in size["seconds"].items()
        ]
        text += _table(["", *CASES], *rows)
    text += _FAKE if any(size["fake"] for size in results["sizes"]) else ""
    one = of_one_database(results)
    return text + (_floor(one) if one else "")


def _floor(sides: dict[str, dict[str, list[float]]]) -> str:
    rows: list[list[str]] = []
    before = 0.0
    for name, words in _LAYERS.items():
        seconds = sides[name]["second up"]
        ratio = stats.ratio(seconds, sides["empty"]["second up"])
        rows.append([words, f"{statistics.median(seconds) - before:+.2f} s", f"{ratio:.2f} ×"])
        before = statistics.median(seconds)
    return _FLOOR + _table(["", "adds", "together, of the empty program"], *rows)


def _preview(results: dict[str, Any]) -> str:
    names = {**LABELS, "project": "this project's stack", "components": "the same components"}
    rows = [
        [names[name], *(_beside(results[case], name) for case in ("nothing", "deployed"))]
        for name in results["deployed"]
    ]  # fmt: skip
    imports = ", ".join(f"{name} {stats.spread(values)}" for name, values in results["imports"].items())
    table = _table(["", "nothing deployed", "all deployed"], *rows)
    return f"{_PREVIEW}{table}\nPython's start and imports, all before the first resource: {imports}.\n"


def _beside(seconds: dict[str, list[float]], name: str) -> str:
    return f"{stats.spread(seconds[name])}, {stats.ratio(seconds[name], seconds['empty']):.2f} ×"


def _footprint(results: dict[str, Any]) -> str:
    rows = []
    for point in results["points"]:
        spread, peaks = stats.spread(point["seconds"]), point["mebibytes"]
        each = f"{1000 * spread.median / point['databases']:.0f} ms"
        memory = [f"{peaks.get(name, 0):.0f} MiB" for name in part_footprint.PROCESSES]
        rows.append([str(point["databases"]), str(point["resources"]), str(spread), each, *memory])
    text = "\n## Growth\n\nA preview of what is deployed, with components, and the most memory of each process:\n\n"
    text += _table(["databases", "resources", "preview", "per database", *part_footprint.PROCESSES], *rows)
    if len(results["points"]) > 1:
        line = stats.fit(part_footprint.points(results))
        each = f"{1000 * line.slope:.0f} ms per database, R² {line.r2:.3f}"
        text += f"\nThe line through them: {line.base:.2f} s and {each}.\n"
    return text


def _path(results: dict[str, Any]) -> str:
    taken = part_path.durations(results)
    rows = [[step, part_path.STEPS[step], f"{seconds:.2f} s"] for step, seconds in taken.items()]
    together = ["together", "", f"{sum(taken.values()):.2f} s"]
    return _PATH.format(len(results["runs"])) + _table(["step", "who", "seconds"], *rows, together)


def _memory(results: dict[str, Any]) -> str:
    rows = [
        [item["asked"], item["cpu"], item["limit"], *_trial(item)] for item in [*results["sizes"], *results["tried"]]
    ]
    head = [
        "asked",
        "cpu limit",
        "memory limit",
        "first query after",
        "`--initialize`",
        "idle",
        "loaded",
        "statements/s",
        "",
    ]
    return (
        _MEMORY
        + "\n"
        + _table(head, *rows)
        + f"\nThe smallest limit that survives, by search: {results['smallest']}Mi.\n"
    )


def _trial(item: dict[str, Any]) -> list[str]:
    if "ready" not in item:
        return ["", "", "", "", "", str(item["cause"])]
    figures = [f"{item['ready']:.1f} s", f"{item['initialize']:.1f} s", f"{item['idle megabytes']:.0f} MB"]
    # Of a server that was killed there is no process left to ask.
    figures += [f"{item['megabytes']:.0f} MB" if item["survived"] else "", f"{item['statements']:.0f}"]
    return [*figures, "survived" if item["survived"] else str(item["cause"])]


def _start(results: dict[str, Any]) -> str:
    rows = [
        ["`make up`, programs and images built", f"{results['warm up']:.1f} s"],
        ["`make up` again", f"{results['second up']:.1f} s"],
        ["`make node-start` of a stopped node", f"{results['node start']:.1f} s"],
    ]
    for part, seconds in results["builds"].items():
        rows.append([f"cold: building {part} ({', '.join(seconds)})", duration(sum(seconds.values()))])
    return _START + _table(["", "takes"], *rows)


def _dns(results: dict[str, Any]) -> str:
    return (
        f"\n## DNS\n\nOne lookup of DB_HOST takes {results['component']:g} queries in the auth service's pod,"
        f" {results['plain']:g} in a pod without its `dnsConfig`.\n"
    )
