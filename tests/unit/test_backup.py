"""Backups: the children, and what they may do. tests/sql/test_backup.py runs the script."""

import base64
import re
from typing import Any, cast

import pytest

from components import MySqlDatabase, MySqlDatabaseArgs
from components.mysql import accounts, backup_inputs

from .recorder import CHOSEN, LIVE, MINE, Recorder, deploy

REQUIRED: dict[str, Any] = {"namespace": "shop", "password": "app-pw", "backup": {"schedule": "0 3 * * *"}}


def database(**given: Any) -> Recorder:
    return deploy(lambda: MySqlDatabase("mysqlauth", cast(MySqlDatabaseArgs, {**REQUIRED, **given})))


def cronjob(recorder: Recorder) -> dict[str, Any]:
    return recorder.one("CronJob", "mysqlauth-backup").inputs["spec"]


def pod(recorder: Recorder) -> dict[str, Any]:
    return cronjob(recorder)["jobTemplate"]["spec"]["template"]


def test_the_children_that_a_backup_adds():
    without = deploy(lambda: MySqlDatabase("mysqlauth", {"namespace": "shop", "password": "app-pw"}))
    assert sorted(set(database().tree()) - set(without.tree())) == [
        ("CronJob", "mysqlauth-backup", "mysqlauth"),
        ("NetworkPolicy", "mysqlauth-backup", "mysqlauth"),
        ("PersistentVolumeClaim", "mysqlauth-backups", "mysqlauth"),
        ("Secret", "mysqlauth-restore", "mysqlauth"),
    ]


def test_jobs_never_overlap_and_always_end():
    spec = cronjob(database())
    template = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": "0 3 * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
    }
    assert (template["backoffLimit"], template["activeDeadlineSeconds"]) == (2, 3600)


def test_the_pod_is_restricted_and_bounded():
    spec = pod(database())["spec"]
    (container,) = spec["containers"]
    assert (spec["automountServiceAccountToken"], spec["restartPolicy"]) == (False, "Never")
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi", "ephemeral-storage": "512Mi"}


def test_the_pods_of_backups_and_the_server_share_a_password_that_no_other_tells():
    made = [database(), database()]
    secrets = [recorder.one("Secret", "mysqlauth-restore").inputs for recorder in made]
    passwords = [secret["data"].value["backup-password"] for secret in secrets]
    assert passwords[0] != passwords[1]
    assert len(base64.b64decode(passwords[0])) == 64
    recorder, name = made[0], f"mysqlauth-restore{CHOSEN}{LIVE}"
    spec = pod(recorder)["spec"]
    assert [entry["name"] for entry in spec["containers"][0]["env"]] == ["DATABASE_HOST"]
    assert spec["volumes"][1]["projected"]["sources"] == [{"secret": {"name": name}}]
    server = recorder.one("Deployment", "mysqlauth-deployment").inputs["spec"]["template"]["spec"]
    assert {"secret": {"name": name}} in server["volumes"][1]["projected"]["sources"]


def test_the_databases_service_does_not_find_the_backups_pod():
    recorder = database(labels={"team": "a"})
    labels = pod(recorder)["metadata"]["labels"]
    assert labels["name"] == "mysqlauth-backup-selector"
    assert recorder.one("Service", "mysqlauth-service").inputs["spec"]["selector"] == {"name": "mysqlauth-selector"}
    assert labels["team"] == "a"


def test_traffic_goes_to_dns_and_the_database_only_and_is_let_in_there():
    recorder = database(clients=[{"pod_labels": {"app": "other"}}])
    ours = recorder.one("NetworkPolicy", "mysqlauth-backup").inputs["spec"]
    assert ours["podSelector"] == {"matchLabels": {"name": "mysqlauth-backup-selector"}}
    assert ours["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in ours
    dns, server = ours["egress"]
    assert [port["port"] for port in dns["ports"]] == [53, 53]
    assert server == {
        "to": [{"podSelector": {"matchLabels": {"name": "mysqlauth-selector"}}}],
        "ports": [{"port": 3306, "protocol": "TCP"}],
    }
    peers = recorder.one("NetworkPolicy", "mysqlauth-clients").inputs["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": {"name": "mysqlauth-backup-selector"}}} in peers


@pytest.mark.parametrize(("retain", "protect"), [(True, True), (False, False)])
def test_backups_are_protected_as_the_data_is(retain, protect):
    claim = database(retain_data=retain).one("PersistentVolumeClaim", "mysqlauth-backups")
    assert claim.protect is protect
    # With many storage classes the claim stays pending until the first job.
    assert claim.inputs["metadata"]["annotations"] == {**MINE, "pulumi.com/skipAwait": "true"}


def test_options():
    given = {"schedule": "@daily", "keep": 3.0, "storage_size": "5Gi", "storage_class": "slow", "verify": False,
             "deadline_seconds": 7200}  # fmt: skip
    recorder = database(backup=given, port=3307)
    assert cronjob(recorder)["schedule"] == "@daily"
    claim = recorder.one("PersistentVolumeClaim", "mysqlauth-backups").inputs["spec"]
    assert (claim["resources"], claim["storageClassName"]) == ({"requests": {"storage": "5Gi"}}, "slow")
    text = pod(recorder)["spec"]["containers"][0]["command"][2]
    assert "\nkeep=3\n" in text
    assert "\nverify=no\n" in text
    assert cronjob(recorder)["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 7200
    assert "\nport=3307\n" in text


def test_no_script_takes_a_name_for_itself_that_another_one_means_something_by():
    """They are one text with global variables: a value that one overwrites is gone for all."""
    assigned = re.compile(r"(?:^ *|; |&& |\|\| |\{ |^ *[a-z_]+=[^ ']+ )([a-z_]+)=(?![= ])", re.MULTILINE)
    text = pod(database())["spec"]["containers"][0]["command"][2]
    functions = accounts.FUNCTIONS
    values, _, own = text.removeprefix(functions).partition("\n# Text of a schema.")
    given, common = set(assigned.findall(values)), set(assigned.findall(functions))
    taken = set(assigned.findall(own))
    assert {"source", "schemas", "patience", "keep"} <= given
    assert {"text", "newline"} <= common
    assert {"tries", "holder", "globals", "others"} <= taken
    assert (given | common) & taken == set()


@pytest.mark.parametrize(
    "schedule", ["* * * * *", "*/15 0-6,20 1 jan-mar MON", "@weekly", "0 3 * * 0", "5/10 1-23/2 * * sat,sun"]
)
def test_good_schedules(schedule):
    assert backup_inputs.cron("schedule", schedule) == []


@pytest.mark.parametrize(
    "schedule", ["", "daily", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *",
                 "* * * * 8", "* * * * * *", "@reboot", "1,,2 * * * *", "*-5 * * * *", "TZ=UTC 0 3 * * *", 7],
)  # fmt: skip
def test_bad_schedules(schedule):
    (error,) = backup_inputs.cron("schedule", schedule)
    assert "five fields of cron" in error.rule
