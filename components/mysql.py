"""MySqlDatabase: one MySQL server with its volume, accounts and Service."""

import base64
from collections.abc import Mapping, Sequence
from typing import cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.core.v1.outputs import ServicePort
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking import v1 as networking

from . import accounts, backup, discovery, errors, labels, mysql_inputs, mysql_validation, mysqld, pods, validation
from .children import Children
from .mysql_inputs import DatabaseClient, MySqlDatabaseArgs
from .services import ServiceType


class MySqlDatabase(pulumi.ComponentResource):
    """A MySQL server whose data outlives its pod and whose accounts follow the inputs, behind <name>-service."""

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

        credentials_name, server_name = _secrets(name, args, children)
        claim_name = args["existing_claim"] if "existing_claim" in args else _claim(name, args, children)
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
                        secrets=[credentials_name, *([] if server_name is None else [server_name])],
                        tls_secret=args.get("tls_secret"),
                        require_tls=args.get("require_tls", True),
                        settings=args.get("settings", {}),
                        resources=pods.merge(args.get("resources", {}), mysqld.RESOURCES),
                        placement=args.get("placement", {}),
                        backup="backup" in args,
                    )
                ),
            ),
            opts=children.options(rollout_seconds=int(args.get("rollout_seconds", 300))),
        )
        networking.NetworkPolicy(
            f"{name}-clients",
            metadata=children.metadata("clients"),
            spec=networking.NetworkPolicySpecArgs(
                pod_selector=LabelSelectorArgs(match_labels=labels.selector(name)),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    networking.NetworkPolicyIngressRuleArgs(
                        from_=_peers(name, args),
                        ports=[networking.NetworkPolicyPortArgs(port=mysqld.PORT, protocol="TCP")],
                    )
                ],
            ),
            opts=children.options(),
        )

        self.host = discovery.service_fqdn(service, args.get("cluster_domain", discovery.CLUSTER_DOMAIN))
        if "backup" in args:
            source = backup.Source(
                image=args.get("image", mysqld.IMAGE),
                database=database,
                host=self.host,
                port=int(args.get("port", 3306)),
                server_port=mysqld.PORT,
                credentials=credentials_name,
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
        self.register_outputs(
            {
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


def _secrets(
    name: str, args: MySqlDatabaseArgs, children: Children
) -> tuple[pulumi.Input[str], pulumi.Output[str] | None]:
    """Make the Secret for clients and the one for the server alone; return their names.

    They are immutable, and their names follow their content: a new password is a new Secret, so pods restart in order,
    and the old Secret goes last. A Secret changed in place would leave pods running with the old password.
    """
    client_files: dict[str, pulumi.Input[str]] = {}
    server_files: dict[str, pulumi.Input[str]] = {}
    if "password" in args:
        client_files = {accounts.USERNAME: args.get("username", "admin"), accounts.PASSWORD: args["password"]}
    if "root_password" in args:
        server_files[accounts.ROOT_PASSWORD] = args["root_password"]
    if "init_sql" in args:
        server_files[accounts.INIT_SQL] = args["init_sql"]

    def checked(files: Mapping[str, str]) -> Mapping[str, str]:
        errors.require_resolved(mysql_validation.secret_files(files), f"MySqlDatabase {name}")
        return files

    # All in one, because only together they show that the two passwords differ.
    everything = cast(pulumi.Output[Mapping[str, str]], pulumi.Output.secret({**client_files, **server_files}))
    known = everything.apply(checked)

    def secret(child: str, keys: list[str]) -> pulumi.Output[str]:
        def version(files: Mapping[str, str]) -> str:
            return "-" + accounts.fingerprint("\0".join(files[key] for key in keys), salt=name)

        return discovery.name_of(
            core.Secret(
                f"{name}-{child}",
                metadata=children.metadata(child, suffix=pulumi.Output.unsecret(known.apply(version))),
                immutable=True,
                data={
                    key: known.apply(lambda files, key=key: base64.b64encode(files[key].encode()).decode())
                    for key in keys
                },
                opts=children.options(),
            )
        )

    credentials = args["existing_secret"] if "existing_secret" in args else secret("credentials", list(client_files))
    return credentials, secret("server", list(server_files)) if server_files else None


def _claim(name: str, args: MySqlDatabaseArgs, children: Children) -> pulumi.Output[str]:
    """Make the volume claim; return its name."""
    return discovery.name_of(
        core.PersistentVolumeClaim(
            f"{name}-data",
            metadata=children.metadata("data"),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": args.get("storage_size", "1Gi")}),
                storage_class_name=args.get("storage_class") or None,
            ),
            opts=children.options(protect=args.get("retain_data", True)),
        )
    )


def _peers(name: str, args: MySqlDatabaseArgs) -> list[networking.NetworkPolicyPeerArgs]:
    default: DatabaseClient = {"pod_labels": {labels.PART_OF_LABEL: labels.PART_OF}}
    backups: list[DatabaseClient] = [{"pod_labels": backup.selector(name)}] if "backup" in args else []
    return [
        *(
            networking.NetworkPolicyPeerArgs(
                pod_selector=LabelSelectorArgs(match_labels=client["pod_labels"]),
                namespace_selector=discovery.namespace_selector(client["namespace"]) if "namespace" in client else None,
            )
            for client in [*args.get("clients", [default]), *backups]
        ),
        *(
            networking.NetworkPolicyPeerArgs(ip_block=networking.IPBlockArgs(cidr=cidr))
            for cidr in args.get("node_port_cidrs", [])
        ),
    ]
