"""The inputs of AuthService, and what is allowed in them."""

from typing import NotRequired, TypedDict

import pulumi

from .. import connection
from ..connection import DatabaseConnection
from ..inputs import quantities, validation
from ..inputs.errors import InputError, required
from ..kubernetes import discovery, pods
from ..kubernetes.services import ServiceType

PORT = 5010
RESOURCES: pods.Resources = {
    "cpu_request": "250m",
    "cpu_limit": "500m",
    "memory_request": "128Mi",
    "memory_limit": "256Mi",
}


class SecretKey(TypedDict):
    """One value of a Secret."""

    secret_name: pulumi.Input[str]
    """The Secret's name, in the namespace of the pods."""

    key: str
    """The value's key in the Secret."""


class Probes(TypedDict):
    """How the health of a service is asked, by GET on its port; 200 to 399 is healthy."""

    liveness_path: NotRequired[str]
    """Answers while the process works; a pod that does not is restarted. Default: `/healthz`."""

    readiness_path: NotRequired[str]
    """Answers while requests can be served, so when the database answers. Default: `/readyz`."""

    startup_seconds: NotRequired[int]
    """How long a start may take before it counts as failed, in seconds. Default: 60. Allowed: 1 to 3600."""


class AuthServiceArgs(TypedDict):
    """Inputs of AuthService."""

    image: str
    """The service's image, with a tag or digest."""

    database: NotRequired[pulumi.Input[DatabaseConnection]]
    """The database: `MySqlDatabase.connection`, or any other's. Required without database_endpoint."""

    namespace: NotRequired[pulumi.Input[str]]
    """The namespace of all children; it must exist. Default: that of `database`."""

    database_endpoint: NotRequired[pulumi.Input[str]]
    """The database's `host:port`, handed to the pods as DB_HOST. Default: that of `database`."""

    database_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with the account, handed over as DB_USER and DB_PASS. Default: that of `database`."""

    database_username_key: NotRequired[str]
    """The account's name in that Secret. Default: `username`."""

    database_password_key: NotRequired[str]
    """The account's password in that Secret. Default: `password`."""

    database_name: NotRequired[pulumi.Input[str]]
    """The schema, handed to the pods as DB_NAME. Default: that of `database`; without one, no DB_NAME."""

    database_namespace: NotRequired[str]
    """The namespace of the database's Service, when it is another one on purpose. Default: `namespace`."""

    database_ca_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with `ca.crt` to verify the server; its path is DB_TLS_CA. Default: encrypted, not verified."""

    command: NotRequired[list[str]]
    """The container's command. Default: the image's own."""

    args: NotRequired[list[str]]
    """The command's arguments. Default: the image's own."""

    working_dir: NotRequired[str]
    """The container's working directory, an absolute path. Default: the image's own."""

    env: NotRequired[dict[str, pulumi.Input[str]]]
    """More environment variables, none of them secret. Default: none. Refused: DB_…, which the component sets."""

    secret_env: NotRequired[dict[str, SecretKey]]
    """More environment variables from Secrets. Default: none."""

    port: NotRequired[int]
    """The port the service listens on, and its Service's port. Default: 5010, the seed's. Allowed: 1024 to 65535."""

    service_type: NotRequired[ServiceType]
    """How the service is reached. Default: ClusterIP."""

    node_port: NotRequired[int]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Only with service_type NodePort."""

    service_annotations: NotRequired[dict[str, str]]
    """Annotations of the Service alone. Default: none."""

    probes: NotRequired[Probes]
    """How health is asked. Default: GET /healthz and /readyz."""

    replicas: NotRequired[int]
    """How many pods, 1 to 100. Default: 1. From 2 on they spread over nodes, and one at a time may be away."""

    resources: NotRequired[pods.Resources]
    """Requests and limits. Default: the seed's, cpu 250m/500m, memory 128Mi/256Mi."""

    placement: NotRequired[pods.Placement]
    """Where the pods run. Default: anywhere."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child and pod. Default: none."""

    annotations: NotRequired[dict[str, str]]
    """Extra annotations for every child and pod. Default: none."""

    cluster_domain: NotRequired[str]
    """The cluster's DNS domain. Default: `cluster.local`."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the pods to be ready before it fails, in seconds. Default: 300. Allowed: 10 to 3600."""


