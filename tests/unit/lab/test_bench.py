"""The bench's figures: what is made of measurements, and of the record."""

import copy
from typing import Any

import pytest

from components import DatabaseSize
from components.mysql import sizes
from lab.bench import chart, goals, objects, page, part_memory, part_path, record, stats

SECONDS = {"components": 1.5, "inline": 1.5, "untyped": 1.25, "yaml": 1.0, "empty": 1.0, "kubectl": 2.0, "helm": 3.0}


def sides(databases: int) -> dict[str, Any]:
    cases = ("first up", "second up", "one value", "preview", "destroy")
    seconds = {name: {case: [value * databases] * 3 for case in cases} for name, value in SECONDS.items()}
    return {
        "databases": databases,
        "objects": 12,
        "count": 3,
        "fake": databases > 1,
        "date": "2026-11-25",
        "seconds": seconds,
    }


def part(results: dict[str, Any]) -> dict[str, Any]:
    return {"date": "2026-11-25", "machine": "2 cores, 24 GiB", "results": results}


def point(databases: int, seconds: float) -> dict[str, Any]:
    memory = {"engine": 100.0, "language host": 40.0, "program": 150.0, "provider": 200.0}
    return {"databases": databases, "resources": 7 * databases + 10, "seconds": [seconds], "mebibytes": memory}


PREVIEWS = {"project": [1.7, 1.8, 1.9], "components": [2.2], "inline": [2.0], "empty": [1.0]}
TRIAL = {
    "asked": "small", "limit": "256Mi", "cpu": "500m", "ready": 9.0, "initialize": 3.0, "idle megabytes": 230.0,
    "megabytes": 250.0, "statements": 900.0, "survived": True, "cause": "",
}  # fmt: skip
RECORD = {
    "dns": part({"component": 2.0, "plain": 8.0}),
    "footprint": part({"points": [point(10, 3.0), point(30, 7.0), point(100, 21.0)]}),
    "memory": part({"sizes": [TRIAL], "smallest": 240, "tried": [{**TRIAL, "asked": "224Mi", "survived": False}]}),
    "path": part({"runs": [dict(zip(part_path.STEPS, range(1, 12), strict=True))]}),
    "preview": part({"nothing": PREVIEWS, "deployed": PREVIEWS, "imports": {"python": [0.1]}}),
    "sides": part({"sizes": [sides(1), sides(10)]}),
    "start": part({"warm up": 40.0, "second up": 9.0, "node start": 11.0, "builds": {"engine": {"pulumi": 170.0}}}),
}


def test_a_spread_is_the_median_and_the_quartiles():
    assert stats.spread([5, 1, 2, 4, 3]) == stats.Spread(3, 2, 4, 5)
    assert str(stats.spread([5, 1, 2, 4, 3])) == "3.00 s (2.00–4.00)"
    assert str(stats.spread([1.234])) == "1.23 s"


def test_a_ratio_is_one_of_medians():
    assert stats.ratio([3, 100, 1], [2, 2, 50]) == 1.5


def test_a_line_is_found_through_points():
    line = stats.fit([(10, 3), (30, 7), (100, 21)])
    assert (round(line.base, 9), round(line.slope, 9), round(line.r2, 9)) == (1, 0.2, 1)
    assert stats.fit([(1, 2), (2, 2)]) == stats.Line(2, 0, 1)


def test_every_figure_stands_beside_its_goal():
    found = {
        goal.id: (goal.value if goal.value is None else round(goal.value, 3), goal.reached)
        for goal in goals.goals(RECORD)
    }
    assert found == {
        "P1": (1.8, True),
        "P2": (1.1, False),
        "P3": (0.75, True),
        "P4": (1.5, True),
        "P5": (-30.0, True),
        "P6": (2.0, True),
        "P7": (40.0, True),
    }


def test_the_last_digit_shown_decides():
    shown = goals.Goal("P2", "", 1.05, "×", 1.054), goals.Goal("P2", "", 1.05, "×", 1.056)
    assert [(str(goal), goal.reached) for goal in shown] == [
        ("P2 : 1.05 ×, goal ≤ 1.05 × reached", True),
        ("P2 : 1.06 ×, goal ≤ 1.05 × MISSED", False),
    ]


def test_what_was_not_measured_is_neither_reached_nor_missed():
    assert {(goal.value, goal.reached) for goal in goals.goals({})} == {(None, False)}
    assert str(goals.goals({})[5]) == "P6 DNS queries per lookup of DB_HOST: not measured, goal ≤ 2 queries"
    assert "missed" not in page.page({})


def test_a_part_that_did_not_run_keeps_its_results(tmp_path):
    file = tmp_path / "performance.json"
    record.add("dns", {"component": 2.00001}, file)
    assert record.add("start", {"warm up": 40.0}, file) == record.load(file)
    assert record.add("start", {"warm up": 50.0}, file)["start"]["results"] == {"warm up": 50.0}
    assert record.load(file)["dns"]["results"] == {"component": 2.0}


