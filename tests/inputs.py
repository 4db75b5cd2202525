"""Every input of every component, given plain, as an Output, as None and in a wrong shape: what comes of it.

`python -m tests.inputs` (make inputs) writes docs/reference/inputs.md; a unit test tries the same.
"""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple
from unittest import mock

import pulumi

from cli.paths import CHECKOUT
from components import AppNamespace, AuthService, InputErrors, MySqlCluster, MySqlDatabase
from components.auth.inputs import RULES as AUTH_RULES
from components.inputs.record import Record
from components.mysql.inputs import RULES as MYSQL_RULES
from components.mysql_cluster.inputs import RULES as CLUSTER_RULES
from components.namespace import RULES as NAMESPACE_RULES
from tests.unit.recorder import deploy

_PEER = {"cidr": "203.0.113.0/24", "ports": [587]}
#: Of every component with pods.
_WORKLOAD = {
    "placement": {"node_selector": {"disk": "ssd"}, "tolerations": [{"key": "db", "operator": "Exists"}]},
    "platform": {"image_pull_secrets": ["registry"], "run_as_user": 0, "fs_group": 0, "dns_ports": [5353]},
    "labels": {"team": "payments"},
    "annotations": {"example.com/team": "payments"},
    "cluster_domain": "corp.internal",
    "rollout_seconds": 60,
}
#: Of every database.
_DATABASE = {
    "require_tls": False,
    "tls_secret": "certificate",
    "service_type": "ClusterIP",
    "node_port": 32001,
    "node_port_cidrs": ["10.0.0.0/8"],
    "external_traffic_policy": "Local",
    "service_annotations": {"example.com/dns": "db"},
    "port": 3307,
    "clients": [{"pod_labels": {"app": "reports"}, "namespace": "bi"}],
    "storage_size": "5Gi",
    "storage_class": "fast",
    "access_mode": "ReadWriteOncePod",
}
_CONTAINER = {"name": "proxy", "image": "proxy:1.0"}

