"""Another image of a server with data: what MySQL's manual allows, what it does not, and what nobody can tell."""

import json
from typing import Any

import pytest

from cli.console import Problem
from cli.preview import gate, markdown, versions
from cli.preview.model import UNKNOWN, Change, Preview
from cli.preview.report import Report
from cli.stack import change as changing

REFUSED = {
    # Down.
    ("mysql:9.7", "mysql:8.4"): "MySQL 8.4 does not open the data of 9.7",
    ("localhost/mysql:9.7", "mysql:8.4@sha256:0"): "MySQL 8.4 does not open the data of 9.7",
    ("mysql:9.7.4", "mysql:9.7.2"): "9.7.2 is an older patch than 9.7.4, which wrote the data; the series allows it",
    ("mysql:8.0.36", "mysql:8.0.35"): "8.0.35 is an older patch than 8.0.36, which wrote the data: the server refuses",
    ("mysql:8.0", "mysql:8.0.36"): "8.0 may have been a later patch than 8.0.36, and then the server refuses",
    ("mariadb:11.4", "mariadb:10.11"): "MariaDB 10.11 does not open the data of 11.4",
    # A series is skipped.
    ("mysql:8.0.36", "mysql:9.7.2"): "no long-term series may be skipped: 8.0 → 9.7 goes by 8.4",
    ("mysql:5.7", "mysql:9.7"): "no long-term series may be skipped: 5.7 → 9.7 goes by 8.0 and 8.4",
    ("mysql:8.3", "mysql:9.0"): "no long-term series may be skipped: 8.3 → 9.0 goes by 8.4",
    ("mysql:8.4", "mysql:10.0"): "no long-term series may be skipped: 8.4 → 10.0 goes by 9.7",
    ("percona/percona-server:8.0", "percona/percona-server:9.7"): "8.0 → 9.7 goes by 8.4",
    # Another product.
    ("mysql:9.7", "mariadb:11.4"): "MySQL wrote the data, and MariaDB would open it",
    ("mysql:9.7", "percona:9.7"): "MySQL wrote the data, and Percona Server would open it",
    ("mysql:9.7", "docker.io/bitnami/mysql:9.7"): "MySQL wrote the data, and Bitnami's MySQL would open it",
    ("mysql:9.7", "registry.example.com/team/db:9.7"): "the name registry.example.com/team/db does not say which",
    ("postgres:16", "mysql:9.7"): "PostgreSQL wrote the data, and MySQL would open it",
    ("postgres:16.2", "postgres:17.1"): "PostgreSQL 17 does not open the files of 16",
    ("bitnami/postgresql:17", "bitnami/postgresql:16"): "PostgreSQL 16 does not open the files of 17",
    ("postgres:9.5", "postgres:9.6"): "PostgreSQL 9.6 does not open the files of 9.5",
    # A tag that says nothing.
    ("mysql:9.7", "mysql:latest"): "the tag does not say which version comes",
    ("mysql:9.7", "mysql"): "the tag does not say which version comes",
    ("mysql:9.7", "mysql:lts"): "the tag does not say which version comes",
    ("mysql:9.7", "mysql:9"): "the tag does not say which version comes",
    ("mysql:9.7", "mysql@sha256:1"): "the tag does not say which version comes",
    ("mysql@sha256:0", "mysql@sha256:1"): "the tag does not say which version comes",
    ("mysql:latest", "mysql:9.7.2"): "the old tag does not say which version wrote the data",
    ("mysql:9.7", UNKNOWN): "which image comes is known only while `up` runs",
}
TOLD = {
    ("mysql:8.4", "mysql:9.7"): "8.4 → 9.7: the server upgrades its data when it starts. The way back is a restore",
    ("mysql:8.4.9", "registry.example.com:5000/mirror/mysql:9.7.2"): "8.4.9 → 9.7.2: the server upgrades its data",
    ("mysql:8.0.36-debian", "mysql:8.4.2-oraclelinux9"): "8.0.36 → 8.4.2: the server upgrades its data",
    ("mysql:9.6.0", "mysql:9.7.2"): "9.6.0 → 9.7.2: the server upgrades its data",
    ("mysql:8.0.35", "mysql:8.0.36"): "8.0.35 → 8.0.36: the server upgrades its data",
    ("mariadb:10.6", "mariadb:11.4"): "10.6 → 11.4: the server upgrades its data",
    ("mysql:9.7", "mysql:9.7.2"): "9.7 may have been a later patch than 9.7.2",
}
NOTHING = [
    ("mysql:9.7", "mysql:9.7"),
    ("mysql:9.7.2", "mysql:9.7.4"),
    ("mysql:9.7.2", "mysql:9.7"),
    ("mysql:9.7.2@sha256:0", "mysql:9.7.2@sha256:1"),
    ("mysql:9.7@sha256:0", "mysql:9.7@sha256:1"),
    ("mysql:9.7.2", "mysql:9.7.2-oraclelinux9"),
    ("mysql:9.7.2", "container-registry.oracle.com/mysql/community-server:9.7.2"),
    ("postgres:16.1", "postgres:16.3-alpine"),
    ("team/db:9.7.2", "team/db:9.7.4"),
]


