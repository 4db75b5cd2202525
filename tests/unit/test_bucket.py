"""Copies of backups in a bucket, and databases that begin with one: the containers, and where they may go."""

from typing import Any, cast

import pulumi
import pytest

from components import MySqlDatabase, MySqlDatabaseArgs
from components.inputs.known import normal
from components.mysql import bucket_inputs

from .recorder import LIVE, Recorder, deploy

S3: dict[str, Any] = {"bucket": "acme", "existing_secret": "s3"}
REQUIRED: dict[str, Any] = {"namespace": "shop", "password": "app-pw"}


def database(**given: Any) -> Recorder:
    return deploy(lambda: MySqlDatabase("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, **given})))


def backed_up(**s3: Any) -> Recorder:
    return database(backup={"schedule": "@daily", "s3": {**S3, **s3}})


def pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("CronJob", "mysqlauth-backup").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def container(recorder: Recorder) -> dict[str, Any]:
    (found,) = pod(recorder)["containers"]
    return found


def environment(recorder: Recorder) -> dict[str, str]:
    return {entry["name"].removeprefix("RCLONE_CONFIG_STORE_"): entry["value"] for entry in container(recorder)["env"]}


def test_only_what_was_made_and_checked_is_copied():
    made = pod(backed_up())
    assert [each["name"] for each in made["initContainers"]] == ["backup"]
    assert [each["name"] for each in made["containers"]] == ["s3"]
    assert made["containers"][0]["args"] == ["push"]


def test_the_container_is_restricted_and_has_the_account_as_files():
    recorder = backed_up()
    made = container(recorder)
    assert made["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert made["resources"]["limits"]["memory"] == "256Mi"
    [volume] = [each for each in pod(recorder)["volumes"] if each["name"] == "s3"]
    assert volume["projected"]["sources"] == [{"secret": {"name": "s3"}}]
    assert {"KEY" in name or "PASSWORD" in name for name in environment(recorder)} == {False}


def test_each_database_has_a_folder_of_its_own_unless_one_is_named():
    assert "\npath=acme/shop/mysqlauth\n" in container(backed_up())["command"][2]
    assert "\npath=acme/other/folder\n" in container(backed_up(prefix="other/folder"))["command"][2]


@pytest.mark.parametrize(
    ("endpoint", "provider", "style", "port"),
    [
        (None, "AWS", "false", 443),
        ("https://s3.example.com", "Other", "true", 443),
        ("http://s3.store.svc.cluster.local:8333", "Other", "true", 8333),
        ("http://s3.example.com", "Other", "true", 80),
    ],
)
def test_the_server_is_awss_or_the_endpoint_and_traffic_goes_to_its_port(endpoint, provider, style, port):
    recorder = backed_up(endpoint=endpoint)
    found = environment(recorder)
    assert (found["PROVIDER"], found["FORCE_PATH_STYLE"], found["ENDPOINT"]) == (provider, style, endpoint or "")
    egress = recorder.one("NetworkPolicy", "mysqlauth-backup").inputs["spec"]["egress"]
    assert egress[2:] == [
        {
            "to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}],
            "ports": [{"port": port, "protocol": "TCP"}],
        }
    ]


def test_traffic_goes_where_the_program_says():
    recorder = backed_up(egress=[{"namespace": "store", "ports": [8333]}])
    _, _, bucket = recorder.one("NetworkPolicy", "mysqlauth-backup").inputs["spec"]["egress"]
    assert bucket["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "store"}}}]


def test_every_input_but_the_object_itself_may_be_an_output():
    given = {"bucket": "acme", "existing_secret": "s3", "endpoint": "https://s3.example.com", "region": "eu",
             "prefix": "a/b", "encrypt": False, "keep": 3, "keep_days": 4, "image": "rclone/rclone:1.70",
             "egress": [{"cidr": "203.0.113.0/24"}]}  # fmt: skip
    assert set(given) == set(bucket_inputs.RULES.rules)
    plain = backed_up(**given)
    outputs = database(
        backup={"schedule": "@daily", "s3": {key: pulumi.Output.from_input(value) for key, value in given.items()}}
    )
    assert made_of(outputs) == made_of(plain)


def made_of(recorder: Recorder) -> dict[str, Any]:
    """All inputs but the random password's, without what is None."""
    return {
        f"{each.type} {each.name}": normal(each.inputs) for each in recorder.all if each.name != "mysqlauth-restore"
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bucket", "A"), ("bucket", "has/folder"), ("existing_secret", "A_"), ("region", "eu west"), ("prefix", "/a"),
        ("prefix", "a/../b"), ("prefix", "a'b"), ("encrypt", "no"), ("keep", 0), ("keep_days", -1), ("image", "rclone"),
        ("endpoint", "s3.example.com"), ("endpoint", "https://id:key@s3.example.com"), ("endpoint", "https://a/b"),
        ("endpoint", "ftp://a"), ("endpoint", "https://a:99999"), ("endpoint", "https://a b"), ("egress", [{}]),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_named(key, value):
    args: Any = {**REQUIRED, "backup": {"schedule": "@daily", "s3": {**S3, key: value}}}
    [error] = MySqlDatabase.check("mysqlauth", args)
    assert error.key.startswith(f"backup.s3.{key}")


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"s3": S3}, "restore_from.s3.prefix"),
        ({"s3": {**S3, "prefix": "a"}, "time": "yesterday"}, "restore_from.time"),
        ({}, "restore_from.s3"),
    ],
)
def test_a_database_that_begins_with_a_backup_says_whose(given, key):
    [error] = MySqlDatabase.check("mysqlauth", cast(Any, {**REQUIRED, "restore_from": given}))
    assert error.key == key


def test_a_database_that_begins_with_a_backup_is_filled_before_its_server_starts():
    recorder = database(restore_from={"s3": {**S3, "prefix": "a/b"}, "time": "2026-11-27T03:00:00Z"})
    template = recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]["template"]["spec"]
    assert [each["name"] for each in template["initContainers"]] == ["initialize", "s3", "fill"]
    _, brought, fill = template["initContainers"]
    assert (brought["args"], fill["args"]) == (["begin"], ["fill"])
    assert "\ntime=20261127T030000Z\n" in brought["command"][2]
    assert "\npath=acme/a/b\n" in brought["command"][2]
    assert {mount["name"] for mount in fill["volumeMounts"]} == {"data", "run", "tmp"}
    egress = recorder.one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [[53, 53], [443]]
    without = database().one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]
    assert "egress" not in without
    assert LIVE not in fill["command"][2]


