"""Inputs that are refused: what the tests try, and what `make bad-inputs` writes down with the message of each."""

import statistics
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from cli.paths import CHECKOUT
from components import AppNamespace, AuthService, InputError, MySqlCluster, MySqlDatabase

MYSQL: dict[str, Any] = {"namespace": "shop", "password": "app-pw", "root_password": "root-pw"}
SEVERAL: dict[str, Any] = {"namespace": "shop", "password": "app-pw", "image": "vitess:24", "etcd_image": "etcd:3.6"}
AUTH: dict[str, Any] = {
    "namespace": "shop",
    "image": "auth:1",
    "database_endpoint": "db:3306",
    "database_secret_name": "db",
}

NAMES: list[Any] = ["", "a" * 41, "a" * 64, "Auth", "my_sql", "-db", "db-", "9db", "bäd", "a.b", 7]

DATABASE: list[tuple[str, Any]] = [
    ("namespace", "Shop"),
    ("namespace", None),
    ("password", ""),
    ("password", "a\nb"),
    ("password", "a\0b"),
    ("password", "x" * 256),
    ("password", None),
    ("root_password", ""),
    ("root_password", "app-pw"),
    ("username", "root"),
    ("username", "mysql.sys"),
    ("username", "kubeauth_backup"),
    ("username", "a" * 33),
    ("username", "a'b"),
    ("username", ""),
    ("database_name", "mysql"),
    ("database_name", "SYS"),
    ("database_name", "a`b"),
    ("database_name", "a" * 65),
    ("image", ""),
    ("image", "mysql"),
    ("image", "My/sql:1"),
    ("image", "my sql:1"),
    ("image", "mysql@sha256:abc"),
    ("service_type", "External"),
    ("node_port", 29999),
    ("node_port", 32768),
    ("node_port", "abc"),
    ("node_port", True),
    ("port", 0),
    ("port", 65536),
    ("port", -1),
    ("port", 3306.5),
    ("storage_size", "0"),
    ("storage_size", "1,5Gi"),
    ("storage_size", "100Mi"),
    ("storage_size", "10GB"),
    ("cluster_domain", "cluster.local."),
    ("cluster_domain", "Cluster.local"),
    ("size", "huge"),
    ("rollout_seconds", 5),
    ("node_port_cidrs", ["10.0.0.0/33"]),
    ("node_port_cidrs", ["10.0.0.1"]),
    ("node_port_cidrs", ["10.0.0.0/255.0.0.0"]),
    ("node_port_cidrs", ["10.0.0.5/8"]),
    ("node_port_cidrs", "10.0.0.0/8"),
    ("node_port_cidrs", [10]),
    ("image", f"mysql@sha256:{'0' * 64}"),
    ("labels", ["team"]),
    ("labels", "team=a"),
    ("labels", {"team": True}),
    ("settings", ["max_connections=5"]),
    ("clients", {"pod_labels": {"app": "a"}}),
    ("clients", ["app=a"]),
    ("resources", "512Mi"),
    ("backup", "0 3 * * *"),
    ("placement", ["disk=ssd"]),
    ("placement", {"tolerations": {"key": "db"}}),
    ("placement", {"tolerations": [{"operator": "Equal"}]}),
    ("placement", {"tolerations": [{"operator": "Exists", "value": "x"}]}),
    ("placement", {"tolerations": [{"key": "a", "toleration_seconds": 5}]}),
    ("placement", {"node_selector": "disk=ssd"}),
    ("placement", {"affinity": "node"}),
    ("platform", {"run_as_user": -1}),
    ("platform", {"dns_ports": 53}),
    ("platform", {"image_pull_secrets": "registry"}),
    ("platform", {"image_pull_secrets": ["registry", "registry"]}),
    ("platform", {"ip_family_policy": "Both"}),
    ("platform", {"uid": 1000}),
    ("access_mode", "ReadWriteMany"),
    ("resource_name", "My_DB"),
    ("password", 7),
    ("storage_size", 5),
    ("pasword", "x"),
    ("init_sql", "GRANT PROCESS ON *.* TO 'a'@'%'"),
    ("init_sql", "SELECT 1;\nSELECT"),
    ("settings", {"datadir": "/data"}),
    ("settings", {"skip_grant_tables": "ON"}),
    ("settings", {"loose-init-file": "/x"}),
    ("settings", {"Max Connections": "1"}),
    ("settings", {"enable_skip_grant_tables": "1"}),
    ("settings", {"max_conections": "200"}),
    ("settings", {"query_cache_size": "1M"}),
    ("settings", {"innodb_buffer_pool_size": "2G"}),
    ("settings", {"max_connections": 200}),
    ("settings", {"max_connections": "abc"}),
    ("settings", {"sort_buffer_size": "12MB"}),
    ("settings", {"long_query_time": "1s"}),
    ("settings", {"innodb_adaptive_hash_index": "maybe"}),
    ("settings", {"binlog_row_image": "half"}),
    ("settings", {"sql_mode": "STRICT"}),
    ("settings", {"optimizer_switch": "hash_joins=off"}),
    ("settings", {"collation_server": "utf8mb4_bim"}),
    ("settings", {"collation_server": "latin1_bin"}),
    ("settings", {"innodb_page_size": "5k"}),
    ("settings", {"skip_max_connections": "1"}),
    ("privileges", "all"),
    ("previous_password", "app-pw"),
    ("schemas", [{"name": "mysql"}]),
    ("schemas", [{"name": "a", "collation": "utf8mb4-bin"}]),
    ("schemas", [{"name": "a", "collation": "utf8mb4_bim"}]),
    ("accounts", {"root": {"schemas": ["admin"], "password": "x"}}),
    ("accounts", {"a": {"schemas": ["elsewhere"], "password": "x"}}),
    ("accounts", {"a": {"schemas": ["admin"]}}),
    ("startup_seconds", 5),
    ("shutdown_seconds", 100000),
    ("settings", {"max_connections": "1\n2"}),
    ("require_tls", "false"),
    ("retain_data", "no"),
    ("tls_secret", "My_Secret"),
    ("existing_claim", "Data"),
    ("existing_secret", "a b"),
    ("external_traffic_policy", "Remote"),
    ("service_annotations", {"a b": "x"}),
    ("annotations", {"pulumi.com/skipAwait": "true"}),
    ("annotations", {"example.com/team": 7}),
    ("clients", [{}]),
    ("clients", [{"pod_labels": {}}]),
    ("clients", [{"pod_labels": {"app": "a"}, "namespace": "Shop"}]),
    ("clients", [{"pod_labels": {"app": "a"}, "name": "b"}]),
    ("storage_class", "Fast_SSD"),
    ("backup", {}),
    ("backup", {"schedule": "daily"}),
    ("backup", {"schedule": "0 25 * * *"}),
    ("backup", {"schedule": "0 3 31 2 *"}),
    ("backup", {"schedule": "@daily", "keep": 0}),
    ("backup", {"schedule": "@daily", "storage_size": "1GB"}),
    ("backup", {"schedule": "@daily", "storage_class": "Fast_SSD"}),
    ("backup", {"schedule": "@daily", "hour": 3}),
    ("backup", {"schedule": "@daily", "point_in_time": True}),
    ("backup", {"schedule": "@daily", "s3": {"bucket": "acme"}}),
    (
        "backup",
        {"schedule": "@daily", "s3": {"bucket": "acme", "existing_secret": "s3", "endpoint": "https://id:key@s3"}},
    ),
    ("restore_from", {"s3": {"bucket": "acme", "existing_secret": "s3"}}),
    ("restore_from", {"s3": {"bucket": "acme", "existing_secret": "s3", "prefix": "a"}, "time": "now"}),
    ("placement", {"node_selectr": {}}),
    ("placement", {"node_selector": {"a b": "c"}}),
    ("placement", {"tolerations": [{"effect": "NoRun"}]}),
    ("placement", {"tolerations": [{"operator": "In"}]}),
    ("placement", {"affinity": {"podAfinity": {}}}),
    ("placement", {"affinity": {"nodeAffinity": {"requiredDuringScheduling": {}}}}),
    ("placement", {"priority_class_name": "Very High"}),
]

