"""The inputs of MySqlCluster, and what is allowed in them."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from ..inputs import quantities, validation
from ..inputs.errors import Advice, InputError
from ..inputs.outputs import camel_case
from ..inputs.record import Record, Rule
from ..inputs.validation import whole_number
from ..kubernetes import monitoring, resources, workload
from ..kubernetes.placement import Placement
from ..kubernetes.platform import Platform
from ..kubernetes.resources import Resources
from ..kubernetes.services import ServiceType, TrafficPolicy
from ..mysql import inputs as mysql_inputs
from ..mysql.backup_inputs import Backup
from ..mysql.inputs import DatabaseClient, sized
from ..mysql.sizes import DatabaseSize
from . import backup_inputs, metrics, names, settings, shards
from .metrics import ClusterMetrics
from .refused import REFUSED

MOST_SERVERS = 9
MINIMUM_MEMORY = "352Mi"
"""The smallest limit for a server and the program that starts it."""


class MySqlClusterArgs(TypedDict):
    """Inputs of MySqlCluster; those that MySqlDatabase has, too, mean the same."""

    namespace: pulumi.Input[str]
    """The namespace of all children; it must exist."""

    image: pulumi.Input[str]
    """An image with Vitess' programs, mysqld, sh and openssl; `python -m lab.images` makes one, no registry has it."""

    etcd_image: pulumi.Input[str]
    """An image whose PATH has etcd 3.6."""

    resource_name: NotRequired[str]
    """The instance's name in the cluster, where it is not the component's. Default: the component's name."""

    replicas: NotRequired[pulumi.Input[int]]
    """How many servers hold the data. Default: 3. Allowed: 3 to 9; with two, the first loss would stop writes."""

    shards: NotRequired[int]
    """How many parts rows are in, each with `replicas` servers. Default: 1. Allowed: 1, 2, 4, 8, 16; see reshard_to."""

    reshard_to: NotRequired[int]
    """How many parts `kubeauth reshard` moves rows to: makes their servers. Default: none. Allowed: over `shards`."""

    sharding: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """The column of each table that decides which part a row is in. Required with more than one, and only with them."""

    gateways: NotRequired[pulumi.Input[int]]
    """How many gateways (vtgate) clients are spread over. Default: 2. Allowed: 1 to 20."""

    topology_members: NotRequired[int]
    """How many etcd members know who the primary is. Default: 3. Allowed: 1 for tests, 3, 5. It cannot change."""

    password: NotRequired[pulumi.Input[str]]
    """The application's password, 1 to 255 bytes. Required without existing_secret. The old one is refused."""

    previous_password: NotRequired[pulumi.Input[str]]
    """A password that logs in, too, while clients change to the new one; take it out afterwards. Default: none."""

    existing_secret: NotRequired[pulumi.Input[str]]
    """A Secret with `username` and `password` instead of these inputs. Default: none."""

    database_name: NotRequired[pulumi.Input[str]]
    """The schema, Vitess' keyspace. Default: `admin`. Allowed: 1 to 64 of A-Z a-z 0-9 _ -. It cannot change."""

    username: NotRequired[pulumi.Input[str]]
    """The application's account. Default: `admin`. Allowed: 1 to 32 of A-Z a-z 0-9 _ -, not root, not vt_…."""

    backup: NotRequired[Backup]
    """Backups of the schema, each restored once. Default: none. Not allowed in it: `point_in_time`."""

    metrics: NotRequired[ClusterMetrics]
    """Who may read the metrics of every process; `{}` is all defaults, `image` is refused. Default: none."""

    settings: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Settings of the servers as in my.cnf. Default: none. Refused: those that Vitess or the pod rules."""

    require_tls: NotRequired[pulumi.Input[bool]]
    """Refuse connections of clients without TLS. Default: true."""

    tls_secret: NotRequired[pulumi.Input[str]]
    """A Secret with the gateways' `tls.crt` and `tls.key`, valid for `host`. Default: self-made certificates."""

    service_type: NotRequired[pulumi.Input[ServiceType]]
    """How the database is reached. Default: NodePort, the seed's."""

    node_port: NotRequired[pulumi.Input[int]]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Not with service_type ClusterIP."""

    node_port_cidrs: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Networks, as CIDRs, that may use the node port besides the pod's own node. Default: none. Not with ClusterIP."""

    external_traffic_policy: NotRequired[pulumi.Input[TrafficPolicy]]
    """Which nodes answer at the node port. Default: Cluster, all of them. Not with service_type ClusterIP."""

    service_annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Annotations of the clients' Service alone. Default: none."""

    port: NotRequired[pulumi.Input[int]]
    """The clients' Service's port. Default: 3306, the seed's. Allowed: 1 to 65535."""

    clients: NotRequired[pulumi.Input[list[pulumi.Input[DatabaseClient]]]]
    """Pods that may connect. Default: this package's pods in the database's namespace."""

    storage_size: NotRequired[pulumi.Input[str]]
    """Size of each server's volume, with Ki, Mi, Gi or Ti. Default: `2Gi`. Claims of StatefulSets cannot change."""

    storage_class: NotRequired[pulumi.Input[str]]
    """The volumes' storage class. Default: the cluster's default class. It cannot change."""

    access_mode: NotRequired[pulumi.Input[str]]
    """`ReadWriteOnce`, or `ReadWriteOncePod` where the driver can. Default: ReadWriteOnce. It cannot change."""

    retain_data: NotRequired[bool]
    """Keep all volume claims whatever is deleted, and refuse to delete their StatefulSets. Default: true."""

    size: NotRequired[pulumi.Input[DatabaseSize]]
    """How much each server may use. Default: medium, cpu 250m/500m and memory 384Mi/512Mi."""

    resources: NotRequired[pulumi.Input[Resources]]
    """CPU and memory of each server, over those of `size`. Default: `size`'s. Limit of memory: at least 352Mi."""

    gateway_resources: NotRequired[pulumi.Input[Resources]]
    """CPU and memory of each gateway. Default: cpu 100m/1, memory 128Mi/256Mi."""

    placement: NotRequired[pulumi.Input[Placement]]
    """Which nodes, tolerations, affinity and priority, for every pod. Default: anywhere, spread over nodes."""

    platform: NotRequired[pulumi.Input[Platform]]
    """What the platform assigns: users, DNS ports, pull secrets. Default: a cluster as kubeadm makes it."""

    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra labels for every child and pod. Default: none."""

    annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Extra annotations for every child and pod. Default: none."""

    cluster_domain: NotRequired[pulumi.Input[str]]
    """The cluster's DNS domain. Default: `cluster.local`."""

    startup_seconds: NotRequired[pulumi.Input[int]]
    """How long a server's start may take, with recovery, in seconds. Default: 3600. Allowed: 60 to 86400."""

    shutdown_seconds: NotRequired[pulumi.Input[int]]
    """How long handing over and a clean shutdown may take, in seconds. Default: 120. Allowed: 60 to 86400."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for each workload to be ready before it fails. Default: 600. Allowed: 10 to 3600."""


