"""What the comment says first: who is away for how long, the way back, and the graph."""

import json
import re
from typing import Any

import pytest

from cli import paths
from cli.preview import figures, gate, graph, markdown, meaning
from cli.preview.model import Change, Preview
from cli.preview.report import Report

AUTH, DATABASE = "kubeauth:index:AuthService$", "kubeauth:index:MySqlDatabase$"


def change(
    op: str, kind: str, name: str, before: Any = None, after: Any = None, parents: str = "", **more: Any
) -> Change:
    urn = f"urn:pulumi:dev::shop::{parents}kubernetes:x/v1:{kind}::{name}"
    return Change(op, urn, before=before, after=after, **more)


def workload(image: str, **spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}, **spec}}


def restart(kind: str = "Deployment", parents: str = "", op: str = "update", **spec: Any) -> Change:
    after = {"kind": kind, **workload("b:2", **spec)}
    return change(op, kind, "web", {"kind": kind, **workload("b:1", **spec)}, after, parents)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (restart(parents=DATABASE, strategy={"type": "Recreate"}), "away up to 6.9 s in 95 of 100 cases"),
        (restart(parents=AUTH), "away 0 s: its old pods serve until new ones are ready"),
        (restart(strategy={"type": "Recreate"}), "away until a new pod is ready; for how long is not measured"),
        (restart("StatefulSet"), "away until a new pod is ready; for how long is not measured"),
        (restart("StatefulSet", replicas=3), "one after the other, and serve meanwhile if"),
        (restart(strategy={"rollingUpdate": {"maxUnavailable": 1}}), "away until a new pod is ready"),
        (restart(), "one after the other, and serve meanwhile"),
        (restart(op="replace"), "away from its deletion until a new pod is ready; for how long is not measured"),
        (restart(parents=DATABASE, op="replace"), "away from its deletion until a new pod is ready; for how"),
        (restart("Job"), "serves nobody"),
        (change("delete", "Deployment", "web", workload("b:1")), "away for good: its pods are stopped and removed"),
    ],
)
def test_each_restart_says_for_how_long_it_is_away_or_that_nobody_measured_it(given, said):
    ((found, words),) = meaning.away(Preview([given]))
    assert found == given
    assert said in words
    assert f"- **`{given}`**: {words}." in markdown.render(Report("dev", "Preview", Preview([given])))


def test_the_figures_are_those_that_were_measured_last():
    measured = json.loads((paths.CHECKOUT / "docs/reference/reliability.json").read_text())
    for figure in (figures.DATABASE_POD, figures.AUTH_ROLLOUT):
        assert figure.date == measured[figure.source]["date"]
        assert f"(measured {figure.date}, {figure.source} in docs/reference/reliability.md)" in str(figure)
    (pod,) = re.findall(r"pod p95 ([0-9.]+) s", measured["F6"]["figure"])
    assert f"up to {pod} s in 95 of 100 cases" in figures.DATABASE_POD.words
    assert "0 acknowledged writes lost" in measured["F6"]["figure"]
    assert "the old pods were ready all the time" in measured["F14"]["figure"]


CLAIM = change("delete", "PersistentVolumeClaim", "data", {})
KEPT = change("same", "ConfigMap", "kept", {}, {})
UPDATED = change("update", "ConfigMap", "map", {"data": {"a": "1"}}, {"data": {"a": "2"}})


def back(*changes: Change, failure: str = "") -> meaning.Back:
    preview = Preview([KEPT, *changes], failure=failure)
    return meaning.back(preview, gate.judge(preview, "dev"))


