"""Medians, spreads, ratios of medians and lines through points; all that the page's figures are made with."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing."""

    median: float
    low: float
    """A quarter of the measurements is below it."""
    high: float
    """A quarter of the measurements is above it."""
    count: int

    def __str__(self) -> str:
        """For example `1.02 s (0.98–1.10)`."""
        return f"{self.median:.2f} s" + (f" ({self.low:.2f}–{self.high:.2f})" if self.count > 1 else "")


def spread(values: Sequence[float]) -> Spread:
    """The median and the quartiles of measurements; at least one."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


def ratio(values: Sequence[float], floor: Sequence[float]) -> float:
    """The ratio of two medians."""
    return statistics.median(values) / statistics.median(floor)


@dataclass(frozen=True)
class Line:
    """A straight line through points."""

    base: float
    """Where it begins, at 0."""
    slope: float
    """What each step adds."""
    r2: float
    """How much of the points' variance it explains, 0 to 1."""


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """The line with the least squares; at least two points with different x."""
    xs, ys = zip(*points, strict=True)
    slope, base = statistics.linear_regression(xs, ys)
    flat = len(set(ys)) == 1
    return Line(base, slope, 1.0 if flat else statistics.correlation(xs, ys) ** 2)
