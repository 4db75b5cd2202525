"""MySqlDatabase: one MySQL server with its volume, accounts and Service."""

from collections.abc import Mapping, Sequence
from typing import cast

import pulumi
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from ..connection import DatabaseConnection
from ..inputs import errors, outputs
from ..inputs.known import entry, lift, merged
from ..inputs.record import Given
from ..kubernetes import discovery, labels, reservations, resources, volumes
from ..kubernetes.children import Children
from . import account_inputs, backup, clients, credentials, front, metrics, mysqld
from . import inputs as mysql_inputs
from .inputs import MySqlDatabaseArgs


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

    account_connections: pulumi.Output[dict[str, DatabaseConnection]]
    """The connection of each of `accounts`, by the account's name."""

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
        errors.require(self.check(name, args), f"MySqlDatabase {name}", opts)
        super().__init__("kubeauth:index:MySqlDatabase", name, {}, opts)
        given = Given(mysql_inputs.RULES, args, f"MySqlDatabase {name}")
        instance: str = given["resource_name"] or name
        common = labels.recommended("mysql", instance, "database", given["labels"])
        beside = {"backup": backup.instance, "metrics": metrics.instance}
        names = [instance, *(named(instance) for key, named in beside.items() if key in given)]
        claims = ["backups"] if "backup" in given else []
        claims = [f"{instance}-{claim}" for claim in (claims if "existing_claim" in given else ["data", *claims])]
        namespace = reservations.instance(self, given.owner, given["namespace"], names, claims)
        children = Children(self, name, instance, namespace, common, given["annotations"])

        credentials_name, server_name = credentials.create(given, children)
        backup_secret = credentials.for_backups(children) if "backup" in given else None
        metrics_secret = credentials.for_metrics(children) if "metrics" in given else None
        own = (credentials_name, server_name, backup_secret, metrics_secret)
        account_secrets = credentials.create_accounts(given, children)
        asked = account_inputs.given(given)
        # Without the passwords, which would make the whole pod a secret.
        more = {name: {key: account[key] for key in ("schemas", "privileges")} for name, account in asked.items()}
        foreign = {name for name, account in asked.items() if "existing_secret" in account}
        if "existing_claim" in given:
            claim_name = reservations.claim(self, given.owner, given["existing_claim"], namespace)
        else:
            claim_name = _claim(given, children)
        seen = front.create(self, given, children)
        in_bucket = backup.in_bucket(children, given)
        sent = entry(given["backup"], "s3") if mysql_inputs.is_sent(given.args) else None
        deployment = apps.Deployment(
            f"{name}-deployment",
            metadata=children.metadata("deployment", extra={"service": f"{instance}-service"}),
            spec=apps.DeploymentSpecArgs(
                replicas=1,
                # Two servers must never open the same data directory.
                strategy=apps.DeploymentStrategyArgs(type="Recreate"),
                selector=LabelSelectorArgs(match_labels=labels.selector(instance)),
                template=mysqld.pod_template(
                    mysqld.Server(
                        instance=instance,
                        labels=merged(common, labels.selector(instance)),
                        annotations=given["annotations"],
                        image=given["image"],
                        database=given["database_name"],
                        claim=claim_name,
                        secrets=[each for each in own if each is not None],
                        tls_secret=given["tls_secret"],
                        require_tls=given["require_tls"],
                        settings=given["settings"],
                        resources=lift(_resources, given["resources"], given["size"]),
                        placement=given["placement"],
                        platform=given["platform"],
                        backup="backup" in given,
                        metrics="metrics" in given,
                        privileges=given["privileges"],
                        startup_seconds=given["startup_seconds"],
                        shutdown_seconds=given["shutdown_seconds"],
                        schemas=given["schemas"],
                        accounts=more,
                        account_secrets=account_secrets,
                        schema_names=lift(backup.schema_names, given["database_name"], given["schemas"]),
                        restore_from=given["restore_from"],
                        bucket=sent,
                        in_bucket=in_bucket,
                    )
                ),
            ),
            opts=children.options(rollout_seconds=given["rollout_seconds"]),
        )
        clients.policy(children, given, own=names[1:], sent_to=sent)

        self.host, self.port, self.endpoint = seen.host, seen.port, seen.endpoint
        if backup_secret is not None:
            source = backup.Source(
                image=given["image"],
                database=given["database_name"],
                schemas=given["schemas"],
                way=backup.to_one(children, self.host, given["port"]),
                secret=backup_secret,
                retain_data=given["retain_data"],
                copied="s3" in given.args["backup"],
                in_bucket=in_bucket,
                labels=given["labels"],
                placement=given["placement"],
                platform=given["platform"],
            )
            backup.create(children, given["backup"], source)
        if metrics_secret is not None:
            watched = metrics.Source(
                endpoint=self.endpoint,
                server_port=mysqld.PORT,
                secret=metrics_secret,
                labels=given["labels"],
                placement=given["placement"],
                platform=given["platform"],
                rollout_seconds=given["rollout_seconds"],
            )
            monitored = given.args["metrics"].get("monitor", False)
            metrics.create(children, given["metrics"], watched, monitored=monitored)
        self.service_name, self.namespace, self.node_port = seen.service_name, seen.namespace, seen.node_port
        self.database_name = pulumi.Output.from_input(given["database_name"])
        self.credentials_secret_name = pulumi.Output.from_input(credentials_name)
        self.claim_name = pulumi.Output.from_input(claim_name)
        self.deployment_name = discovery.name_of(deployment)
        self.connection = seen.connection(
            credentials_name, given["database_name"], encoded="existing_secret" not in given
        )
        connections = {
            name: seen.connection(secret, lift(_first, more[name]["schemas"]), encoded=name not in foreign)
            for name, secret in account_secrets.items()
        }
        self.account_connections = cast(
            pulumi.Output[dict[str, DatabaseConnection]], pulumi.Output.from_input(connections)
        )
        self.register_outputs(outputs.of(self))


def _first(schemas: Sequence[str]) -> str:
    return schemas[0]


def _claim(given: Given, children: Children) -> pulumi.Output[str]:
    return volumes.claim(
        children,
        "data",
        given["storage_size"],
        given["storage_class"],
        retain=given["retain_data"],
        access_mode=given["access_mode"],
    )


def _resources(given: Mapping[str, str], size: str) -> dict[str, str]:
    return resources.merge(given, mysql_inputs.sized(size))
