"""What holds data is not lost by accident: in any program, of any provider, with or without kubeauth's components."""

from dataclasses import replace
from typing import Any

import pytest

from cli.preview import gate
from cli.preview.model import Change, Preview
from cli.preview.rules import Settings

KEPT = Change("same", "urn:pulumi:prod::shop::kubernetes:core/v1:ConfigMap::kept", before={}, after={})
OF_KUBERNETES = [
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:mysql.oracle.com/v2:InnoDBCluster",
    "kubernetes:ps.percona.com/v1alpha1:PerconaServerMySQL",
    "kubernetes:pgv2.percona.com/v2:PerconaPGCluster",
    "kubernetes:moco.cybozu.com/v1beta2:MySQLCluster",
    "kubernetes:planetscale.com/v2:VitessCluster",
    "kubernetes:postgresql.cnpg.io/v1:Cluster",
]
OF_CLOUDS = [
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws-native:rds:DBInstance",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:sql/database:Database",
    "azure-native:dbformysql:Server",
    "azure-native:dbformysql/v20230630:Database",
    "azure-native_dbformysql_v20230630:dbformysql:Server",
    "azure:mysql/flexibleServer:FlexibleServer",
    "mysql:index/database:Database",
    "aws:s3/bucketV2:BucketV2",
]
HARMLESS = [
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:rds/parameterGroup:ParameterGroup",
    "azure:mysql/flexibleServerFirewallRule:FlexibleServerFirewallRule",
    "azure-native:dbformysql:FirewallRule",
    "gcp:sql/sslCert:SslCert",
    "kubernetes:cluster.x-k8s.io/v1beta1:Cluster",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:PersistentVolumeClaimPatch",
    "kubernetes:batch/v1:Job",
    "random:index/randomPassword:RandomPassword",
]


def change(kind: str, op: str = "delete", parents: str = "", **more: Any) -> Change:
    more = {"before": {}, "after": None if op == "delete" else {}, "given": True, **more}
    return Change(op, f"urn:pulumi:prod::shop::{parents}{kind}::it", **more)


def judged(given: Change, settings: Settings | None = None) -> list[gate.Finding]:
    return gate.judge(Preview([KEPT, given]), "prod", settings=settings)


@pytest.mark.parametrize("op", ["delete", "replace"])
@pytest.mark.parametrize("kind", [*OF_KUBERNETES, *OF_CLOUDS])
@pytest.mark.parametrize("parents", ["", "my:company:Backend$"])
def test_what_holds_data_is_stopped_whoever_made_it_and_wherever_it_is(kind, op, parents):
    (finding,) = judged(change(kind, op, parents))
    assert (finding.rule, finding.token, finding.stops) == ("data", "prod/it", True)
    assert finding.consequence


@pytest.mark.parametrize("kind", [*OF_KUBERNETES, *OF_CLOUDS])
def test_what_holds_data_may_be_made_and_changed(kind):
    assert not judged(change(kind, "create", before=None))
    assert not judged(change(kind, "update"))


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_holds_no_data_may_go(kind):
    assert not judged(change(kind))


@pytest.mark.parametrize(
    "kind", ["kubernetes:core/v1:Namespace", "kubernetes:core/v1:PersistentVolumeClaim", "aws:rds/instance:Instance"]
)
def test_what_pulumi_leaves_where_it_is_is_not_lost_but_a_new_one_in_its_place_is_empty(kind):
    assert not judged(change(kind, retained=True))
    assert judged(change(kind, "replace", retained=True))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "all its pods are stopped and removed at once"),
        ({"volumeClaimTemplates": [{}]}, "the claims that it made stay, and nobody manages them"),
        (
            {"volumeClaimTemplates": [{}], "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}},
            "the claims that it made are deleted with all data",
        ),
    ],
)
def test_of_a_statefulset_is_said_what_becomes_of_its_claims(spec, said):
    (finding,) = judged(change("kubernetes:apps/v1:StatefulSet", before={"spec": spec}))
    assert finding.consequence.endswith(said)


@pytest.mark.parametrize(("image", "stopped"), [("mysql:9.7", True), ("postgres:16", True), ("wiki:1", False)])
def test_a_deployment_that_is_a_database_may_not_go(image, stopped):
    mounts = [{"name": "data", "mountPath": "/data"}]
    pod = {
        "containers": [{"name": "db", "image": image, "volumeMounts": mounts}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    }
    found = judged(change("kubernetes:apps/v1:Deployment", before={"spec": {"template": {"spec": pod}}}))
    assert [finding.rule for finding in found] == (["database"] if stopped else [])


def test_a_resource_of_a_cloud_is_counted_and_a_component_is_not():
    preview = Preview([change("aws:rds/instance:Instance"), change("my:company:Backend", given=False)])
    assert [found.kind for found in preview.of("delete")] == ["Instance"]


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("MinioTenant", "kubernetes:minio.min.io/v2:MinioTenant"),
        ("*Tenant", "kubernetes:minio.min.io/v2:MinioTenant"),
        ("kubernetes:minio.min.io/*", "kubernetes:minio.min.io/v2:MinioTenant"),
        ("example:storage/*", "example:storage/box:Box"),
    ],
)
def test_a_project_names_more_that_holds_data(pattern, kind):
    assert not judged(change(kind))
    (finding,) = judged(change(kind), Settings(data=(pattern,)))
    assert finding.consequence == f"it holds data, as kubeauth-gate.yaml says of {pattern}"