RESOURCES: list[tuple[str, Any]] = [
    ("memory_limit", "256MB"),
    ("memory_limit", "1,5Gi"),
    ("memory_limit", ""),
    ("memory_limit", "256m"),
    ("memory_limit", "512"),
    ("memory_limit", "256Mi"),
    ("memory_request", "1Gi"),
    ("cpu_limit", "500"),
    ("cpu_limit", "0"),
    ("cpu_limit", "0.5m"),
    ("cpu_request", "1"),
    ("cpu_requests", "1"),
]

CLUSTER: list[tuple[str, Any]] = [
    ("image", None),
    ("etcd_image", "etcd"),
    ("replicas", 1),
    ("replicas", 2),
    ("replicas", 10),
    ("replicas", "3"),
    ("shards", 3),
    ("shards", "2"),
    ("shards", 32),
    ("shards", True),
    ("reshard_to", 1),
    ("reshard_to", 6),
    ("sharding", {"users": "username"}),
    ("sharding", ["users"]),
    ("sharding", {"users": ["username"]}),
    ("sharding", {"users": "a`b"}),
    ("gateways", 0),
    ("topology_members", 2),
    ("password", None),
    ("previous_password", "app-pw"),
    ("username", "vt_app"),
    ("root_password", "root-pw"),
    ("privileges", "data"),
    ("accounts", {"a": {"schemas": ["admin"], "password": "x"}}),
    ("schemas", [{"name": "orders"}]),
    ("init_sql", "SELECT 1;"),
    ("existing_claim", "old-data"),
    ("backup", {"schedule": "nightly"}),
    ("backup", {"schedule": "@daily", "point_in_time": True}),
    ("restore_from", {"s3": {"bucket": "acme"}}),
    ("settings", {"gtid_mode": "OFF"}),
    ("settings", {"skip_log_bin": "1"}),
    ("settings", {"max_connections": ""}),
    ("settings", {"datadir": "/data"}),
    ("storage_size", "512Mi"),
    ("resources", {"memory_limit": "320Mi"}),
    ("gateway_resources", {"memory_limit": "64Mi"}),
    ("metrics", {"image": "prom/mysqld-exporter:v0.19.0"}),
    ("metrics", {"scrapers": []}),
    ("metrics", {"monitor_labels": {"release": "prometheus"}}),
    ("repicas", 3),
]

