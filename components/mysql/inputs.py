"""The inputs of MySqlDatabase, and what is allowed in them."""

from typing import NotRequired, TypedDict

import pulumi

from ..inputs import quantities, validation
from ..inputs.errors import InputError, required
from ..kubernetes import discovery, pods
from ..kubernetes.services import ServiceType, TrafficPolicy
from . import backup_inputs, mysqld, sizes
from . import validation as mysql_validation
from .accounts import DatabasePrivileges
from .sizes import DatabaseSize

STORAGE_SIZE = "1Gi"


class DatabaseClient(TypedDict):
    """Pods that may connect to a database."""

    pod_labels: dict[str, str]
    """Labels that the pods have, at least one."""

    namespace: NotRequired[str]
    """The pods' namespace. Default: the database's."""


class MySqlDatabaseArgs(TypedDict):
    """Inputs of MySqlDatabase."""

    namespace: pulumi.Input[str]
    """The namespace of all children; it must exist."""

    password: NotRequired[pulumi.Input[str]]
    """The application's password, 1 to 255 characters. Required without existing_secret. The old one is refused."""

    root_password: NotRequired[pulumi.Input[str]]
    """root's password, other than the application's; root logs in inside the pod only. Default: root is locked."""

    existing_secret: NotRequired[pulumi.Input[str]]
    """A Secret with `username`, `password` and optionally `root-password` instead of these inputs. Default: none."""

    database_name: NotRequired[str]
    """The application's schema. Default: `admin`, the seed's. Allowed: 1 to 64 of A-Z a-z 0-9 _ -."""

    username: NotRequired[str]
    """The application's account. Default: `admin`, the seed's. Allowed: 1 to 32 of A-Z a-z 0-9 _ -, not root."""

    init_sql: NotRequired[pulumi.Input[str]]
    """More SQL for every start, run as root: one repeatable statement a line, ending with `;`. Default: none."""

    privileges: NotRequired[DatabasePrivileges]
    """What the application's account may do in its schema, and nowhere else. Default: owner, all but granting."""

    settings: NotRequired[dict[str, str]]
    """Server settings as in my.cnf, such as `max_connections`. Default: none. Refused: those that the pod needs."""

    image: NotRequired[str]
    """An image with mysqld, mysql, mysqladmin and sh, with a tag or digest. Default: `mysql:9.7`."""

    require_tls: NotRequired[bool]
    """Refuse connections without TLS. Default: true."""

    tls_secret: NotRequired[pulumi.Input[str]]
    """A Secret with the server's `tls.crt` and `tls.key`, valid for `host`. Default: a self-made certificate."""

    service_type: NotRequired[ServiceType]
    """How the database is reached. Default: NodePort, the seed's."""

    node_port: NotRequired[int]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Only with service_type NodePort."""

    node_port_cidrs: NotRequired[list[str]]
    """Networks, as CIDRs, that may use the node port besides the pod's own node. Default: none."""

    external_traffic_policy: NotRequired[TrafficPolicy]
    """Which nodes answer at the node port. Default: Cluster, all of them. Only with service_type NodePort."""

    service_annotations: NotRequired[dict[str, str]]
    """Annotations of the Service alone. Default: none."""

    port: NotRequired[int]
    """The Service's port. Default: 3306, the seed's. Allowed: 1 to 65535."""

    clients: NotRequired[list[DatabaseClient]]
    """Pods that may connect. Default: this package's pods in the database's namespace."""

    storage_size: NotRequired[str]
    """Size of the volume, with Ki, Mi, Gi or Ti. Default: `1Gi`. It can grow where the storage class allows it."""

    storage_class: NotRequired[str]
    """The volume's storage class. Default: the cluster's default class. Changing it later would lose the data."""

    existing_claim: NotRequired[pulumi.Input[str]]
    """A volume claim to use instead of storage_size and storage_class. Default: one is made."""

    retain_data: NotRequired[bool]
    """Refuse to delete or replace the volume claim (Pulumi's `protect`). Default: true. False for throw-away stacks."""

    backup: NotRequired[backup_inputs.Backup]
    """Backups of the schema at fixed times, in a volume of their own. Default: none."""

    size: NotRequired[DatabaseSize]
    """Requests, limits and the server's memory, as measured. Default: medium."""

    resources: NotRequired[pods.Resources]
    """Requests and limits that win over the size's; memory_limit 304Mi or more. Default: the size's."""

    placement: NotRequired[pods.Placement]
    """Where the pod runs. Default: anywhere."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child and pod. Default: none."""

    annotations: NotRequired[dict[str, str]]
    """Extra annotations for every child and pod. Default: none."""

    cluster_domain: NotRequired[str]
    """The cluster's DNS domain. Default: `cluster.local`."""

    startup_seconds: NotRequired[int]
    """How long a start may take, with recovery or an upgrade, in seconds. Default: 3600. Allowed: 60 to 86400."""

    shutdown_seconds: NotRequired[int]
    """How long a clean shutdown may take, in seconds; then it is killed. Default: 120. Allowed: 60 to 86400."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the server to be ready before it fails, in seconds. Default: 300. Allowed: 10 to 3600."""


