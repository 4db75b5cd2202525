"""MySqlCluster: several MySQL servers that are one database, behind the Service of one."""

import pulumi

from ..connection import DatabaseConnection
from ..inputs import errors, outputs
from ..inputs.record import Given
from ..kubernetes import discovery, labels, reservations
from ..kubernetes.children import Children
from ..mysql import credentials, front
from . import (
    authority,
    backups,
    claims,
    division,
    etcd,
    gateways,
    importer,
    metrics,
    orchestrator,
    passwords,
    shards,
    tablets,
)
from . import inputs as cluster_inputs
from .inputs import MySqlClusterArgs
from .parts import BACKUP, CLIENT_PORT, PARTS, Cluster


class MySqlCluster(pulumi.ComponentResource):
    """Several MySQL servers with one primary, which Vitess replaces when it is lost, behind `<name>-service`."""

    connection: pulumi.Output[DatabaseConnection]
    """All that a client needs, for `AuthService.database`; the same as of `MySqlDatabase`."""

    host: pulumi.Output[str]
    """The Service's full DNS name, `<service>.<namespace>.svc.<cluster domain>`."""

    port: pulumi.Output[int]
    """The Service's port."""

    endpoint: pulumi.Output[str]
    """`host:port`, the form of the seed's DB_HOST."""

    service_name: pulumi.Output[str]
    """The name of the Service before the gateways."""

    namespace: pulumi.Output[str]
    """The namespace of all children."""

    database_name: pulumi.Output[str]
    """The application's schema, Vitess' keyspace."""

    credentials_secret_name: pulumi.Output[str]
    """The Secret with the keys `username` and `password`; its name changes when they do, so that clients restart."""

    deployment_name: pulumi.Output[str]
    """The name of the gateways' Deployment."""

    stateful_set_name: pulumi.Output[str]
    """The name of the servers' StatefulSet; with several shards of the first one's."""

    node_port: pulumi.Output[int]
    """The port on every node, 0 when the Service has none."""

    check = staticmethod(cluster_inputs.check)

    def __init__(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the database.

        Args:
            name: The instance's name, for example `mysqlauth`; a DNS label of at most 40 characters.
            args: The inputs.
            opts: Pulumi's options.

        Raises:
            InputErrors: An input is not allowed; nothing was registered.
        """
        errors.require(self.check(name, args), f"MySqlCluster {name}", opts)
        super().__init__("kubeauth:index:MySqlCluster", name, {}, opts)
        given = Given(cluster_inputs.RULES, args, f"MySqlCluster {name}")
        instance: str = given["resource_name"] or name
        common = labels.recommended("mysql", instance, "database", given["labels"])
        servers = [shard.part for shard in shards.with_servers(given)]
        names = [instance, *(f"{instance}-{part}" for part in dict.fromkeys((*PARTS, *servers, BACKUP)))]
        namespace = reservations.instance(self, given.owner, given["namespace"], names, claims.names(instance, given))
        children = Children(self, name, instance, namespace, common, given["annotations"])

        credentials_name, previous = credentials.create(given, children)
        seen = front.create(self, given, children, several=True)
        topology = etcd.service(children, given)
        members = etcd.members(children, given, topology)
        addresses = [pulumi.Output.concat("https://", host, f":{CLIENT_PORT}") for host in members]
        cluster = Cluster(children, given, addresses, authority.create(children))
        etcd.create(cluster, topology, members)
        own = passwords.create(children)
        [(first, domain), *_] = [tablets.create(cluster, shard, own) for shard in cluster.shards]
        orchestrator.create(cluster)
        users = [secret for secret in (credentials_name, previous) if secret is not None]
        taken_along = importer.create(cluster, users, seen, domain)
        deployment = gateways.create(cluster, users, seen.host, [taken_along, division.create(cluster)])
        if "backup" in given:
            backups.create(cluster, domain)
        metrics.monitor(children, given)

        self.host, self.port, self.endpoint = seen.host, seen.port, seen.endpoint
        self.service_name, self.namespace, self.node_port = seen.service_name, seen.namespace, seen.node_port
        self.database_name = pulumi.Output.from_input(given["database_name"])
        self.credentials_secret_name = pulumi.Output.from_input(credentials_name)
        self.deployment_name = discovery.name_of(deployment)
        self.stateful_set_name = discovery.name_of(first)
        self.connection = seen.connection(
            credentials_name, given["database_name"], encoded="existing_secret" not in given
        )
        self.register_outputs(outputs.of(self))
