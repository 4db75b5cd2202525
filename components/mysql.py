"""MySqlDatabase: one MySQL server with its volume, accounts and Service."""

import base64
from collections.abc import Sequence
from enum import Enum
from typing import NotRequired, TypedDict, cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from . import discovery, labels, mysqld, pods, validation
from .children import Children


class ServiceType(Enum):
    """How a Service is reached."""

    NODE_PORT = "NodePort"
    """From pods, and on a port of every node, as in the seed."""

    CLUSTER_IP = "ClusterIP"
    """From pods only."""


class MySqlDatabaseArgs(TypedDict):
    """Inputs of MySqlDatabase."""

    namespace: pulumi.Input[str]
    """The namespace of all children; it must exist."""

    password: pulumi.Input[str]
    """The application's password, 1 to 255 characters. A new one is valid, and the old one refused, after `up`."""

    root_password: pulumi.Input[str]
    """The administrator's password, other than the application's. root logs in inside the pod only."""

    database_name: NotRequired[str]
    """The application's schema. Default: `admin`, the seed's. Allowed: 1 to 64 of A-Z a-z 0-9 _ -."""

    username: NotRequired[str]
    """The application's account. Default: `admin`, the seed's. Allowed: 1 to 32 of A-Z a-z 0-9 _ -, not root."""

    image: NotRequired[str]
    """An image with mysqld, mysql, mysqladmin and sh, with a tag or digest. Default: `mysql:9.7`."""

    service_type: NotRequired[ServiceType]
    """How the database is reached. Default: NodePort, the seed's."""

    node_port: NotRequired[int]
    """The port on every node, 30000 to 32767. Default: 0, the cluster chooses. Only with service_type NodePort."""

    node_port_cidrs: NotRequired[list[str]]
    """Networks, as CIDRs, that may use the node port besides the pod's own node. Default: none."""

    port: NotRequired[int]
    """The Service's port. Default: 3306, the seed's. Allowed: 1 to 65535."""

    storage_size: NotRequired[str]
    """Size of the volume, with Ki, Mi, Gi or Ti. Default: `1Gi`. It can grow where the storage class allows it."""

    storage_class: NotRequired[str]
    """The volume's storage class. Default: the cluster's default class. Changing it later would lose the data."""

    retain_data: NotRequired[bool]
    """Refuse to delete or replace the volume claim (Pulumi's `protect`). Default: true. False for throw-away stacks."""

    resources: NotRequired[pods.ResourcesArgs]
    """Requests and limits. Default: cpu 250m/500m (the seed's), memory 384Mi/512Mi. A quarter of the limit is cache."""

    labels: NotRequired[dict[str, str]]
    """Extra labels for every child and pod. Default: none."""

    cluster_domain: NotRequired[str]
    """The cluster's DNS domain. Default: `cluster.local`."""

    rollout_seconds: NotRequired[int]
    """How long `up` waits for the server to be ready before it fails. Default: 300. Allowed: 10 to 3600."""