def check(name: str, args: MySqlDatabaseArgs) -> list[InputError]:
    """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
    service_type = validation.word_of(args.get("service_type", ServiceType.NODE_PORT))
    password, root_password = args.get("password"), args.get("root_password")
    given_twice = ("username", "password", "root_password") if "existing_secret" in args else ()
    return [
        *validation.name("name", name, "mysqlauth"),
        *required(args, MySqlDatabaseArgs),
        *validation.name("namespace", args.get("namespace"), "production-cloud"),
        *validation.at_least_one(args, ("password", "existing_secret")),
        *validation.not_together(args, "existing_secret", given_twice),
        *validation.resource_name("existing_secret", args.get("existing_secret"), "mysqlauth-accounts"),
        *mysql_validation.password("password", password),
        *mysql_validation.password("root_password", root_password),
        *mysql_validation.different_passwords("root_password", root_password, "password", password),
        *mysql_validation.database_name("database_name", args.get("database_name", "admin")),
        *mysql_validation.username("username", args.get("username", "admin")),
        *mysql_validation.sql_lines("init_sql", args.get("init_sql")),
        *mysql_validation.settings("settings", args.get("settings", {}), _memory_limit(args), args.get("image", "")),
        *validation.one_of("privileges", validation.word_of(args.get("privileges", "owner")), DatabasePrivileges),
        *mysql_validation.seconds("startup_seconds", args.get("startup_seconds", 3600), mysqld.STARTUP_SECONDS),
        *mysql_validation.seconds("shutdown_seconds", args.get("shutdown_seconds", 120), mysqld.SHUTDOWN_SECONDS),
        *validation.image("image", args.get("image", mysqld.IMAGE), mysqld.IMAGE),
        *validation.true_or_false("require_tls", args.get("require_tls", True)),
        *validation.resource_name("tls_secret", args.get("tls_secret"), "mysqlauth-tls"),
        *validation.one_of("service_type", service_type, ServiceType),
        *validation.node_port("node_port", args.get("node_port", 0), service_type, f"MySqlDatabase {name}"),
        *validation.cidrs("node_port_cidrs", args.get("node_port_cidrs", [])),
        *validation.traffic_policy("external_traffic_policy", args.get("external_traffic_policy"), service_type),
        *validation.annotations("service_annotations", args.get("service_annotations", {})),
        *validation.port("port", args.get("port", 3306), 3306),
        *(error for entry in enumerate(args.get("clients", [])) for error in _check_client(*entry)),
        *quantities.byte_quantity("storage_size", args.get("storage_size", STORAGE_SIZE), "512Mi", "1Gi"),
        *validation.resource_name("storage_class", args.get("storage_class"), "standard"),
        *validation.resource_name("existing_claim", args.get("existing_claim"), "mysqlauth-data"),
        *validation.not_together(args, "existing_claim", ("storage_size", "storage_class")),
        *validation.true_or_false("retain_data", args.get("retain_data", True)),
        *(backup_inputs.check("backup", args["backup"]) if "backup" in args else []),
        *validation.one_of("size", validation.word_of(args.get("size", DatabaseSize.MEDIUM)), DatabaseSize),
        *quantities.resources(args.get("resources", {}), sized(args), sizes.MINIMUM_MEMORY),
        *validation.placement("placement", args.get("placement", {})),
        *validation.labels("labels", args.get("labels", {})),
        *validation.annotations("annotations", args.get("annotations", {})),
        *validation.cluster_domain("cluster_domain", args.get("cluster_domain", discovery.CLUSTER_DOMAIN)),
        *validation.whole_number("rollout_seconds", args.get("rollout_seconds", 300), 10, 3600, "seconds", 300),
    ]


def sized(args: MySqlDatabaseArgs) -> pods.Resources:
    """The requests and limits of the size that was asked for; of the default where that word is not known."""
    word = validation.word_of(args.get("size", DatabaseSize.MEDIUM))
    return sizes.RESOURCES.get(word, sizes.RESOURCES["medium"])


def _memory_limit(args: MySqlDatabaseArgs) -> str:
    return pods.merge(args.get("resources", {}), sized(args)).get("memory_limit", "")


def _check_client(position: int, client: DatabaseClient) -> list[InputError]:
    path = f"clients.{position}."
    return [
        *required(client, DatabaseClient, path),
        *validation.selector(f"{path}pod_labels", client.get("pod_labels", {})),
        *(validation.name(f"{path}namespace", client["namespace"], "shop") if "namespace" in client else []),
    ]