@pytest.mark.parametrize("images", REFUSED, ids=" ".join)
def test_what_would_not_open_the_data_is_refused_with_why_and_what_to_do(images):
    judgement = versions.judge(*images)
    assert judgement
    assert judgement.refused
    assert REFUSED[images] in judgement.why
    assert judgement.do


@pytest.mark.parametrize("images", TOLD, ids=" ".join)
def test_an_upgrade_in_place_is_told_with_the_way_back(images):
    judgement = versions.judge(*images)
    assert judgement
    assert not judgement.refused
    assert TOLD[images] in str(judgement)


@pytest.mark.parametrize("images", NOTHING, ids=" ".join)
def test_what_leaves_the_data_as_it_is_needs_no_word(images):
    assert versions.judge(*images) is None


@pytest.mark.parametrize(
    ("image", "product"),
    [
        ("mysql:9.7", "MySQL"),
        ("our-mysql-84:1", "MySQL"),
        ("bitnamilegacy/mariadb:11", "Bitnami's MariaDB"),
        ("percona/percona-xtradb-cluster:8.0", "Percona Server"),
        ("percona/percona-distribution-postgresql:16", "PostgreSQL"),
        ("postgis/postgis:16-3.4", "PostgreSQL"),
        ("prom/mysqld-exporter:v0.15", ""),
        ("databack/mysql-backup:1", ""),
        ("percona/percona-server-mongodb:7.0", ""),
        ("registry.example.com/authenticate:1.0.0", ""),
    ],
)
def test_a_product_is_known_by_its_images_name(image, product):
    assert versions.product(image) == product


def workload(image: str, *, kind: str = "Deployment", data: str = "claim") -> dict[str, Any]:
    mounts = [{"name": "data", "mountPath": "/var/lib/mysql"}]
    volume = {"claim": {"persistentVolumeClaim": {"claimName": "db-data"}}, "scratch": {"emptyDir": {}}}.get(data, {})
    sidecar = {"name": "exporter", "image": f"prom/mysqld-exporter:{len(image)}"}
    template = {
        "containers": [{"name": "db", "image": image, "volumeMounts": mounts}, sidecar],
        "volumes": [{"name": "data", **volume}] if volume else [],
    }
    claims = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]} if data == "template" else {}
    return {"kind": kind, "metadata": {"name": "db"}, "spec": {"template": {"spec": template}, **claims}}


def change(old: str, new: str, *, component: bool = False, **more: Any) -> Change:
    before, after = workload(old, **more), workload(new, **more)
    parent = "kubeauth:index:MySqlDatabase$" if component else ""
    urn = f"urn:pulumi:dev::shop::{parent}kubernetes:apps/v1:{before['kind']}::db"
    return Change("update", urn, before=before, after=after)


