"""Settings: what the server makes of them, and that none of them stops it or opens it."""

import pytest

from components.mysql import options, settings
from lab import variables
from lab.variables import Server
from tests.unit.test_settings import RIGHT, WRONG


def test_the_cache_is_what_the_memory_limit_says(pod):
    server = pod(begin=False)
    for limit, wanted in {"516Mi": 128, "520Mi": 128, "640Mi": 160, "320Mi": 80, "2Gi": 1024}.items():
        server.update(resources={"memory_limit": limit})
        assert server.root("SELECT @@innodb_buffer_pool_size DIV 1048576") == str(wanted), limit


def test_much_memory_gives_statistics_and_more_connections(pod):
    server = pod(size="large")
    assert server.root("SELECT @@performance_schema, @@max_connections") == "1\t256"
    server.update(size="large", settings={"performance_schema": "OFF", "loose-max_connections": "9"})
    assert server.root("SELECT @@performance_schema, @@max_connections") == "0\t9"


def test_nothing_fills_the_volume_with_binary_logs_unless_asked_and_then_not_for_ever(pod):
    server = pod()
    assert server.root("SELECT @@log_bin") == "0"
    assert not list((server.folder / "data/data").glob("binlog.*"))
    server.update(settings={"log_bin": "ON", "max_binlog_size": "8M"})
    asked = "SELECT @@log_bin, @@max_binlog_size DIV 1048576, @@binlog_expire_logs_seconds"
    assert server.root(asked) == "1\t8\t86400"


def test_no_setting_of_the_callers_overrides_the_pods(pod):
    server = pod(begin=False)
    words = server.spec["containers"][0]["args"]
    words[1:1] = ["--skip-require-secure-transport=1", "--mysqlx=ON", "--offline-mode=OFF", "--port=1"]
    server.start()
    assert server.root("SELECT @@require_secure_transport, @@port") == f"1\t{server.port}"


@pytest.mark.parametrize(
    "given", [{"lower_case_table_names": "1"}, {"innodb_page_size": "64k"}, {"innodb_data_file_path": "ibdata1:20M"}]
)
def test_what_counts_when_a_database_is_made_is_given_then_and_a_change_is_refused(pod, given):
    [(name, value)] = given.items()
    server = pod(settings=given)
    assert server.root(f"SELECT @@{name}") == {"64k": "65536"}.get(value, value)
    server.restart()
    server.stop()
    server.declare()
    done = server.initialize()
    assert done.returncode == 1
    assert done.stderr.startswith("error: settings that count only when a database is made are not given, but this one")
    assert len(done.stderr.splitlines()) == 1
    server.update(settings=given)
    assert server.ready


def test_mysqls_own_value_is_no_change(pod):
    server = pod()
    server.update(settings={"lower_case_table_names": "0", "innodb_page_size": "16k"})
    assert server.ready


def test_a_node_without_native_asynchronous_io_gets_a_database_without_it(pod):
    server = pod(settings={"innodb_use_native_aio": "OFF"})
    assert "--innodb-use-native-aio=OFF" in server.spec["initContainers"][0]["args"]
    assert server.root("SELECT @@innodb_use_native_aio") == "0"


def test_a_setting_of_a_component_waits_for_it(pod):
    rules = {"loose-validate_password.policy": "LOW", "loose-validate_password.length": "4"}
    server = pod(settings=rules)
    server.root("INSTALL COMPONENT 'file://component_validate_password'")
    server.restart()
    assert server.root("SELECT @@validate_password.policy") == "LOW"
    assert server.ready, server.said()


def test_named_time_zones_are_known(pod):
    server = pod(settings={"default_time_zone": "Europe/Berlin"})
    assert server.app("SELECT CONVERT_TZ('2026-07-01 12:00:00', 'UTC', 'Europe/Berlin')").stdout.strip() == (
        "2026-07-01 14:00:00"
    )
    assert server.app("SELECT @@time_zone").stdout == "Europe/Berlin\n"


def test_large_sorts_use_the_data_volume_and_leave_nothing_there(pod):
    server = pod()
    place = server.folder / "data/tmp"
    assert server.root("SELECT @@tmpdir, @@innodb_tmpdir") == f"{place}\t{place}"
    (place / "left").write_text("")
    server.restart()
    assert list(place.glob("left")) == []


def test_the_slow_log_is_the_pods(pod):
    server = pod(settings={"slow_query_log": "ON", "long_query_time": "0"})
    server.app("SELECT 'slow as can be'")
    assert "slow as can be" in server.said()
    assert not list((server.folder / "data/data").glob("*slow*"))


#: What --help does not look at, but a start.
LATER = ("default_storage_engine", "default_time_zone", "innodb_page_size")
#: What --help takes, and a start does not.
AT_START = (
    "tls_version", "tls_ciphersuites", "ssl_cipher", "innodb_temp_data_file_path", "innodb_data_file_path",
    "innodb_redo_log_encrypt", "enable_innodb_undo_log_encrypt", "authentication_policy", "max_prepared_stmt_count",
    "server_id_bits", "thread_stack", "innodb_thread_concurrency", "character_set_filesystem",
    "ft_boolean_syntax",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, value, _ in WRONG
        if value != "swe7" and not name.startswith(("skip_e", "skip_m", *LATER, *AT_START))
    ],
)
def test_a_value_that_is_refused_would_stop_the_server_or_be_another_one(programs, name, value):
    found = Server(programs.bin / "mysqld").values(**{name: value})
    assert not found or found[settings.base(name)].lower() != value.lower()


@pytest.mark.parametrize(
    ("name", "value"),
    [("innodb_temp_data_file_path", "x"), ("innodb_redo_log_encrypt", "ON"), ("tls_version", "TLSv1.1"),
     ("authentication_policy", "x"), ("character_set_filesystem", "utf8"), ("ft_boolean_syntax", "x"),
     ("server_id_bits", "0"), ("innodb_thread_concurrency", "1000")],
)  # fmt: skip
def test_a_value_that_only_a_start_refuses_ends_the_server(pod, newborn, name, value):
    server = pod(begin=False)
    server.take_volume(newborn)
    server.spec["containers"][0]["args"].insert(1, f"--{name.replace('_', '-')}={value}")
    server.start()
    assert not server.running, name


@pytest.mark.parametrize(("name", "value"), [pair for pair in RIGHT if pair[0] not in LATER])
def test_a_value_that_is_allowed_is_taken(programs, name, value):
    assert Server(programs.bin / "mysqld").values(**{name: value})


def test_the_list_of_options_is_what_the_server_says(programs):
    server = Server(programs.bin / "mysqld")
    assert server.names() == [*options.known()]
    said = {name: variables.kind(server, name, "Boolean") for name in ("log-bin", "autocommit")}
    said |= {name: variables.kind(server, name) for name in ("binlog-row-image", "log-output", "init-connect")}
    assert said == {name: " ".join(options.known()[name]) for name in said}
