"""The inputs of AuthService, and what is allowed in them."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi

from .. import connection
from ..connection import CONNECTION, DatabaseConnection
from ..inputs import metadata, validation
from ..inputs.errors import InputError
from ..inputs.record import Record, Rule
from ..inputs.validation import each, mapping
from ..kubernetes import monitoring, resources, services, workload
from ..kubernetes.placement import Placement
from ..kubernetes.platform import Platform
from ..kubernetes.resources import Resources
from ..kubernetes.services import ServiceType
from ..kubernetes.traffic import PEER, Peer
from . import containers, environment, metrics, mounts
from .environment import ENV_FROM, SECRET_KEY, DatabaseValue, EnvFrom, SecretKey
from .exposure import AUTOSCALING, HTTP_ROUTE, INGRESS, Autoscaling, HttpRoute, Ingress
from .metrics import ServiceMetrics
from .mounts import Volume
from .probes import PROBES, Probes

PORT = 5010
RESOURCES = {"cpu_request": "250m", "cpu_limit": "500m", "memory_request": "128Mi", "memory_limit": "256Mi"}


class AuthServiceArgs(TypedDict):
    """Inputs of AuthService."""

    image: pulumi.Input[str]
    """The service's image, with a tag or digest."""

    database: NotRequired[pulumi.Input[DatabaseConnection]]
    """The database: `MySqlDatabase.connection`, or any other's. Required without database_endpoint."""

    namespace: NotRequired[pulumi.Input[str]]
    """The namespace of all children; it must exist. Default: that of `database`."""

    database_endpoint: NotRequired[pulumi.Input[str]]
    """The database's `host:port`, handed to the pods as DB_HOST. Default: that of `database`."""

    database_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with the account, handed over as DB_USER and DB_PASS. Default: that of `database`."""

    database_username_key: NotRequired[pulumi.Input[str]]
    """The account's name in that Secret. Default: `username`."""

    database_password_key: NotRequired[pulumi.Input[str]]
    """The account's password in that Secret. Default: `password`."""

    database_userinfo_key: NotRequired[pulumi.Input[str]]
    """`account:password` in that Secret, URL-encoded, for `url` in database_env. Default: none, then as they are."""

    database_name: NotRequired[pulumi.Input[str]]
    """The schema, handed to the pods as DB_NAME. Default: that of `database`; without one, no DB_NAME."""

    database_namespace: NotRequired[pulumi.Input[str]]
    """The namespace of the database's Service, when it is another one on purpose. Default: `namespace`."""

    database_ca_secret_name: NotRequired[pulumi.Input[str]]
    """A Secret with `ca.crt` to verify the server; its path is DB_TLS_CA. Default: encrypted, not verified."""

    database_pod_port: NotRequired[pulumi.Input[int]]
    """The port of the pods behind database_endpoint, which NetworkPolicies see. Default: the endpoint's."""

    database_env: NotRequired[pulumi.Input[dict[str, pulumi.Input[DatabaseValue]]]]
    """More variables for the database, such as `{DB_PORT: port}`; or another value for DB_HOST. Default: none."""

    binding: NotRequired[pulumi.Input[str]]
    """The database as files in /bindings/<this name>, as servicebinding.io has it. Default: none."""

    resource_name: NotRequired[str]
    """The instance's name in the cluster, where it is not the component's. Default: the component's name."""

    command: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The container's command. Default: the image's own."""

    args: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """The command's arguments. Default: the image's own."""

    working_dir: NotRequired[pulumi.Input[str]]
    """The container's working directory, an absolute path. Default: the image's own."""

    env: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """More environment variables, none of them secret. Default: none. Refused: those that the component sets."""

    secret_env: NotRequired[pulumi.Input[dict[str, pulumi.Input[SecretKey]]]]
    """More environment variables from Secrets. Default: none."""

    env_from: NotRequired[pulumi.Input[list[pulumi.Input[EnvFrom]]]]
    """Secrets and ConfigMaps whose values all become variables. Default: none."""

    volumes: NotRequired[pulumi.Input[list[pulumi.Input[Volume]]]]
    """Folders from Secrets, ConfigMaps, claims or scratch space; /tmp is always there. Default: none."""

    init_containers: NotRequired[pulumi.Input[list[Any]]]
    """Containers that run before, with Kubernetes' own keys, restricted like the service's. Default: none."""

    sidecars: NotRequired[pulumi.Input[list[Any]]]
    """Containers beside the service's; they may mount `tmp`, and of `volumes` `volume-0` on. Default: none."""

    egress: NotRequired[pulumi.Input[list[pulumi.Input[Peer]]]]
    """What the pods may talk to besides DNS and the database. Default: nothing."""

    port: NotRequired[pulumi.Input[int]]
    """The port the service listens on, and its Service's port. Default: 5010, the seed's. Allowed: 1024 to 65535."""

    service_type: NotRequired[pulumi.Input[ServiceType]]
    """How the service is reached. Default: ClusterIP."""

    node_port: NotRequired[pulumi.Input[int]]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Not with service_type ClusterIP."""

    service_annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Annotations of the Service alone. Default: none."""

    metrics: NotRequired[ServiceMetrics]
    """The port where the image has metrics, and who may read them; `{}` is all defaults. Default: none."""

    ingress: NotRequired[Ingress]
    """An Ingress in front of the Service. Default: none."""

    http_route: NotRequired[HttpRoute]
    """An HTTPRoute of the Gateway API in front of the Service. Default: none."""

    autoscaling: NotRequired[Autoscaling]
    """A HorizontalPodAutoscaler instead of `replicas`. Default: none."""

    drain_seconds: NotRequired[pulumi.Input[int]]
    """How long a pod still serves after it was told to stop, in seconds. Default: 5. Allowed: 0 to 600."""

    shutdown_seconds: NotRequired[pulumi.Input[int]]
    """How long its process may take to stop after that, in seconds. Default: 25. Allowed: 1 to 3600."""

    service_account_name: NotRequired[pulumi.Input[str]]
    """A ServiceAccount that exists already. Default: one is made, which may nothing."""

    service_account_annotations: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Annotations of the account that is made, such as a cloud's role. Default: none."""

    probes: NotRequired[pulumi.Input[Probes]]
    """How health is asked. Default: GET /healthz and /readyz."""

    replicas: NotRequired[int]
    """How many pods, 1 to 100. Default: 1. From 2 on they spread over nodes, and one at a time may be away."""

    resources: NotRequired[pulumi.Input[Resources]]
    """Requests and limits. Default: the seed's, cpu 250m/500m, memory 128Mi/256Mi."""

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

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the pods to be ready before it fails, in seconds. Default: 300. Allowed: 10 to 3600."""


def _resources(key: str, value: Any) -> list[InputError]:
    return resources.check(key, value, RESOURCES, "16Mi")


RULES = Record(
    AuthServiceArgs,
    {
        "image": Rule(validation.image("registry.example.com/authenticate:1.0.0")),
        "database": Rule(CONNECTION),
        **{single: Rule(CONNECTION.rules[key].check) for key, single in connection.SINGLE.items()},
        "database_env": Rule(mapping(validation.one_of(DatabaseValue), validation.variable), default={}),
        "binding": Rule(validation.or_empty(validation.resource_name("mysqlauth"))),
        "resource_name": Rule(lambda key, value: validation.name(key, value, "authenticate"), plain=True),
        "command": Rule(each(validation.text, "['/bin/sh', '-c']"), default=[]),
        "args": Rule(each(validation.text, "['python run.py']"), default=[]),
        "working_dir": Rule(validation.or_empty(validation.absolute_path("/build/authenticate_service"))),
        "env": Rule(mapping(validation.text, validation.variable), default={}),
        "secret_env": Rule(mapping(SECRET_KEY, validation.variable), default={}),
        "env_from": Rule(each(ENV_FROM), default=[]),
        "volumes": Rule(mounts.check, default=[]),
        "init_containers": Rule(containers.check_all, default=[]),
        "sidecars": Rule(containers.check_all, default=[]),
        "egress": Rule(each(PEER), default=[]),
        "port": Rule(validation.port(PORT, low=1024), default=PORT),
        "metrics": Rule(metrics.RULES, plain=True),
        "service_type": Rule(validation.one_of(ServiceType), default=ServiceType.CLUSTER_IP.value),
        "node_port": Rule(services.check_node_port, default=0, needs=("service_type", "platform")),
        "service_annotations": Rule(metadata.annotations),
        "ingress": Rule(INGRESS, plain=True),
        "http_route": Rule(HTTP_ROUTE, plain=True),
        "autoscaling": Rule(AUTOSCALING, plain=True),
        "drain_seconds": Rule(validation.seconds(0, 600, 5), default=5),
        "shutdown_seconds": Rule(validation.seconds(1, 3600, 25), default=25),
        "service_account_name": Rule(validation.resource_name("authenticate"), counted=True),
        "service_account_annotations": Rule(metadata.annotations),
        "probes": Rule(PROBES, default={}),
        "replicas": Rule(validation.whole_number(1, 100, "pods", 1), default=1, plain=True),
        "resources": Rule(_resources, default={}),
        **workload.RULES,
    },
)
"""The rules and defaults of AuthServiceArgs."""


def check(name: str, args: AuthServiceArgs) -> list[InputError]:
    """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
    return RULES.of_component(name, args, _check)


def _check(name: str, given: Mapping[str, Any]) -> list[InputError]:
    found = [
        *validation.name("name", name, "authenticate"),
        *RULES.check(given),
        *connection.check(given),
        *validation.not_together(given, "autoscaling", ["replicas"]),
        *validation.not_together(given, "service_account_name", ["service_account_annotations"]),
        *environment.check_collisions(given),
        *monitoring.check_annotations(given),
    ]
    return (
        found
        or metrics.check_port(given, RULES.value(given, "port"))
        or containers.check_names(given, RULES.value(given, "resource_name") or name)
        or mounts.check_own(given)
        or mounts.check_names(given)
        or connection.check_service_namespace(connection.known(given), RULES.value(given, "cluster_domain"))
    )
