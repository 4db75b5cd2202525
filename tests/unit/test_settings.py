"""Values of the server's settings: what mysqld would not take as it is is refused with the nearest that it takes.

That mysqld does so is shown in tests/sql/test_settings.py, with the same values.
"""

from typing import Any

import pulumi
import pytest

from components import InputErrors
from components.inputs.errors import REMOVE
from components.mysql import options
from tests.inputs import BASE, COMPONENTS

from .recorder import deploy

BOTH = pytest.mark.parametrize("component", ["MySqlDatabase", "MySqlCluster"])

#: A setting, a value that is refused, and what is told instead.
WRONG = [
    ("max_connections", "", "1"),
    ("max_connections", "abc", "1"),
    ("max_connections", "0", "1"),
    ("max_connections", "200000", "100000"),
    ("max_connections", "20 ", "20"),
    ("loose_max_connections", "abc", "1"),
    ("skip_max_connections", "1", "max_connections without skip"),
    ("maximum_sort_buffer_size", "x", "32768"),
    ("sort_buffer_size", "12Q", "32768"),
    ("sort_buffer_size", "512Mi", "512M"),
    ("sort_buffer_size", "512 MB", "512M"),
    ("sort_buffer_size", "0.5M", "524288"),
    ("sort_buffer_size", "1e6", "1000000"),
    ("innodb_io_capacity", "5Q", "100"),
    ("long_query_time", "1s", "1"),
    ("long_query_time", "-1", "0"),
    ("innodb_adaptive_hash_index", "maybe", "ON"),
    ("innodb_adaptive_hash_index", "", "ON"),
    ("innodb_adaptive_hash_index", "no", "OFF"),
    ("skip_event_scheduler", "OFF", "0"),
    ("binlog_row_image", "half", "MINIMAL"),
    ("binlog_row_image", "", "MINIMAL"),
    ("binlog_row_image", "9", "MINIMAL"),
    ("transaction_isolation", "READ_COMMITTED", "READ-COMMITTED"),
    ("innodb_flush_method", "O-DIRECT", "O_DIRECT"),
    ("log_output", "FILE,,TABLE", "FILE,TABLE"),
    ("optimizer_switch", "mrr=on,hash_joins=off", "mrr=on,hash_join=off"),
    ("optimizer_switch", "mrr=1", "mrr=on"),
    ("character_set_server", "utf8", "utf8mb4"),
    ("collation_server", "utf8mb4_bim", "utf8mb4_bin"),
    ("collation_server", "latin1_swedish_ci", "give character_set_server, too: latin1"),
    ("default_storage_engine", "InoDB", "InnoDB"),
    ("default_time_zone", "+14:01", "+00:00"),
    ("default_time_zone", "-14:00", "+00:00"),
    ("binlog_row_image", "١", "MINIMAL"),
    ("innodb_page_size", "5000", "4k"),
    ("lower_case_table_names", "2", "1"),
    ("ansi", "1", "remove it"),
    ("core_file", "", "remove it"),
    ("skip_new", "1", "remove it"),
    ("log_tc_size", "x", "0"),
    ("optimizer_trace", "1", "enabled=on"),
    ("character_set_filesystem", "utf8", "utf8mb4"),
    ("ft_boolean_syntax", "x", '+ -><()~*:""&|'),
    ("tls_version", "TLSv1.1", "TLSv1.3"),
    ("tls_version", "", "TLSv1.2,TLSv1.3"),
    ("tls_ciphersuites", "", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"),
    ("innodb_temp_data_file_path", "x", "ibtmp1:12M:autoextend"),
    ("innodb_data_file_path", "ibdata1", "ibdata1:12M:autoextend"),
    ("innodb_redo_log_encrypt", "ON", "OFF"),
    ("enable_innodb_undo_log_encrypt", "1", "innodb_undo_log_encrypt without enable"),
    ("default_storage_engine", "BLACKHOLE", "InnoDB"),
    ("default_storage_engine", "CSV", "InnoDB"),
    ("authentication_policy", "sha256_password,,", "caching_sha2_password,,"),
    ("character_set_server", "swe7", "big5"),
    ("max_prepared_stmt_count", "0", "16"),
    ("server_id_bits", "0", "7"),
    ("thread_stack", "1G", "16777216"),
    ("innodb_thread_concurrency", "1000", "200"),
]

RIGHT = [
    ("max_connections", "100000"), ("sort_buffer_size", "1m"), ("performance_schema_accounts_size", "-1"),
    ("long_query_time", "0.25"), ("innodb_adaptive_hash_index", "false"), ("skip_event_scheduler", ""),
    ("skip_innodb_adaptive_hash_index", "0"), ("binlog_row_image", "noblob"), ("binlog_row_image", "min"),
    ("binlog_row_image", "1"), ("log_output", "file,table"), ("optimizer_switch", "default,mrr=off"),
    ("optimizer_switch", ""), ("init_connect", ""), ("collation_server", "UTF8MB4_BIN"),
    ("default_storage_engine", "innodb"), ("innodb_page_size", "65536"), ("loose_whatever", "maybe"),
    ("default_time_zone", "-13:59"), ("default_time_zone", "+5:30"), ("tls_version", "TLSv1.3"),
    ("tls_ciphersuites", "TLS_AES_256_GCM_SHA384"), ("optimizer_trace", "enabled=on,one_line=off"),
    ("character_set_filesystem", "latin1"), ("innodb_redo_log_encrypt", "OFF"), ("max_prepared_stmt_count", "16"),
    ("ssl_cipher", "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"), ("authentication_policy", "*,,"),
    ("innodb_temp_data_file_path", "ibtmp1:12M:autoextend:max:1G"), ("ft_boolean_syntax", '+ -><()~*:""&|'),
]  # fmt: skip


def wrong(component: str, **given: Any) -> list[tuple[str, str]]:
    found = COMPONENTS[component].check("one", {**BASE[component], **given})
    return [(error.key, error.example) for error in found]


@BOTH
@pytest.mark.parametrize(("name", "value", "nearest"), WRONG)
def test_a_value_that_mysqld_would_not_take_as_it_is_is_refused_with_the_nearest(component, name, value, nearest):
    assert wrong(component, settings={name: value}) == [(f"settings.{name}", nearest)]


@BOTH
@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_what_mysqld_takes_is_taken(component, name, value):
    assert wrong(component, settings={name: value}) == []


@pytest.mark.parametrize("value", ["", "x", f"-{'9' * 30}", "9" * 30, "1.5G", "nan", "x,y=z"])
def test_what_is_told_instead_is_always_right(value):
    told = {name: options.wrong(name, value) for name in options.known()}
    values = {name: found[1] for name, found in told.items() if found and found[1] != REMOVE}
    assert [name for name, value in values.items() if options.wrong(name, value)] == []


@BOTH
@pytest.mark.parametrize(
    "name",
    ["ssl_capath", "ssl_crl", "ssl_fips_mode", "admin_ssl_cipher", "keyring_migration_host", "server_memory",
     "caching_sha2_password_private_key_path", "sha256_password_public_key_path"],
)  # fmt: skip
def test_what_needs_files_or_programs_that_the_pod_does_not_have_is_refused(component, name):
    assert wrong(component, settings={name: ""}) == [(f"settings.{name}", "remove it")]


def test_a_character_sets_own_collation_is_right():
    assert wrong("MySqlDatabase", settings={"character_set_server": "latin1", "collation-server": "latin1_bin"}) == []


@BOTH
def test_an_outputs_value_is_checked_when_it_is_known(component):
    given = {"settings": {"max_connections": pulumi.Output.from_input("abc")}}
    with pytest.raises(InputErrors) as caught:
        deploy(lambda: COMPONENTS[component]("one", BASE[component] | given))
    assert [error.key for error in caught.value.inputs] == ["settings.max_connections"]


def test_a_schemas_collation_is_one_that_the_servers_series_has():
    schemas = [{"name": "orders", "collation": "utf8mb4_bim"}]
    assert wrong("MySqlDatabase", schemas=schemas) == [("schemas.0.collation", "utf8mb4_bin")]
    assert wrong("MySqlDatabase", schemas=schemas, image="mysql:8.4") == []


def test_of_another_series_no_value_is_known():
    assert wrong("MySqlDatabase", image="mysql:8.4", settings={"max_connections": "abc"}) == []