@pytest.mark.parametrize(
    ("there", "way", "said"),
    [
        ([UPDATED], back(UPDATED), "lossless (1 updated)"),
        ([UPDATED], back(), "lossless (nothing to do)"),
        ([UPDATED], back(CLAIM), "would lose data or not start: PersistentVolumeClaim data: the volume and all data"),
        # It comes back, and it is empty: the engine alone would call that a creation.
        ([CLAIM], back(change("create", "PersistentVolumeClaim", "data", None, {})), "does not bring back what this"),
        ([UPDATED], back(failure="pulumi preview failed:\nno"), "not known: pulumi preview failed: no"),
        # Wider on the way back is a matter of the gate, not of loss.
        ([UPDATED], back(change("create", "Ingress", "in", None, {})), "lossless (1 created)"),
    ],
)
def test_the_way_back_is_computed_and_says_what_it_would_lose(there, way, said):
    preview = Preview([KEPT, *there])
    report = Report("dev", "Preview", preview, gate.judge(preview, "dev"), back=way)
    assert report.as_data()["way_back"].startswith(said)
    ticks = "" if said.startswith("lossless") else "`"
    line = f"- **The way back** (the engine's preview from this change to its base): {ticks}{said}"
    assert line in markdown.render(report)


def test_an_upgrade_of_a_server_has_no_way_back():
    def server(image: str) -> dict[str, Any]:
        made = workload(image)
        made["spec"]["template"]["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]
        made["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "d", "mountPath": "/d"}]
        return made

    down = change("update", "Deployment", "db", server("mysql:9.7"), server("mysql:8.4"))
    assert "MySQL 8.4 does not open the data of 9.7" in meaning.way_back([], back(down))


def drawn(*changes: Change) -> str:
    return "\n".join(graph.lines(Preview(list(changes))))


def test_the_graph_shows_what_changes_in_its_component_and_who_names_whom():
    component = Change("update", f"urn:pulumi:dev::shop::{DATABASE[:-1]}::db", before={}, after={})

    def child(op: str, kind: str, name: str, spec: Any) -> Change:
        return change(op, kind, name, {}, {"metadata": {"name": name}, "spec": spec}, DATABASE, parent=component.urn)

    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "db-data"}}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"volumes": [volume]}}
    database = child("update", "Deployment", "db-deployment", {"template": template})
    service = child("same", "Service", "db-service", {"selector": {"app": "db"}})
    claim = child("replace", "PersistentVolumeClaim", "db-data", {})
    web = workload("web:1")
    web["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "H", "value": "mysql://db-service.shop:3306/x"}]
    said = drawn(component, database, service, claim, change("create", "Deployment", "web", None, web), KEPT)
    assert 'subgraph p0["MySqlDatabase db"]' in said
    nodes = {name: number for number, name in re.findall(r'(n\d+)\["\w+<br/>([\w-]+)"\]', said)}
    assert nodes.keys() == {"db-deployment", "db-service", "db-data", "web"}, (
        "what is the same and named by nobody is not there"
    )
    edges = set(re.findall(r"(n\d+) --> (n\d+)", said))
    pairs = [("db-service", "db-deployment"), ("db-deployment", "db-data"), ("web", "db-service")]
    assert edges == {(nodes[one], nodes[other]) for one, other in pairs}
    assert '"]:::replace' in said
    assert "classDef replace fill:" in said


def test_the_graph_is_small_and_nothing_in_it_ends_a_label():
    assert drawn(KEPT) == ""
    many = [change("create", "ConfigMap", f"map-{n}", None, {}) for n in range(200)]
    said = drawn(*many)
    assert f'more["and {200 - graph.MOST} more"]' in said
    assert len(said.splitlines()) < graph.MOST + 6
    evil = drawn(change("create", "ConfigMap", 'x"] --> y\n```\n<b>@all</b>', None, {}))
    assert evil.count('"') == 2
    assert "```" not in evil
    assert "<b>" not in evil
    assert len(evil.splitlines()) == 3


def test_drift_has_neither_meaning_nor_graph():
    comment = markdown.render(Report("dev", "Drift", Preview([restart()]), is_drift=True))
    assert "away" not in comment
    assert "mermaid" not in comment
