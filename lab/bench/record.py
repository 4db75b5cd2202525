"""docs/reference/performance.json: what was measured last, part by part; a part that did not run keeps its results."""

import json
import os
import time
from pathlib import Path
from typing import Any

import psutil

from cli import paths

FILE = paths.CHECKOUT / "docs" / "reference" / "performance.json"


def load(path: Path = FILE) -> dict[str, dict[str, Any]]:
    """The parts that were measured, by name: each with its date, its machine and its results."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def add(part: str, results: dict[str, Any], path: Path = FILE) -> dict[str, dict[str, Any]]:
    """Put a part's results into the place of its older ones; return all parts.

    What was measured by the number of databases keeps the numbers that were not measured this time.
    """
    known = load(path)
    older = known.get(part, {}).get("results", {})
    kept = {key: _merged(older[key], value) for key, value in results.items() if key in older and _by_databases(value)}
    known[part] = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "results": _rounded({**results, **kept})}
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")
    return known


def _by_databases(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and "databases" in item for item in value)
    )


def _merged(older: list[dict[str, Any]], newer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {item["databases"]: item for item in [*older, *newer]}
    return [found[databases] for databases in sorted(found)]


def machine() -> str:
    """What everything ran on, in a few words."""
    return f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value
