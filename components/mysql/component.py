"""MySqlDatabase: one MySQL server with its volume, accounts and Service."""

from collections.abc import Sequence
from typing import cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from ..connection import DatabaseConnection
from ..inputs import errors, validation
from ..kubernetes import discovery, labels, pods, traffic, volumes
from ..kubernetes.children import Children
from ..kubernetes.services import ServiceType
from . import backup, credentials, mysqld
from . import inputs as mysql_inputs
from .inputs import DatabaseClient, MySqlDatabaseArgs


class MySqlDatabase(pulumi.ComponentResource):
    """A MySQL server whose data outlives its pod and whose accounts follow the inputs, behind `<name>-service`."""

    connection: pulumi.Output[DatabaseConnection]
    """All that a client needs, for `AuthService.database`."""

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

    claim_name: pulumi.Output[str]
    """The PersistentVolumeClaim with the data."""

    deployment_name: pulumi.Output[str]
    """The Deployment's name."""

    node_port: pulumi.Output[int]
    """The port on every node, 0 when the Service has none."""

    check = staticmethod(mysql_inputs.check)

    def __init__(self, name: str, args: MySqlDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the database.

        Args:
            name: The instance's name, for example `mysqlauth`; a DNS label of at most 40 characters.
            args: The inputs.
            opts: Pulumi's options.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        errors.require(self.check(name, args), f"MySqlDatabase {name}")
        super().__init__("kubeauth:index:MySqlDatabase", name, {}, opts)
        common = labels.recommended("mysql", name, "database", args.get("labels"))
        children = Children(self, name, args["namespace"], common, args.get("annotations"))
        database = args.get("database_name", "admin")

        credentials_name, server_name = credentials.create(name, args, children)
        backup_secret = credentials.for_backups(children) if "backup" in args else None
        claim_name = args["existing_claim"] if "existing_claim" in args else _claim(args, children)
        service = core.Service(
            f"{name}-service",
            # Pulumi would wait 10 s for endpoints; the Deployment below is what tells that the server is ready.
            metadata=children.metadata("service", wait=False, annotations=args.get("service_annotations")),
            spec=core.ServiceSpecArgs(
                type=validation.word_of(args.get("service_type", ServiceType.NODE_PORT)),
                selector=labels.selector(name),
                external_traffic_policy=validation.word_of(args.get("external_traffic_policy")),
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
        deployment = apps.Deployment(
            f"{name}-deployment",
            metadata=children.metadata("deployment", extra={"service": f"{name}-service"}),
            spec=apps.DeploymentSpecArgs(
                replicas=1,
                # Two servers must never open the same data directory.
                strategy=apps.DeploymentStrategyArgs(type="Recreate"),
                selector=LabelSelectorArgs(match_labels=labels.selector(name)),
                template=mysqld.pod_template(
                    mysqld.Server(
                        instance=name,
                        labels={**common, **labels.selector(name)},
                        annotations=args.get("annotations"),
                        image=args.get("image", mysqld.IMAGE),
                        database=database,
                        claim=claim_name,
                        secrets=[each for each in (credentials_name, server_name, backup_secret) if each is not None],
                        tls_secret=args.get("tls_secret"),
                        require_tls=args.get("require_tls", True),
                        settings=args.get("settings", {}),
                        resources=pods.merge(args.get("resources", {}), mysql_inputs.sized(args)),
                        placement=args.get("placement", {}),
                        backup="backup" in args,
                    )
                ),
            ),
            opts=children.options(rollout_seconds=int(args.get("rollout_seconds", 300))),
        )
        clients = networking.NetworkPolicyIngressRuleArgs(from_=_peers(name, args), ports=traffic.port(mysqld.PORT))
        traffic.policy(children, "clients", labels.selector(name), ingress=[clients])

        self.host = discovery.service_fqdn(service, args.get("cluster_domain", discovery.CLUSTER_DOMAIN))
        if "backup" in args and backup_secret is not None:
            source = backup.Source(
                image=args.get("image", mysqld.IMAGE),
                database=database,
                host=self.host,
                port=int(args.get("port", 3306)),
                server_port=mysqld.PORT,
                secret=backup_secret,
                retain_data=args.get("retain_data", True),
                labels=args.get("labels"),
                placement=args.get("placement", {}),
            )
            backup.create(children, args["backup"], source)
        first_port = service.spec.apply(lambda spec: cast(Sequence[ServicePort], spec.ports)[0])
        self.port = first_port.apply(lambda port: int(port.port))
        self.endpoint = pulumi.Output.concat(self.host, ":", self.port.apply(str))
        self.service_name = discovery.name_of(service)
        self.namespace = discovery.namespace_of(service)
        self.database_name = pulumi.Output.from_input(database)
        self.credentials_secret_name = pulumi.Output.from_input(credentials_name)
        self.claim_name = pulumi.Output.from_input(claim_name)
        self.deployment_name = discovery.name_of(deployment)
        self.node_port = first_port.apply(lambda port: int(port.node_port or 0))
        self.connection = pulumi.Output.all(
            endpoint=self.endpoint,
            secret_name=self.credentials_secret_name,
            namespace=self.namespace,
            database_name=self.database_name,
        ).apply(lambda known: cast(DatabaseConnection, known))
        self.register_outputs(
            {
                "connection": {
                    "endpoint": self.endpoint,
                    "secretName": self.credentials_secret_name,
                    "namespace": self.namespace,
                    "databaseName": self.database_name,
                },
                "host": self.host,
                "port": self.port,
                "endpoint": self.endpoint,
                "serviceName": self.service_name,
                "namespace": self.namespace,
                "databaseName": self.database_name,
                "credentialsSecretName": self.credentials_secret_name,
                "claimName": self.claim_name,
                "deploymentName": self.deployment_name,
                "nodePort": self.node_port,
            }
        )


def _claim(args: MySqlDatabaseArgs, children: Children) -> pulumi.Output[str]:
    size, retain = args.get("storage_size", mysql_inputs.STORAGE_SIZE), args.get("retain_data", True)
    return volumes.claim(children, "data", size, args.get("storage_class"), retain=retain)


def _peers(name: str, args: MySqlDatabaseArgs) -> list[networking.NetworkPolicyPeerArgs]:
    default: DatabaseClient = {"pod_labels": {labels.PART_OF_LABEL: labels.PART_OF}}
    backups: list[DatabaseClient] = [{"pod_labels": backup.selector(name)}] if "backup" in args else []
    return [
        *(
            traffic.pods(client["pod_labels"], client.get("namespace"))
            for client in [*args.get("clients", [default]), *backups]
        ),
        *(
            networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr))
            for cidr in args.get("node_port_cidrs", [])
        ),
    ]