def check(name: str, args: AuthServiceArgs) -> list[InputError]:
    """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
    service_type = validation.word_of(args.get("service_type", ServiceType.CLUSTER_IP))
    domain = args.get("cluster_domain", discovery.CLUSTER_DOMAIN)
    probes = args.get("probes", {})
    database = connection.spread(args)
    endpoint, namespace = database.get("database_endpoint"), database.get("namespace")
    return [
        *validation.name("name", name, "authenticate"),
        *required(args, AuthServiceArgs),
        *connection.check(args),
        *validation.name("namespace", namespace, "production-cloud"),
        *validation.image("image", args.get("image"), "registry.example.com/authenticate:1.0.0"),
        *validation.endpoint("database_endpoint", endpoint),
        *check_database_namespace(args, endpoint, namespace, domain),
        *validation.resource_name(
            "database_secret_name", database.get("database_secret_name"), "mysqlauth-credentials"
        ),
        *validation.secret_key("database_username_key", args.get("database_username_key", "username"), "username"),
        *validation.secret_key("database_password_key", args.get("database_password_key", "password"), "password"),
        *validation.resource_name("database_ca_secret_name", args.get("database_ca_secret_name"), "mysqlauth-tls"),
        *validation.absolute_path("working_dir", args.get("working_dir")),
        *validation.env_names("env", args.get("env", {})),
        *validation.env_names("secret_env", args.get("secret_env", {}), taken=args.get("env", {})),
        *(error for entry in args.get("secret_env", {}).items() for error in _check_secret_key(*entry)),
        *validation.port("port", args.get("port", PORT), PORT, low=1024),
        *validation.one_of("service_type", service_type, ServiceType),
        *validation.node_port("node_port", args.get("node_port", 0), service_type, f"AuthService {name}"),
        *validation.annotations("service_annotations", args.get("service_annotations", {})),
        *required(probes, Probes, "probes."),
        *validation.absolute_path("probes.liveness_path", probes.get("liveness_path"), "/healthz"),
        *validation.absolute_path("probes.readiness_path", probes.get("readiness_path"), "/readyz"),
        *validation.whole_number("probes.startup_seconds", probes.get("startup_seconds", 60), 1, 3600, "seconds", 60),
        *validation.whole_number("replicas", args.get("replicas", 1), 1, 100, "pods", 1),
        *quantities.resources(args.get("resources", {}), RESOURCES, "16Mi"),
        *validation.placement("placement", args.get("placement", {})),
        *validation.labels("labels", args.get("labels", {})),
        *validation.annotations("annotations", args.get("annotations", {})),
        *validation.cluster_domain("cluster_domain", domain),
        *validation.whole_number("rollout_seconds", args.get("rollout_seconds", 300), 10, 3600, "seconds", 300),
    ]


def check_database_namespace(
    args: AuthServiceArgs, endpoint: object, namespace: object, domain: str
) -> list[InputError]:
    """A Service in another namespace is meant only when the inputs say so; checked when both are known."""
    if not (isinstance(endpoint, str) and isinstance(namespace, str)) or validation.endpoint("", endpoint):
        return []
    found = discovery.parse_endpoint(endpoint, domain).namespace
    expected = args.get("database_namespace", namespace)
    if found in (None, expected):
        return []
    rule = f"a Service of the namespace {expected}, or of database_namespace"
    return [InputError("database_endpoint", repr(endpoint), rule, f"give database_namespace: {found}")]


def _check_secret_key(name: str, value: SecretKey) -> list[InputError]:
    path = f"secret_env.{name}."
    return [
        *required(value, SecretKey, path),
        *validation.resource_name(f"{path}secret_name", value.get("secret_name"), "smtp"),
        *validation.secret_key(f"{path}key", value.get("key", "key"), "password"),
    ]