#: A value that is not the default, for each input.
GOOD: dict[str, dict[str, Any]] = {
    "AppNamespace": {
        "resource_name": "other",
        "quota": {"cpu": "4", "pods": 20},
        "container_defaults": {
            "cpu_request": "100m", "cpu_limit": "500m", "memory_request": "64Mi", "memory_limit": "256Mi",
        },
        "labels": {"team": "payments"},
        "annotations": {"example.com/team": "payments"},
    },
    "MySqlDatabase": {
        "namespace": "shop",
        "resource_name": "other",
        "existing_secret": "vault",
        "password": "another",
        "root_password": "different",
        "database_name": "orders",
        "username": "orders",
        "previous_password": "before",
        "schemas": [{"name": "archive", "collation": "utf8mb4_bin"}],
        "accounts": {"reports": {"schemas": ["admin"], "privileges": "data", "password": "reports-pw"}},
        "init_sql": "SELECT 1;",
        "privileges": "data",
        "settings": {"max_connections": "50"},
        "image": "mysql:8.4",
        **_DATABASE,
        "existing_claim": "old-data",
        "retain_data": False,
        "backup": {"schedule": "@daily", "keep": 3},
        "restore_from": {"s3": {"bucket": "acme", "existing_secret": "s3", "prefix": "a/b"}},
        "metrics": {"port": 9105, "scrapers": [{"pod_labels": {"app": "p"}, "namespace": "ops"}]},
        "size": "large",
        "resources": {"memory_limit": "1Gi"},
        **_WORKLOAD,
        "startup_seconds": 600,
        "shutdown_seconds": 60,
    },
    "MySqlCluster": {
        "namespace": "shop",
        "resource_name": "other",
        "replicas": 5,
        "shards": 2,
        "reshard_to": 4,
        "sharding": {"users": "username"},
        "gateways": 3,
        "topology_members": 1,
        "existing_secret": "vault",
        "password": "another",
        "previous_password": "before",
        "database_name": "orders",
        "username": "orders",
        "backup": {"schedule": "@daily", "keep": 3},
        "settings": {"max_connections": "400"},
        "image": "registry.example.com/vitess:24.0.4",
        "etcd_image": "registry.example.com/etcd:3.6",
        **_DATABASE,
        "retain_data": False,
        "size": "large",
        "resources": {"memory_limit": "1Gi"},
        "gateway_resources": {"memory_limit": "512Mi"},
        "metrics": {"scrapers": [{"pod_labels": {"app": "p"}, "namespace": "ops"}]},
        **_WORKLOAD,
        "startup_seconds": 600,
        "shutdown_seconds": 60,
    },
    "AuthService": {
        "image": "auth:2",
        "database": {"endpoint": "db:3306", "secret_name": "db", "namespace": "shop", "pod_port": 3307},
        "namespace": "shop",
        "database_endpoint": "db:3307",
        "database_secret_name": "other",
        "database_username_key": "user",
        "database_password_key": "pw",
        "database_userinfo_key": "url",
        "database_name": "orders",
        "database_namespace": "data",
        "database_ca_secret_name": "authority",
        "database_pod_port": 3308,
        "database_env": {"DB_PORT": "port"},
        "binding": "orders",
        "resource_name": "other",
        "command": ["/bin/sh", "-c"],
        "args": ["python run.py"],
        "working_dir": "/srv",
        "env": {"DB_POOL_SIZE": "5"},
        "secret_env": {"SMTP": {"secret_name": "smtp", "key": "pw"}},
        "env_from": [{"secret_name": "smtp"}],
        "volumes": [{"mount_path": "/etc/app", "config_map_name": "app"}],
        "init_containers": [_CONTAINER],
        "sidecars": [_CONTAINER],
        "egress": [_PEER],
        "port": 8080,
        "metrics": {"port": 9100, "path": "/m", "scrapers": [{"pod_labels": {"app": "p"}}]},
        "service_type": "NodePort",
        "node_port": 0,
        "service_annotations": {"example.com/dns": "auth"},
        "ingress": {"host": "auth.example.com"},
        "http_route": {"gateway_name": "public"},
        "autoscaling": {"max_replicas": 5},
        "drain_seconds": 10,
        "shutdown_seconds": 60,
        "service_account_name": "existing",
        "service_account_annotations": {"example.com/role": "reader"},
        "probes": {"liveness_path": "/live", "readiness": {"kind": "tcp"}},
        "replicas": 3,
        "resources": {"memory_limit": "512Mi"},
        **_WORKLOAD,
    },
}  # fmt: skip
BASE: dict[str, dict[str, Any]] = {
    "AppNamespace": {},
    "MySqlDatabase": {"namespace": "shop", "password": "app-pw"},
    "MySqlCluster": {"namespace": "shop", "password": "app-pw", "image": "vitess:24.0.4", "etcd_image": "etcd:3.6.16"},
    "AuthService": {
        "namespace": "shop", "image": "auth:1", "database_endpoint": "db:3306", "database_secret_name": "db",
    },
}  # fmt: skip
RULES: dict[str, Record] = {
    "AppNamespace": NAMESPACE_RULES, "MySqlDatabase": MYSQL_RULES, "MySqlCluster": CLUSTER_RULES,
    "AuthService": AUTH_RULES,
}  # fmt: skip
COMPONENTS: dict[str, Any] = {
    "AppNamespace": AppNamespace, "MySqlDatabase": MySqlDatabase, "MySqlCluster": MySqlCluster,
    "AuthService": AuthService,
}  # fmt: skip
#: Others that have to be there, too.
_TOGETHER: dict[str, dict[str, Any]] = {
    "shards": {"sharding": {"users": "username"}}, "reshard_to": {"sharding": {"users": "username"}},
    "sharding": {"shards": 2},
}  # fmt: skip
#: Others that stand for the same: they must not be there, too.
_INSTEAD = {"existing_secret": ["password"], "database": ["database_endpoint", "database_secret_name", "namespace"]}


