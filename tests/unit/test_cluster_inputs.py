"""MySqlCluster's own inputs: settings that Vitess rules however they are spelt, and names that it keeps for itself."""

from typing import Any

import pulumi
import pytest

from components import InputErrors, MySqlCluster
from components.mysql_cluster import settings
from tests.inputs import BASE

from .recorder import deploy

LATER = pulumi.Output.from_input


def wrong(**given: Any) -> list[tuple[str, str]]:
    found = MySqlCluster.check("one", {**BASE["MySqlCluster"], **given})  # pyright: ignore[reportArgumentType] - hostile
    return [(error.key, error.example) for error in found]


def refused(**given: Any) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: MySqlCluster("one", {**BASE["MySqlCluster"], **given}))  # pyright: ignore[reportArgumentType]
    return [error.key for error in caught.value.inputs]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # Words of older series, which the server still takes.
        ("log_slave_updates", "OFF"), ("init_slave", "SELECT 1"), ("skip-slave-start", "1"),
        ("slave_skip_errors", "all"), ("loose-rpl_semi_sync_master_enabled", "OFF"),
        # Servers that would no longer hold the same.
        ("replicate_do_db", "x"), ("replicate-wild-ignore-table", "x.%"), ("binlog_ignore_db", "x"),
        ("replica_skip_errors", "1062"), ("replica_exec_mode", "IDEMPOTENT"), ("replica_preserve_commit_order", "OFF"),
        # No server is filled from another one any more.
        ("performance_schema", "OFF"), ("skip_performance_schema", "1"), ("loose_clone_ssl_ca", "/x"),
        ("loose-clone", "OFF"),
        # vttablet would not serve.
        ("autocommit", "OFF"), ("sql_mode", ""), ("sql_mode", "NO_ZERO_DATE"), ("sql_mode", "STRICT_TRANS_TABLES,ANSI"),
        ("sql_mode", "strict_all_tables, no_backslash_escapes"), ("default_password_lifetime", "90"),
        ("partial_revokes", "ON"), ("binlog_encryption", "ON"), ("relay_log_index", "x"), ("loose-report_user", "x"),
        # A server that would not start.
        ("default_time_zone", "Europe/Berlin"), ("init_connect", "{{.DataDir}}"),
        # And what no server of this package may have.
        ("innodb_read_only", "ON"), ("transaction-read-only", "1"), ("tc_heuristic_recover", "COMMIT"),
        ("keyring_migration_source", "x"),
    ],
)  # fmt: skip
def test_a_setting_that_would_stop_replication_failover_or_the_server_is_refused_once(name, value):
    assert [key for key, _ in wrong(settings={name: value})] == [f"settings.{name}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("performance_schema", "on"), ("autocommit", "1"), ("replica_preserve_commit_order", "ON"),
        ("sql_mode", "STRICT_TRANS_TABLES,NO_ZERO_DATE"), ("sql_mode", "traditional"), ("default_time_zone", "+02:00"),
        ("default-time-zone", "SYSTEM"), ("default_password_lifetime", "0"), ("replica_parallel_workers", "8"),
        ("log_slow_replica_statements", "ON"), ("binlog_row_image", "NOBLOB"), ("max_connections", LATER("400")),
    ],
)  # fmt: skip
def test_other_settings_stay_the_callers(name, value):
    assert wrong(settings={name: value}) == []


def test_a_ruled_setting_has_one_error_with_one_fix_and_others_keep_theirs():
    assert wrong(settings={"log_bin": "x", "datadirr": "y"}) == [
        ("settings.log_bin", "remove it"),
        ("settings.datadirr", "did you mean datadir?"),
    ]
    assert "settings.autocommit" in refused(settings={"autocommit": LATER("OFF")})


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("SET NAMES utf8mb4", "init_connect=SET NAMES utf8mb4"),
        ("SET @a = 'b' # c", "init_connect=\"SET @a = 'b' # c\""),
        ('SET @a = "b\\n"', 'init_connect="SET @a = \\"b\\\\n\\""'),
    ],
)
def test_a_settings_value_is_read_from_the_file_as_it_was_given(value, line):
    """# begins a comment there, and a backslash changes what comes after it."""
    assert settings.lines("512Mi", {"init_connect": value}).splitlines()[-1] == line


@pytest.mark.parametrize("name", ["_vt", "_VT", LATER("_vt")])
def test_vitess_own_schema_is_nobodys(name):
    assert refused(database_name=name) == ["database_name"]
    assert wrong(database_name="_vt_shop") == []


@pytest.mark.parametrize("value", [False, True, LATER(False)])
def test_a_switch_is_no_node_port(value):
    assert refused(node_port=value) == ["node_port"]