SERVICE: list[tuple[str, Any]] = [
    ("image", "auth"),
    ("database_endpoint", "db"),
    ("database_endpoint", "db:99999"),
    ("database", "db:3306"),
    ("database", {"endpoint": "db:3306"}),
    ("namespace", None),
    ("database_endpoint", None),
    ("replicas", 0),
    ("replicas", -1),
    ("replicas", "two"),
    ("port", 80),
    ("working_dir", "build"),
    ("databse_name", "x"),
    ("database_endpoint", "db.other.svc.cluster.local:3306"),
    ("database_secret_name", "My_Secret"),
    ("database_username_key", "a b"),
    ("database_password_key", ""),
    ("database_userinfo_key", "a b"),
    ("binding", "Orders"),
    ("database_ca_secret_name", "CA"),
    ("env", {"DB_HOST": "x"}),
    ("env", {"1A": "x"}),
    ("secret_env", {"A=B": {"secret_name": "smtp", "key": "password"}}),
    ("secret_env", {"SMTP": {"secret_name": "smtp"}}),
    ("secret_env", {"SMTP": {"secret_name": "smtp", "key": "a b"}}),
    ("probes", {"liveness_path": "healthz"}),
    ("probes", {"startup_seconds": 0}),
    ("probes", {"path": "/"}),
    ("probes", ["/healthz"]),
    ("probes", {"liveness": {"kind": "ping"}}),
    ("probes", {"liveness": {"kind": "exec"}}),
    ("probes", {"liveness": {"kind": "tcp", "path": "/"}}),
    ("probes", {"liveness_path": "/a", "liveness": {"path": "/b"}}),
    ("probes", {"readiness": {"headers": {"Host": 7}}}),
    ("env", {"DEBUG": True}),
    ("env", {"PORT": 8080}),
    ("env", ["DEBUG=1"]),
    ("secret_env", {"SMTP": "smtp/password"}),
    ("env_from", [{}]),
    ("env_from", [{"secret_name": "a", "config_map_name": "b"}]),
    ("command", "python run.py"),
    ("args", [8080]),
    ("args", "run.py"),
    ("database_env", {"DB_PORT": "number"}),
    ("database_endpoint", "mysql://db:3306"),
    ("database_endpoint", "admin@db:3306"),
    ("database_endpoint", "admin:pw@db:3306"),
    ("database_pod_port", 0),
    ("egress", [{}]),
    ("egress", [{"cidr": "203.0.113.5"}]),
    ("egress", [{"cidr": "203.0.113.0/24", "namespace": "a"}]),
    ("egress", [{"namespace": "mail", "ports": ["smtp"]}]),
    ("volumes", [{"mount_path": "/data"}]),
    ("volumes", [{"mount_path": "data", "secret_name": "a"}]),
    ("volumes", [{"mount_path": "/tmp", "secret_name": "a"}]),  # noqa: S108 - a path in the pod
    ("volumes", [{"mount_path": "/a", "secret_name": "a"}, {"mount_path": "/a", "claim_name": "b"}]),
    ("init_containers", [{"name": "wait"}]),
    ("sidecars", ["proxy"]),
    ("sidecars", [{"name": "proxy", "image": "proxy:1", "env": [{"name": "A", "value": 1}]}]),
    ("metrics", {"port": 80}),
    ("metrics", {"port": 5010}),
    ("metrics", {"scrapers": []}),
    ("metrics", {"monitor_labels": {"release": "prometheus"}}),
    ("ingress", {}),
    ("ingress", {"host": "Auth.example.com"}),
    ("ingress", {"host": "auth.example.com", "path": "/a//b"}),
    ("http_route", {"hostnames": ["a"]}),
    ("autoscaling", {"min_replicas": 5, "max_replicas": 2}),
    ("autoscaling", {}),
    ("drain_seconds", -1),
    ("service_account_name", "My Account"),
    ("service_type", "External"),
    ("node_port", 30080),
    ("annotations", {"": "x"}),
    ("placement", {"tolerations": [{"keys": "x"}]}),
]