def logged(**given: Any) -> Recorder:
    return database(**{"backup": {"schedule": "@daily", "point_in_time": True, "s3": S3}, **given})


def server_pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]["template"]["spec"]


def test_without_point_in_time_the_server_writes_no_binary_log_and_is_alone():
    made = server_pod(backed_up())
    assert [each["name"] for each in made["containers"]] == ["mysqlauth-container"]
    assert "--skip-log-bin" in made["containers"][0]["args"]


def test_point_in_time_puts_two_containers_beside_the_server_that_may_reach_the_bucket():
    recorder = logged()
    server, closing, sending = server_pod(recorder)["containers"]
    assert "--log-bin=binlog" in server["args"]
    assert (closing["image"], closing["args"]) == (server["image"], ["follow"])
    assert (sending["image"], sending["args"]) == (bucket_inputs.IMAGE, ["ship"])
    assert "\npath=acme/shop/mysqlauth\n" in sending["command"][2]
    for each in (closing, sending):
        assert each["securityContext"]["readOnlyRootFilesystem"]
        assert each["resources"]["limits"]["memory"]
    names = [each["name"] for each in server_pod(recorder)["volumes"]]
    assert len(names) == len(set(names))
    egress = recorder.one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]["egress"]
    assert egress[1]["ports"] == [{"port": 443, "protocol": "TCP"}]


def test_a_database_that_begins_with_a_backup_and_sends_its_log_reaches_both_buckets():
    other = {"s3": {**S3, "existing_secret": "other", "prefix": "a/b", "endpoint": "http://old.example.com:81"}}
    recorder = logged(restore_from=other)
    names = [each["name"] for each in server_pod(recorder)["volumes"]]
    assert len(names) == len(set(names))
    egress = recorder.one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]["egress"]
    assert [rule["ports"][0]["port"] for rule in egress[1:]] == [443, 81]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"backup": {"schedule": "@daily", "point_in_time": True}}, "backup.point_in_time"),
        ({"backup": {"schedule": "@daily", "s3": S3, "point_in_time": "yes"}}, "backup.point_in_time"),
        ({"settings": {"log_bin": "OFF"}}, "settings.log_bin"),
        ({"settings": {"binlog_format": "STATEMENT"}}, "settings.binlog_format"),
        ({"settings": {"binlog_ignore_db": "admin"}}, "settings.binlog_ignore_db"),
        ({"settings": {"loose_binlog_encryption": "ON"}, "image": "mysql:8.4"}, "settings.loose_binlog_encryption"),
    ],
)
def test_what_would_leave_seconds_out_is_refused(given, key):
    args = cast(MySqlDatabaseArgs, {
        **REQUIRED, "backup": {"schedule": "@daily", "point_in_time": True, "s3": S3}, **given,
    })  # fmt: skip
    assert [error.key for error in MySqlDatabase.check("mysqlauth", args)] == [key]


def test_a_setting_that_resolves_later_cannot_stop_the_log():
    recorder = logged(settings={"binlog_format": pulumi.Output.from_input("STATEMENT"), "log_bin": "ON"})
    assert not [each for each in server_pod(recorder)["containers"][0]["args"] if "binlog-format" in each]