class Input(NamedTuple):
    """One input of one component."""

    component: str
    key: str

    @property
    def good(self) -> Any:
        """A value that is allowed."""
        return GOOD[self.component][self.key]

    @property
    def wrong(self) -> Any:
        """A value of another shape: text for an object or list, a list for everything else."""
        return "text" if isinstance(self.good, dict | list) else [self.good]

    def args(self) -> dict[str, Any]:
        """The component's other inputs."""
        without = _INSTEAD.get(self.key, [])
        others = {key: value for key, value in BASE[self.component].items() if key not in without}
        return {**others, **_TOGETHER.get(self.key, {})}

    def outcome(self, value: Any) -> str:
        """What comes of a value: `same as plain`, `as not given`, `refused` under its own key, or `differs`."""
        absent = {**BASE[self.component]}
        if value is not None:
            absent = self.args()
        absent.pop(self.key, None)
        try:
            found = self._registered({**absent, self.key: value})
        except InputErrors as error:
            keys = {each.key.partition(".")[0] for each in error.inputs}
            return "refused" if self.key in keys else f"refused as {', '.join(sorted(keys))}"
        if value is None:
            return "as not given" if found == self._registered(absent) else "differs"
        return "same as plain" if found == self._registered({**absent, self.key: self.good}) else "differs"

    def _registered(self, args: dict[str, Any]) -> dict[tuple[str, str], Any]:
        """What the component registers, whatever the order; a property that is null is not there."""
        # What is made at random is another one each time.
        with mock.patch.multiple("secrets", token_hex=lambda count: "0" * 2 * count, token_bytes=bytes):
            found = deploy(lambda: COMPONENTS[self.component]("one", args))
        return {(entry.type, entry.name): _without_nulls(vars(entry)) for entry in found.all}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def output_of(value: Any) -> pulumi.Output[Any]:
    """A value as another resource's output."""
    return pulumi.Output.from_input(value)


def outputs_inside(value: Any) -> Any:
    """The same object or list, with each value in it as another resource's output."""
    if isinstance(value, dict):
        return {key: outputs_inside(each) for key, each in value.items()}
    if isinstance(value, list):
        return [outputs_inside(each) for each in value]
    return output_of(value)


def every() -> Iterator[Input]:
    """Every input of every component."""
    for component, record in RULES.items():
        for key in record.rules:
            yield Input(component, key)


def expected_output(given: Input) -> str:
    """What has to come of an Output: the same as of a plain value, or a refusal where it decides what there is."""
    return "refused" if RULES[given.component].rules[given.key].plain else "same as plain"


def expected_none(given: Input) -> str:
    """What has to come of None: as if it were not given, or a refusal where it is required."""
    required = given.key in BASE[given.component] and given.key in given.args()
    return "refused" if required else "as not given"


def main() -> None:
    """Write docs/reference/inputs.md."""
    warnings.simplefilter("ignore")
    lines = [
        "# Inputs in every form",
        "",
        "Written by `make inputs`, which gives each input in four forms and compares what is registered.",
        "An input that takes no Output decides which resources there are, so it has to be known before they are made.",
        "Programs in TypeScript, YAML and Go reach the same code through the package's host.",
        "",
        "| component | input | Output | None | wrong shape |",
        "|---|---|---|---|---|",
    ]
    for given in every():
        forms = (given.outcome(output_of(given.good)), given.outcome(None), given.outcome(given.wrong))
        lines.append(f"| {given.component} | `{given.key}` | {' | '.join(forms)} |")
    (CHECKOUT / "docs/reference/inputs.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote docs/reference/inputs.md: {len(lines) - 8} inputs")


if __name__ == "__main__":
    main()
