"""The inputs of MySqlDatabase, and what is allowed in them."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import metadata, quantities, validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from ..inputs.validation import each
from ..kubernetes import monitoring, resources, services, workload
from ..kubernetes.placement import Placement
from ..kubernetes.platform import Platform
from ..kubernetes.resources import Resources
from ..kubernetes.services import ServiceType, TrafficPolicy
from . import backup_inputs, bucket_inputs, metrics_inputs, mysqld, sizes
from . import validation as mysql_validation
from .account_inputs import DatabaseAccount, DatabaseSchema, check_accounts, check_schemas
from .accounts import DatabasePrivileges
from .sizes import DatabaseSize


class DatabaseClient(TypedDict):
    """Pods that may connect to a database."""

    pod_labels: pulumi.Input[dict[str, pulumi.Input[str]]]
    """Labels that the pods have, at least one."""

    namespace: NotRequired[pulumi.Input[str]]
    """The pods' namespace. Default: the database's."""


class MySqlDatabaseArgs(TypedDict):
    """Inputs of MySqlDatabase."""

    namespace: pulumi.Input[str]
    """The namespace of all children; it must exist."""

    resource_name: NotRequired[str]
    """The instance's name in the cluster, where it is not the component's. Default: the component's name."""

    password: NotRequired[pulumi.Input[str]]
    """The application's password, 1 to 255 bytes. Required without existing_secret. The old one is refused."""

    previous_password: NotRequired[pulumi.Input[str]]
    """A password that logs in, too, while clients change to the new one; take it out afterwards. Default: none."""

    root_password: NotRequired[pulumi.Input[str]]
    """root's password, other than the application's; root logs in inside the pod only. Default: root is locked."""

    existing_secret: NotRequired[pulumi.Input[str]]
    """A Secret with `username`, `password` and optionally `root-password` instead of these inputs. Default: none."""

    database_name: NotRequired[pulumi.Input[str]]
    """The application's schema. Default: `admin`, the seed's. Allowed: 1 to 64 of A-Z a-z 0-9 _ -."""

    username: NotRequired[pulumi.Input[str]]
    """The application's account. Default: `admin`, the seed's. Allowed: 1 to 32 of A-Z a-z 0-9 _ -, not root."""

    init_sql: NotRequired[pulumi.Input[str]]
    """More SQL for every start, run as root: one repeatable statement a line, ending with `;`. Default: none."""

    privileges: NotRequired[pulumi.Input[DatabasePrivileges]]
    """What the application's account may do in its schema, and nowhere else. Default: owner, all but granting."""

    schemas: NotRequired[pulumi.Input[list[pulumi.Input[DatabaseSchema]]]]
    """More schemas, or a collation for `database_name`. Default: none. Backups hold them, too."""

    accounts: NotRequired[dict[str, pulumi.Input[DatabaseAccount]]]
    """More accounts by their names, each with its Secret: `account_connections`. Default: none."""

    settings: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Server settings as in my.cnf, such as `max_connections`. Default: none. Refused: those that the pod needs."""

    image: NotRequired[pulumi.Input[str]]
    """An image with mysqld, mysql, mysqladmin and sh, with a tag or digest. Default: `mysql:9.7`."""

    require_tls: NotRequired[pulumi.Input[bool]]
    """Refuse connections without TLS. Default: true."""

    tls_secret: NotRequired[pulumi.Input[str]]
    """A Secret with the server's `tls.crt` and `tls.key`, valid for `host`. Default: a self-made certificate."""

    service_type: NotRequired[pulumi.Input[ServiceType]]
    """How the database is reached. Default: NodePort, the seed's."""

    node_port: NotRequired[pulumi.Input[int]]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Not with service_type ClusterIP."""

    node_port_cidrs: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Networks, as CIDRs, that may use the node port besides the pod's own node. Default: none. Not with ClusterIP."""

    external_traffic_policy: NotRequired[pulumi.Input[TrafficPolicy]]
    """Which nodes answer at the node port. Default: Cluster, all of them. Not with service_type ClusterIP."""

    service_annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Annotations of the Service alone. Default: none."""

    port: NotRequired[pulumi.Input[int]]
    """The Service's port. Default: 3306, the seed's. Allowed: 1 to 65535."""

    clients: NotRequired[pulumi.Input[list[pulumi.Input[DatabaseClient]]]]
    """Pods that may connect. Default: this package's pods in the database's namespace."""

    storage_size: NotRequired[pulumi.Input[str]]
    """Size of the volume, with Ki, Mi, Gi or Ti. Default: `1Gi`. It can grow where the storage class allows it."""

    storage_class: NotRequired[pulumi.Input[str]]
    """The volume's storage class. Default: the cluster's default class. Changing it later would lose the data."""

    access_mode: NotRequired[pulumi.Input[str]]
    """`ReadWriteOnce`, or `ReadWriteOncePod` where the driver can. Default: ReadWriteOnce. It cannot change."""

    existing_claim: NotRequired[pulumi.Input[str]]
    """A volume claim to use instead of storage_size and storage_class. Default: one is made."""

    retain_data: NotRequired[bool]
    """Refuse to delete or replace the volume claim (Pulumi's `protect`). Default: true. False for throw-away stacks."""

    backup: NotRequired[backup_inputs.Backup]
    """Backups of the schema at fixed times, in a volume of their own. Default: none."""

    restore_from: NotRequired[bucket_inputs.RestoreFrom]
    """Backups in a bucket with which a new database begins. Default: none. Data that is there already stays."""

    metrics: NotRequired[metrics_inputs.DatabaseMetrics]
    """Metrics of the server, in a pod beside it; `{}` is all defaults. Default: none."""

    size: NotRequired[pulumi.Input[DatabaseSize]]
    """Requests, limits and the server's memory, as measured. Default: medium."""

    resources: NotRequired[pulumi.Input[Resources]]
    """Requests and limits that win over the size's; memory_limit 304Mi or more. Default: the size's."""

    placement: NotRequired[pulumi.Input[Placement]]
    """Where the pods run. Default: anywhere."""

    platform: NotRequired[pulumi.Input[Platform]]
    """What the platform assigns: users, DNS ports, pull secrets. Default: a cluster as kubeadm makes it."""

    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra labels for every child and pod. Default: none."""

    annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra annotations for every child and pod. Default: none."""

    cluster_domain: NotRequired[pulumi.Input[str]]
    """The cluster's DNS domain. Default: `cluster.local`."""

    startup_seconds: NotRequired[pulumi.Input[int]]
    """How long a start may take, with recovery or an upgrade, in seconds. Default: 3600. Allowed: 60 to 86400."""

    shutdown_seconds: NotRequired[pulumi.Input[int]]
    """How long a clean shutdown may take, in seconds; then it is killed. Default: 120. Allowed: 60 to 86400."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the server to be ready before it fails, in seconds. Default: 300. Allowed: 10 to 3600."""


def _passwords(key: str, value: Any, other: Any) -> list[InputError]:
    same = mysql_validation.different_passwords(key, value, "password", other)
    return [*mysql_validation.password(key, value), *same]


def _resources(key: str, value: Any, size: Any) -> list[InputError]:
    return resources.check(key, value, sized(size), sizes.MINIMUM_MEMORY)


def _settings(key: str, value: Any, image: Any, size: Any, given: Any) -> list[InputError]:
    limit = resources.merge(given, sized(size))["memory_limit"]
    return mysql_validation.settings(key, value, limit, image)


def sized(size: str) -> dict[str, str]:
    """The requests and limits of a size; of the default where that word is not known."""
    return sizes.RESOURCES.get(size, sizes.RESOURCES["medium"])


CLIENT = Record(DatabaseClient, {"pod_labels": Rule(metadata.selector), "namespace": Rule(validation.namespace)})
"""The rules of a DatabaseClient."""

RULES = Record(
    MySqlDatabaseArgs,
    {
        "namespace": Rule(validation.namespace),
        "resource_name": Rule(lambda key, value: validation.name(key, value, "mysqlauth"), plain=True),
        "existing_secret": Rule(validation.resource_name("mysqlauth-accounts"), counted=True),
        "password": Rule(mysql_validation.password, counted=True),
        "root_password": Rule(_passwords, needs=("password",), counted=True),
        "previous_password": Rule(_passwords, needs=("password",), counted=True),
        "database_name": Rule(mysql_validation.database_name, default="admin"),
        "username": Rule(mysql_validation.username, default="admin"),
        "init_sql": Rule(mysql_validation.sql_lines, counted=True),
        "privileges": Rule(validation.one_of(DatabasePrivileges), default=DatabasePrivileges.OWNER.value),
        "schemas": Rule(check_schemas, default=[], needs=("image",)),
        "accounts": Rule(check_accounts, default={}, needs=("database_name", "schemas", "username"), plain=True),
        "settings": Rule(_settings, default={}, needs=("image", "size", "resources")),
        "image": Rule(validation.image(mysqld.IMAGE), default=mysqld.IMAGE),
        "require_tls": Rule(validation.true_or_false, default=True),
        "tls_secret": Rule(validation.resource_name("mysqlauth-tls"), counted=True),
        "service_type": Rule(validation.one_of(ServiceType), default=ServiceType.NODE_PORT.value),
        "node_port": Rule(services.check_node_port, default=0, needs=("service_type", "platform")),
        "node_port_cidrs": Rule(services.check_networks, default=[], needs=("service_type",)),
        "external_traffic_policy": Rule(services.check_traffic_policy, needs=("service_type",)),
        "service_annotations": Rule(metadata.annotations),
        "port": Rule(validation.port(3306), default=3306),
        "clients": Rule(each(CLIENT)),
        "storage_size": Rule(quantities.byte_quantity("512Mi", "1Gi"), default="1Gi"),
        "storage_class": Rule(validation.or_empty(validation.resource_name("standard"))),
        "access_mode": Rule(validation.one_of(["ReadWriteOnce", "ReadWriteOncePod"]), default="ReadWriteOnce"),
        "existing_claim": Rule(validation.resource_name("mysqlauth-data"), counted=True),
        "retain_data": Rule(validation.true_or_false, default=True, plain=True),
        "backup": Rule(backup_inputs.RULES, plain=True),
        "restore_from": Rule(bucket_inputs.RESTORE_FROM, plain=True),
        "metrics": Rule(metrics_inputs.RULES, plain=True),
        "size": Rule(validation.one_of(DatabaseSize), default=DatabaseSize.MEDIUM.value),
        "resources": Rule(_resources, default={}, needs=("size",)),
        **workload.RULES,
        "startup_seconds": Rule(validation.seconds(60, 86400, 3600), default=mysqld.STARTUP_SECONDS),
        "shutdown_seconds": Rule(validation.seconds(60, 86400, 120), default=mysqld.SHUTDOWN_SECONDS),
    },
)
"""The rules and defaults of MySqlDatabaseArgs."""


def is_sent(given: Mapping[str, Any]) -> bool:
    """Whether the binary log goes to a bucket; `given` are the inputs without None."""
    backup = given.get("backup")
    return isinstance(backup, Mapping) and bool(backup.get("point_in_time"))


def check(name: str, args: MySqlDatabaseArgs) -> list[InputError]:
    """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
    return RULES.of_component(name, args, _check)


def _check(name: str, given: Mapping[str, Any]) -> list[InputError]:
    accounts = ("username", "password", "previous_password", "root_password")
    return [
        *validation.name("name", name, "mysqlauth"),
        *RULES.check(given),
        *validation.at_least_one(given, ("password", "existing_secret")),
        *validation.not_together(given, "existing_secret", accounts),
        *validation.not_together(given, "existing_claim", ("storage_size", "storage_class", "access_mode")),
        *monitoring.check_annotations(given),
        *(mysql_validation.sent_log("settings", given.get("settings", {})) if is_sent(given) else []),
    ]
