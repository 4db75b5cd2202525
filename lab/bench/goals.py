"""P1 to P7: each figure with its goal, taken from the record."""

from dataclasses import dataclass
from typing import Any

from . import stats

Record = dict[str, dict[str, Any]]
#: The sides as the page and the picture call them.
LABELS = {
    "components": "this project",
    "inline": "one Python file",
    "untyped": "untyped Python",
    "yaml": "Pulumi YAML",
    "empty": "empty program",
    "kubectl": "kubectl",
    "helm": "Helm",
}


@dataclass(frozen=True)
class Goal:
    """One figure that was promised, and what it is."""

    id: str
    title: str
    limit: float
    unit: str
    """`×` for a ratio, else the unit."""
    value: float | None
    """None where its part was never measured."""
    note: str = ""
    """Its limit, where there is one to show."""

    @property
    def reached(self) -> bool:
        """Whether the figure is within its goal; the last digit shown decides."""
        return self.value is not None and round(self.value, 2) <= self.limit

    def __str__(self) -> str:
        """One line for the terminal."""
        value = "not measured" if self.value is None else f"{self.value:.2f} {self.unit}"
        verdict = "" if self.value is None else "reached" if self.reached else "MISSED"
        return f"{self.id} {self.title}: {value}, goal ≤ {self.limit:g} {self.unit} {verdict}".rstrip()


def goals(record: Record) -> list[Goal]:
    """All figures, in order."""
    return [
        _ratio("P1", "preview of the whole stack / of an empty program", 1.8, *_previews(record, "project", "empty")),
        _ratio("P2", "preview with components / the same inline", 1.05, *_previews(record, "components", "inline")),
        _ratio(
            "P3",
            "first up / kubectl apply and wait",
            1.10,
            *_case(record, "first up", "components", "kubectl"),
            note=_others(record, "first up", "kubectl", ("inline", "untyped", "yaml", "helm")),
        ),
        _ratio(
            "P4",
            "second up / up of an empty program",
            1.5,
            *_case(record, "second up", "components", "empty"),
            note=_others(record, "second up", "empty", ("inline", "untyped", "yaml")),
        ),
        Goal("P5", "growth of the preview's time per database, 10 to 100", 20, "%", growth(record)),
        Goal("P6", "DNS queries per lookup of DB_HOST", 2, "queries", _value(record, "dns", "component")),
        Goal("P7", "make up on a warm machine", 90, "s", _value(record, "start", "warm up")),
    ]


def growth(record: Record) -> float | None:
    """By how much a database more costs at the largest size than at 10, in percent; negative where it costs less."""
    points = {
        int(point["databases"]): point for point in record.get("footprint", {}).get("results", {}).get("points", [])
    }
    if 10 not in points or len(points) < 2 or max(points) == 10:
        return None
    small, large = points[10], points[max(points)]
    per = [stats.spread(point["seconds"]).median / int(point["databases"]) for point in (small, large)]
    return (per[1] / per[0] - 1) * 100


def of_one_database(sides: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """The seconds of all sides with one database, by side and case; empty where that was not measured."""
    return next((size["seconds"] for size in sides.get("sizes", []) if size["databases"] == 1), {})


def _ratio(name: str, title: str, limit: float, above: list[float], below: list[float], *, note: str = "") -> Goal:
    return Goal(name, title, limit, "×", stats.ratio(above, below) if above and below else None, note)


def _previews(record: Record, *names: str) -> list[list[float]]:
    seconds = record.get("preview", {}).get("results", {}).get("deployed", {})
    return [seconds.get(name, []) for name in names]


def _case(record: Record, case: str, *names: str) -> list[list[float]]:
    one = of_one_database(record.get("sides", {}).get("results", {}))
    return [one.get(name, {}).get(case, []) for name in names]


def _others(record: Record, case: str, beside: str, names: tuple[str, ...]) -> str:
    """The same case with other sides, as multiples of the one that the goal is set by."""
    divisor = _case(record, case, beside)[0]
    measured = {LABELS[name]: _case(record, case, name)[0] for name in names}
    return "".join(
        f"; {words}: {stats.ratio(seconds, divisor):.2f} ×" for words, seconds in measured.items() if seconds
    )


def _value(record: Record, part: str, key: str) -> float | None:
    return record.get(part, {}).get("results", {}).get(key)