GATEWAY_RESOURCES = {"cpu_request": "100m", "cpu_limit": "1", "memory_request": "128Mi", "memory_limit": "256Mi"}


def server_resources(size: str) -> dict[str, str]:
    """The requests and limits of a size, none of memory below what a server of a cluster needs."""
    found = sized(size)
    least = {key: MINIMUM_MEMORY for key in ("memory_request", "memory_limit") if _less(found[key], MINIMUM_MEMORY)}
    return {**found, **least}


def _less(one: str, other: str) -> bool:
    return (quantities.bytes_of(one) or 0) < (quantities.bytes_of(other) or 0)


def _resources(key: str, value: Any, size: Any) -> list[InputError]:
    return resources.check(key, value, server_resources(size), MINIMUM_MEMORY)


def _gateway_resources(key: str, value: Any) -> list[InputError]:
    return resources.check(key, value, GATEWAY_RESOURCES, "96Mi")


def _settings(key: str, value: Any, size: Any, given: Any) -> list[InputError]:
    limit = resources.merge(given, server_resources(size))["memory_limit"]
    return settings.check(key, value, limit)


def _members(key: str, value: Any) -> list[InputError]:
    ok = isinstance(value, int) and not isinstance(value, bool) and value in (1, 3, 5)
    return validation.check(ok, key, value, "1, 3 or 5, so that most of them can agree", "3")


SAME = (
    "namespace", "resource_name", "existing_secret", "password", "previous_password",
    "require_tls", "tls_secret", "service_type", "node_port",
    "node_port_cidrs", "external_traffic_policy", "service_annotations", "port", "clients",
    "storage_class", "access_mode", "retain_data", "size", "startup_seconds",
    "shutdown_seconds",
)  # fmt: skip
"""The inputs that mean what they mean for MySqlDatabase."""

RULES = Record(
    MySqlClusterArgs,
    {
        **{key: mysql_inputs.RULES.rules[key] for key in SAME},
        "image": Rule(validation.image("registry.example.com/vitess:24.0.4")),
        "etcd_image": Rule(validation.image("registry.example.com/etcd:3.6.16")),
        "replicas": Rule(whole_number(3, MOST_SERVERS, "servers", 3), default=3),
        "shards": Rule(shards.count, default=1, plain=True),
        "reshard_to": Rule(shards.more, needs=("shards",), plain=True),
        "sharding": Rule(shards.columns),
        "gateways": Rule(whole_number(1, 20, "gateways", 2), default=2),
        "topology_members": Rule(_members, default=3, plain=True),
        "database_name": Rule(names.database_name, default="admin"),
        "username": Rule(names.username, default="admin"),
        "backup": Rule(backup_inputs.RULES, plain=True),
        "metrics": Rule(metrics.RULES, plain=True),
        "settings": Rule(_settings, default={}, needs=("size", "resources")),
        "storage_size": Rule(quantities.byte_quantity("1Gi", "2Gi"), default="2Gi"),
        "resources": Rule(_resources, default={}, needs=("size",)),
        "gateway_resources": Rule(_gateway_resources, default={}),
        **workload.RULES,
        "rollout_seconds": Rule(validation.seconds(10, 3600, 600), default=600, plain=True),
    },
)
"""The rules and defaults of MySqlClusterArgs."""


def check(name: str, args: MySqlClusterArgs) -> list[InputError]:
    """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
    return RULES.of_component(name, args, _check)


def _check(name: str, given: Mapping[str, Any]) -> list[InputError]:
    # Programs in other languages hand over unknown names as they spell them.
    refused = {word: (key, *why) for key, why in REFUSED.items() for word in (key, camel_case(key)) if word in given}
    return [
        *validation.name("name", name, "mysqlauth"),
        *(InputError(key, "(given)", rule, Advice(fix)) for key, rule, fix in refused.values()),
        *RULES.check({key: value for key, value in given.items() if key not in refused}),
        *monitoring.check_annotations(given),
        *validation.at_least_one(given, ("password", "existing_secret")),
        *validation.not_together(given, "existing_secret", ("username", "password", "previous_password")),
        *shards.together(given),
    ]