def test_a_rule_can_only_tell_or_be_off():
    gone = change("aws:rds/instance:Instance")
    (told,) = judged(gone, Settings(rules={"data": "tell"}))
    assert not told.stops
    assert not judged(gone, Settings(rules={"data": "off"}))
    assert judged(gone, Settings(rules={"claim": "off"}))[0].stops


def database(kind: str, op: str = "create", was: str = "") -> Change:
    urn = "urn:pulumi:prod::shop::kubeauth:index:{}::db"
    return Change(
        op, urn.format(kind), old_urn=urn.format(was) if was else "", before={} if was or op == "delete" else None
    )


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([database("MySqlDatabase", "same", "MySqlCluster")], "several servers → one server"),
        ([database("MySqlCluster"), database("MySqlDatabase", "delete")], "one server → several servers"),
    ],
)
def test_a_database_that_becomes_one_of_another_kind_begins_empty(steps, told):
    """With an alias, as in this project's program, and without one."""
    (finding,) = [it for it in gate.judge(Preview([KEPT, *steps]), "prod") if it.rule == "servers"]
    assert (finding.property, finding.token.startswith("prod/")) == (told, True)
    assert "empty schema" in finding.consequence


def child(op: str, name: str = "db-deployment", *words: str, kind: str = "apps/v1:Deployment") -> Change:
    inputs = {
        "kind": kind.rpartition(":")[2],
        "spec": {"template": {"spec": {"initContainers": [{"name": "initialize", "args": [*words]}]}}},
    }
    urn = f"urn:pulumi:prod::shop::kubeauth:index:MySqlDatabase$kubernetes:{kind}::{name}"
    return Change(op, urn, before=inputs, after=None if op == "delete" else inputs)


def rules_of(*steps: Change) -> dict[str, str]:
    return {
        f"{it.rule} {it.change.name}": "stops" if it.stops else "told"
        for it in gate.judge(Preview([KEPT, *steps]), "prod")
    }


MOVED = database("MySqlCluster", "same", "MySqlDatabase")
CLAIM = child("delete", "db-data", kind="core/v1:PersistentVolumeClaim")


def test_one_server_that_becomes_several_is_told_with_the_outage_and_its_server_and_volume_may_go():
    assert rules_of(MOVED, child("delete"), CLAIM) == {"more-servers db": "told"}
    (finding,) = gate.judge(Preview([KEPT, MOVED]), "prod")
    assert "its data is taken along: writes fail for" in finding.consequence
    backups = child("delete", "db-backups", kind="core/v1:PersistentVolumeClaim")
    assert rules_of(MOVED, backups) == {"more-servers db": "told", "claim db-backups": "stops"}


def test_schemas_and_accounts_that_stay_behind_are_named_and_stop_it():
    old = child("delete", "db-deployment", "SCHEMAS=orders=utf8mb4_bin stock=", "ACCOUNTS=reader:data:orders")
    assert rules_of(MOVED, old, CLAIM) == {
        "servers db": "stops",
        "database db-deployment": "stops",
        "claim db-data": "stops",
    }
    (finding,) = [it for it in gate.judge(Preview([KEPT, MOVED, old]), "prod") if it.rule == "servers"]
    assert finding.consequence.endswith("and not orders, stock, reader")


def test_going_back_after_an_import_that_failed_loses_nothing_and_after_gateways_served_it_may():
    back = database("MySqlDatabase", "same", "MySqlCluster")
    gateways = replace(
        child("delete", "db-vtgate"),
        urn="urn:pulumi:prod::shop::kubeauth:index:MySqlCluster$kubernetes:apps/v1:Deployment::db-vtgate",
    )
    assert rules_of(back, child("same")) == {}
    assert rules_of(back, child("same"), gateways)["servers db"] == "stops"
    assert rules_of(back, child("create"))["servers db"] == "stops"


@pytest.mark.parametrize(
    "steps",
    [
        [database("MySqlCluster")],
        [database("MySqlCluster", "same", "MySqlCluster")],
        [database("MySqlDatabase", "delete")],
    ],
)
def test_a_database_of_the_same_kind_is_none_of_another(steps):
    assert not [it for it in gate.judge(Preview([KEPT, *steps]), "prod") if it.rule == "servers"]


def of_cluster(op: str, kind: str, name: str) -> Change:
    owner = "urn:pulumi:prod::shop::kubeauth:index:MySqlCluster::db"
    urn = f"urn:pulumi:prod::shop::kubeauth:index:MySqlCluster$kubernetes:{kind}::{name}"
    claims = {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "replicas": 3}}
    return Change(op, urn, before=claims, after=None if op == "delete" else claims, parent=owner)


OLD = [
    of_cluster("delete", kind, "db-tablet")
    for kind in ("apps/v1:StatefulSet", "policy/v1:PodDisruptionBudget", "networking.k8s.io/v1:NetworkPolicy")
]


def test_the_servers_of_a_shard_may_go_where_a_job_sees_first_that_others_serve():
    assert rules_of(*OLD, of_cluster("create", "batch/v1:Job", "db-shards")) == {"shards db-tablet": "told"}


@pytest.mark.parametrize("job", [[], [of_cluster("same", "batch/v1:Job", "db-shards")]])
def test_without_that_job_their_end_is_a_loss(job):
    assert rules_of(*OLD, *job)["data db-tablet"] == "stops"


def test_what_is_no_shard_of_it_is_lost_all_the_same():
    job = of_cluster("replace", "batch/v1:Job", "db-shards")
    assert rules_of(of_cluster("delete", "apps/v1:StatefulSet", "db-etcd"), job)["data db-etcd"] == "stops"