def test_a_number_of_databases_that_was_not_measured_keeps_its_results(tmp_path):
    file = tmp_path / "performance.json"
    record.add("sides", {"sizes": [sides(1), {**sides(10), "count": 2}]}, file)
    record.add("sides", {"sizes": [sides(30), sides(10)]}, file)
    assert record.load(file)["sides"]["results"] == {"sizes": [sides(1), sides(10), sides(30)]}
    record.add("memory", {"sizes": [TRIAL]}, file)
    assert record.add("memory", {"sizes": []}, file)["memory"]["results"] == {"sizes": []}


def test_the_page_shows_every_part():
    text = page.page(RECORD)
    assert "| P2 | preview with components / the same inline | 1.10 × | ≤ 1.05 × | **missed** |\n" in text
    limits = "one Python file: 1.50 ×; untyped Python: 1.25 ×; Pulumi YAML: 1.00 ×"
    assert f"| P4 | second up / up of an empty program | 1.50 × | ≤ 1.5 × | reached; {limits} |\n" in text
    assert "| this project | 1.50 s (1.50–1.50) |" in text
    assert "; they import without garbage collection | +0.00 s | 1.50 × |\n" in text
    assert "| 100 | 710 | 21.00 s | 210 ms | 200 MiB | 150 MiB | 40 MiB | 100 MiB |\n" in text
    assert "The line through them: 1.00 s and 200 ms per database, R² 1.000." in text
    assert "| together |  | 11.00 s |\n" in text
    assert "The smallest limit that survives, by search: 240Mi." in text
    assert "| small | 500m | 256Mi | 9.0 s | 3.0 s | 230 MB | 250 MB | 900 | survived |\n" in text
    assert "One lookup of DB_HOST takes 2 queries in the auth service's pod, 8 in a pod" in text


def test_the_picture_is_the_same_for_the_same_record(tmp_path):
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    chart.draw(RECORD, first)
    chart.draw(copy.deepcopy(RECORD), second)
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text()
    for words in ("this project", "mysqld --initialize  1.0 s", "What a first `up` waits for: 11.0 s", "R² 1.000"):
        assert words in text


def test_a_step_that_ended_early_lasts_no_time():
    moments = {**dict.fromkeys(part_path.STEPS, 2.0), "pod is made": 1.5, "engine notices and ends": 3.0}
    taken = part_path.durations({"runs": [moments]})
    assert sum(taken.values()) == 3.0
    assert (taken["engine and program start"], taken["pod is made"], taken["engine notices and ends"]) == (
        2.0,
        0.0,
        1.0,
    )


@pytest.mark.parametrize("smallest", range(208, 400, 16))
def test_the_smallest_limit_is_found_by_halving(smallest):
    asked: list[int] = []
    assert part_memory.search(192, 384, 16, lambda limit: asked.append(limit) or limit >= smallest) == smallest
    assert len(asked) <= 5


def deployed(**changes: Any) -> dict[str, Any]:
    metadata = {"name": "a", "uid": "1", "resourceVersion": "2", "labels": {"team": "x"}, "annotations": {"note": "n"}}
    spec = {"clusterIP": "10.0.0.1", "ports": [{"port": 1, "nodePort": 30000}]}
    return {"kind": "Service", "metadata": {**metadata, **changes}, "spec": spec, "status": {"loadBalancer": {}}}


def test_what_tools_and_the_cluster_add_makes_no_difference():
    helm = {"labels": {"team": "x", "app.kubernetes.io/managed-by": "Helm"}, "uid": "9",
            "annotations": {"note": "n", "meta.helm.sh/release-name": "bench"}}  # fmt: skip
    one, other = objects.normalised(deployed()), objects.normalised(deployed(**helm))
    assert one == other == {
        "kind": "Service", "name": "a", "labels": {"team": "x"}, "annotations": {"note": "n"},
        "spec": {"ports": [{"port": 1}]},
    }  # fmt: skip


def test_what_differs_is_named_with_its_place():
    one = {"Service a": objects.normalised(deployed()), "Secret b": {}}
    other = {"Service a": objects.normalised(deployed(annotations={"note": "m"}))}
    assert objects.differences(one, other) == [
        "Secret b is missing on one side",
        "Service a.annotations.note: 'n' or 'm'",
    ]
    assert objects.differences(one, one) == []


def test_the_page_and_its_picture_are_written_from_the_record(tmp_path):
    """`make bench` writes all three; a figure that somebody edits by hand is no measurement."""
    known = record.load()
    assert page.page(known) == page.PAGE.read_text(encoding="utf-8")
    chart.draw(known, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == page.PICTURE.read_bytes()


def test_the_least_memory_is_what_the_search_found():
    assert f"{record.load()['memory']['results']['smallest']}Mi" == sizes.MINIMUM_MEMORY
    assert tuple(size.value for size in DatabaseSize) == part_memory.SIZES


@pytest.mark.parametrize("name", ["mysql-credentials", "mysql-credentials-0a1b2c3d"])
def test_a_secret_is_the_same_on_each_side_whatever_end_pulumi_gave_its_name(name):
    assert objects.key({"kind": "Secret", "metadata": {"name": name}}) == "Secret mysql-credentials"