NAMESPACE: list[tuple[str, Any]] = [
    ("quota.cpu", "lots"),
    ("quota.memory", "8GB"),
    ("quota.storage", "0"),
    ("quota.pods", 0),
    ("quota.cpus", "4"),
    ("container_defaults.cpu_limit", "lots"),
    ("annotations.a b", "x"),
    ("resource_name", "kube-system"),
    ("quota", ["4"]),
    ("labels.app.kubernetes.io/name", "x"),
]


class Case(NamedTuple):
    """One bad input among good ones."""

    component: str
    key: str
    value: Any
    name: Any
    args: dict[str, Any]

    def errors(self) -> list[InputError]:
        """What the component says."""
        kinds: list[Any] = [AppNamespace, AuthService, MySqlCluster, MySqlDatabase]
        [kind] = [kind for kind in kinds if kind.__name__ == self.component]
        return kind.check(self.name, self.args)


def cases() -> Iterator[Case]:
    """Every case; `key` is the input that the error must name."""
    for name in NAMES:
        yield Case("MySqlDatabase", "name", name, name, MYSQL)
    for key, value in DATABASE:
        # An existing Secret stands instead of passwords.
        others = {"namespace": "shop"} if key == "existing_secret" else MYSQL
        yield Case("MySqlDatabase", key, value, "mysqlauth", {**others, key: value})
    for key, value in RESOURCES:
        yield Case("MySqlDatabase", f"resources.{key}", value, "mysqlauth", {**MYSQL, "resources": {key: value}})
    for key, value in CLUSTER:
        yield Case("MySqlCluster", key, value, "mysqlauth", {**SEVERAL, key: value})
    for key, value in SERVICE:
        # `database` stands instead of the inputs that say the same one by one.
        others = {"image": "auth:1"} if key == "database" else AUTH
        yield Case("AuthService", key, value, "authenticate", {**others, key: value})
    for key, value in NAMESPACE:
        section, _, name = key.partition(".")
        given = {name: value} if name else value
        if section == "container_defaults":
            given |= {"cpu_request": "100m", "memory_request": "64Mi", "memory_limit": "128Mi"}
        yield Case("AppNamespace", key, value, "shop", {section: given})


def _cell(text: object) -> str:
    return f"`{text}`".replace("|", "\\|").replace("\n", "\\n").replace("\0", "\\0")


def _row(case: Case) -> tuple[str, float]:
    times: list[float] = []
    for _ in range(7):
        started = time.perf_counter()
        case.errors()
        times.append(time.perf_counter() - started)
    milliseconds = statistics.median(times) * 1000
    error = case.errors()[0]
    value = case.value if len(repr(case.value)) <= 60 else f"{str(case.value)[:20]}… ({len(case.value)} characters)"
    given = f"{case.key} = {value!r}"
    cells = (case.component, _cell(given), _cell(error.key), error.rule, error.example or "give another value")
    return f"| {' | '.join(cells)} | {milliseconds:.2f} |", milliseconds


def main() -> None:
    """Write docs/reference/bad-inputs.md."""
    rows = [_row(case) for case in cases()]
    slowest = max(milliseconds for _, milliseconds in rows)
    lines = [
        "# Bad inputs",
        "",
        "Written by `make bad-inputs`. All errors of a program come at once, before the first resource is registered,",
        "with exit status 1 and no traceback (tests/engine/test_preview.py). The time is that of the check alone, the",
        f"median of 7 runs; the slowest of {len(rows)} took {slowest:.1f} ms.",
        "",
        "| component | input | key in the message | rule | fix | ms |",
        "|---|---|---|---|---|---|",
        *(row for row, _ in rows),
    ]
    (CHECKOUT / "docs/reference/bad-inputs.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} bad inputs, all refused; the slowest check took {slowest:.1f} ms")
    print("wrote docs/reference/bad-inputs.md")


if __name__ == "__main__":
    main()