class MySqlDatabase(pulumi.ComponentResource):
    """A MySQL server whose data outlives its pod and whose accounts follow the inputs.

    An instance called `mysqlauth` makes the Service `mysqlauth-service` and the Deployment `mysqlauth-deployment`.
    """

    host: pulumi.Output[str]
    """The Service's full DNS name, `<service>.<namespace>.svc.<cluster domain>`."""

    port: pulumi.Output[int]
    """The Service's port."""

    endpoint: pulumi.Output[str]
    """`host:port`, the form of the seed's DB_HOST."""

    service_name: pulumi.Output[str]
    """The Service's name."""

    namespace: pulumi.Output[str]
    """The namespace of all children."""

    database_name: pulumi.Output[str]
    """The application's schema."""

    credentials_secret_name: pulumi.Output[str]
    """The Secret with the keys `username` and `password`; its name changes when they do, so that clients restart."""

    node_port: pulumi.Output[int]
    """The port on every node, 0 when the Service has none."""

    def __init__(self, name: str, args: MySqlDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the database.

        Args:
            name: The instance's name, for example `mysqlauth`; a DNS label of at most 40 characters.
            args: The inputs.
            opts: Pulumi's options.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        validation.require(self.check(name, args), f"MySqlDatabase {name}")
        super().__init__("kubeauth:index:MySqlDatabase", name, {}, opts)
        common = labels.recommended("mysql", name, "database", args.get("labels"))
        children = Children(self, name, args["namespace"], common)
        database = args.get("database_name", "admin")
        service_type = ServiceType(args.get("service_type", ServiceType.NODE_PORT))
        rollout_seconds = int(args.get("rollout_seconds", 300))

        # Immutable Secrets whose names follow their content: a new password is a new Secret, so pods restart in order,
        # and the old Secret goes last. A Secret changed in place would leave pods running with the old password.
        files = mysqld.secret_files(
            name, database, args.get("username", "admin"), args["password"], args["root_password"]
        )
        version = pulumi.Output.unsecret(files.apply(lambda f: f"-{mysqld.fingerprint(f, salt=name)}"))
        credentials, server = (
            core.Secret(
                f"{name}-{child}",
                metadata=children.metadata(child, suffix=version),
                immutable=True,
                data={key: files.apply(lambda f, key=key: base64.b64encode(f[key].encode()).decode()) for key in keys},
                opts=children.options(),
            )
            for child, keys in (("credentials", mysqld.CLIENT_FILES), ("server", mysqld.SERVER_FILES))
        )
        claim = core.PersistentVolumeClaim(
            f"{name}-data",
            metadata=children.metadata("data"),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": args.get("storage_size", "1Gi")}),
                storage_class_name=args.get("storage_class") or None,
            ),
            opts=children.options(protect=args.get("retain_data", True)),
        )
        service = core.Service(
            f"{name}-service",
            # Pulumi would wait 10 s for endpoints; the Deployment below is what tells that the server is ready.
            metadata=children.metadata("service", wait=False),
            spec=core.ServiceSpecArgs(
                type=service_type.value,
                selector=labels.selector(name),
                ports=[
                    core.ServicePortArgs(
                        name="mysql",
                        port=int(args.get("port", 3306)),
                        target_port=mysqld.PORT_NAME,
                        node_port=int(args.get("node_port", 0)) or None,
                        protocol="TCP",
                    )
                ],
            ),
            opts=children.options(),
        )
        apps.Deployment(
            f"{name}-deployment",
            metadata=children.metadata("deployment", extra={"service": f"{name}-service"}),
            spec=apps.DeploymentSpecArgs(
                replicas=1,
                # Two servers must never open the same data directory.
                strategy=apps.DeploymentStrategyArgs(type="Recreate"),
                selector=LabelSelectorArgs(match_labels=labels.selector(name)),
                template=mysqld.pod_template(
                    name,
                    labels={**common, **labels.selector(name)},
                    image=args.get("image", mysqld.IMAGE),
                    claim=discovery.name_of(claim),
                    secret=discovery.name_of(server),
                    resources=pods.merge(args.get("resources", {}), mysqld.RESOURCES),
                ),
            ),
            opts=children.options(rollout_seconds=rollout_seconds),
        )
        networking.NetworkPolicy(
            f"{name}-clients",
            metadata=children.metadata("clients"),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector=LabelSelectorArgs(match_labels=labels.selector(name)),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    networking.NetworkPolicyIngressRuleArgs(
                        from_=[
                            networking.NetworkPolicyPeerArgs(
                                pod_selector=LabelSelectorArgs(match_labels={labels.PART_OF_LABEL: labels.PART_OF})
                            ),
                            *(
                                networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr))
                                for cidr in args.get("node_port_cidrs", [])
                            ),
                        ],
                        ports=[networking.NetworkPolicyPortArgs(port=mysqld.PORT, protocol="TCP")],
                    )
                ],
            ),
            opts=children.options(),
        )

        self.host = discovery.service_fqdn(service, args.get("cluster_domain", discovery.CLUSTER_DOMAIN))
        first_port = service.spec.apply(lambda spec: cast(Sequence[ServicePort], spec.ports)[0])
        self.port = first_port.apply(lambda port: int(port.port))
        self.endpoint = pulumi.Output.concat(self.host, ":", self.port.apply(str))
        self.service_name = discovery.name_of(service)
        self.namespace = discovery.namespace_of(service)
        self.database_name = pulumi.Output.from_input(database)
        self.credentials_secret_name = discovery.name_of(credentials)
        self.node_port = first_port.apply(lambda port: int(port.node_port or 0))
        self.register_outputs(
            {
                "host": self.host,
                "port": self.port,
                "endpoint": self.endpoint,
                "serviceName": self.service_name,
                "namespace": self.namespace,
                "databaseName": self.database_name,
                "credentialsSecretName": self.credentials_secret_name,
                "nodePort": self.node_port,
            }
        )

    @staticmethod
    def check(name: str, args: MySqlDatabaseArgs) -> list[validation.InputError]:
        """Return every input that is not allowed, without creating anything. Outputs are checked when they resolve."""
        service_type = args.get("service_type", ServiceType.NODE_PORT)
        service_type = service_type.value if isinstance(service_type, ServiceType) else service_type
        password, root_password = args.get("password"), args.get("root_password")
        return [
            *validation.name("name", name, "mysqlauth"),
            *validation.required(args, MySqlDatabaseArgs),
            *validation.name("namespace", args.get("namespace"), "production-cloud"),
            *validation.password("password", password),
            *validation.password("root_password", root_password),
            *validation.different_passwords("root_password", root_password, "password", password),
            *validation.database_name("database_name", args.get("database_name", "admin")),
            *validation.username("username", args.get("username", "admin")),
            *validation.image("image", args.get("image", mysqld.IMAGE), mysqld.IMAGE),
            *validation.one_of("service_type", service_type, [member.value for member in ServiceType]),
            *validation.node_port("node_port", args.get("node_port", 0), service_type),
            *validation.cidrs("node_port_cidrs", args.get("node_port_cidrs", [])),
            *validation.port("port", args.get("port", 3306), 3306),
            *validation.byte_quantity("storage_size", args.get("storage_size", "1Gi"), "512Mi", "1Gi"),
            *validation.resources(args.get("resources", {}), mysqld.RESOURCES, mysqld.MINIMUM_MEMORY),
            *validation.labels("labels", args.get("labels", {})),
            *validation.cluster_domain("cluster_domain", args.get("cluster_domain", discovery.CLUSTER_DOMAIN)),
            *validation.whole_number("rollout_seconds", args.get("rollout_seconds", 300), 10, 3600, "seconds", 300),
        ]