def judged(given: Change, *allowed: str) -> list[gate.Finding]:
    return gate.judge(Preview([given]), "dev", frozenset(allowed))


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize("data", ["claim", "template"])
def test_a_server_of_any_program_that_keeps_data_is_judged(kind, data):
    (finding,) = judged(change("mysql:9.7", "mysql:8.4", kind=kind, data=data))
    assert (finding.rule, finding.property) == ("server-version", "image: mysql:9.7 → mysql:8.4")
    assert (finding.token, finding.allowed) == ("dev/db", False)
    assert judged(change("mysql:9.7", "mysql:8.4", kind=kind, data=data), "dev/db")[0].allowed


def test_a_server_without_data_and_another_program_with_data_are_not_judged():
    assert not judged(change("mysql:9.7", "mysql:8.4", data="scratch"))
    assert not judged(change("registry.example.com/wiki:2.0", "registry.example.com/wiki:1.0"))


def test_of_a_database_component_every_image_counts_whatever_it_is_called():
    (finding,) = judged(change("team/db:9.7", "team/db:8.4", component=True))
    assert "the server 8.4 does not open the data of 9.7" in finding.consequence


def test_an_upgrade_is_in_the_comment_and_in_the_json_and_stops_nothing():
    given = change("mysql:8.4", "mysql:9.7", component=True)
    report = Report("dev", "Preview", Preview([given]), judged(given))
    told = "8.4 → 9.7: the server upgrades its data when it starts. The way back is a restore: make a backup first."
    assert f"**`Deployment db` gets another server:** `mysql:8.4` → `mysql:9.7`. {told}" in markdown.render(report)
    (upgrade,) = report.as_data()["upgrades"]
    assert (upgrade["resource"], upgrade["before"], upgrade["after"]) == ("Deployment db", "mysql:8.4", "mysql:9.7")
    assert (report.verdict, report.findings) == ("ok", [])


def test_a_refused_image_is_in_the_comment_with_the_line_that_allows_it():
    given = change("mysql:9.7", "mariadb:11.4", component=True)
    comment = markdown.render(Report("dev", "Preview", Preview([given]), judged(given)))
    assert "| `Deployment db` | `image: mysql:9.7 → mariadb:11.4` | MySQL wrote the data, and MariaDB would" in comment
    assert "allow-destructive: dev/db" in comment


def log(tmp_path, given: Change):
    sides = {"old": {"inputs": given.before, "urn": given.urn}, "new": {"inputs": given.after, "urn": given.urn}}
    step = {"metadata": {"op": "update", "urn": given.urn, "type": given.types[-1], **sides}, "planning": True}
    path = tmp_path / "events"
    path.write_text(json.dumps({"preludeEvent": {}}) + "\n" + json.dumps({"resourcePreEvent": step}) + "\n")
    return path


def test_up_refuses_it_before_anything_runs_and_says_how_to_mean_it(tmp_path, monkeypatch):
    events = log(tmp_path, change("mysql:9.7", "mysql:8.4", component=True))
    with pytest.raises(Problem) as caught:
        changing.refuse_servers("dev", events)
    assert "Nothing was changed.\n  Deployment db, image: mysql:9.7 → mysql:8.4: MySQL 8.4 does not open" in str(
        caught.value
    )
    assert caught.value.fix.endswith("ALLOW=dev/db make up STACK=dev")
    monkeypatch.setenv("ALLOW", "dev/db")
    changing.refuse_servers("dev", events)


def test_up_does_not_stop_for_an_upgrade_or_where_nothing_was_previewed(tmp_path):
    changing.refuse_servers("dev", log(tmp_path, change("mysql:8.4", "mysql:9.7", component=True)))
    changing.refuse_servers("dev", tmp_path / "none")


def test_up_asks_after_its_preview_and_not_after_its_update(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(changing, "_shown", lambda *_: changing.Ended(0, 0))
    monkeypatch.setattr(changing, "refuse_servers", lambda stack, log: asked.append(stack))
    stack: Any = type("Stack", (), {"name": "dev", "exports": lambda self: {}})()
    changing._run(stack, 0, ["preview"])
    changing._run(stack, 0, ["up"])
    assert asked == ["dev"]
