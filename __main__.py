"""The stack: a namespace, a MySQL database, and an auth service that finds it through DB_HOST."""

from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

from components import (
    AppNamespace,
    AuthService,
    AuthServiceArgs,
    DatabaseConnection,
    MySqlCluster,
    MySqlClusterArgs,
    MySqlDatabase,
    MySqlDatabaseArgs,
    Platform,
)
from components.inputs import errors
from components.inputs.errors import REMOVE, InputError

config = pulumi.Config()
retain_data = config.require_bool("mysqlRetainData")
names = {key: config.require(f"{key}Name") for key in ("namespace", "mysql", "auth")}
# What an empty value stands for is the component's own default: None is not given.
platform: Platform = {"image_pull_secrets": config.require_object("imagePullSecrets")}
cluster_domain = config.require("clusterDomain")
replicas = config.require_int("mysqlReplicas")
shards, reshard_to = config.require_int("mysqlShards"), config.require_int("mysqlReshardTo") or None
# What one server and several have alike.
any_database: dict[str, Any] = {
    "namespace": names["namespace"],
    # Read as text, so that it is checked before the first resource; the component keeps it secret.
    "password": config.require("mysqlPassword"),
    "database_name": config.require("mysqlDatabaseName"),
    "username": config.require("mysqlUsername"),
    "settings": config.require_object("mysqlSettings"),
    "tls_secret": config.require("mysqlTlsSecret") or None,
    "service_type": config.require("mysqlServiceType"),
    "node_port": config.require_int("mysqlNodePort"),
    "clients": [{"pod_labels": {"app.kubernetes.io/instance": name}} for name in config.require_object("mysqlClients")]
    or None,
    "node_port_cidrs": config.require_object("mysqlNodePortCidrs"),
    "storage_size": config.require("mysqlStorageSize"),
    "storage_class": config.require("mysqlStorageClass"),
    "retain_data": retain_data,
    "size": config.require("mysqlSize"),
    "resources": {"memory_limit": config.require("mysqlResourcesMemoryLimit") or None},
    "cluster_domain": cluster_domain,
    "platform": platform,
}
if schedule := config.require("mysqlBackupSchedule"):
    any_database["backup"] = {
        "schedule": schedule,
        "keep": config.require_int("mysqlBackupKeep"),
        "storage_size": config.require("mysqlBackupStorageSize"),
    }
    if bucket := config.require("mysqlBackupS3Bucket"):
        any_database["backup"]["s3"] = {
            "bucket": bucket,
            "endpoint": config.require("mysqlBackupS3Endpoint") or None,
            "region": config.require("mysqlBackupS3Region"),
            "existing_secret": config.require("mysqlBackupS3ExistingSecret") or None,
            "image": config.require("mysqlBackupS3Image"),
        }
        any_database["backup"]["point_in_time"] = config.require_bool("mysqlBackupPointInTime")
if restore_from := config.require_object("mysqlRestoreFrom"):
    # Several servers know no such input, and say so.
    any_database["restore_from"] = restore_from
metrics = config.require_bool("mysqlMetrics")
database_args = cast(
    MySqlDatabaseArgs,
    {
        **any_database,
        "image": config.require("mysqlImage"),
        "root_password": config.require("mysqlRootPassword"),
        # Several servers have metrics of their own, without an exporter.
        "metrics": {"image": config.require("mysqlMetricsImage")} if metrics else None,
    },
)
cluster_args = cast(
    MySqlClusterArgs,
    {
        **any_database,
        "replicas": replicas,
        "shards": shards,
        "reshard_to": reshard_to,
        # Where all rows are in one shard, nothing decides.
        "sharding": config.require_object("mysqlSharding") if shards != 1 or reshard_to else None,
        "image": config.require("mysqlClusterImage"),
        "etcd_image": config.require("mysqlEtcdImage"),
        "metrics": {} if metrics else None,
    },
)
auth_args = cast(
    AuthServiceArgs,
    {
        "image": config.require("authImage"),
        "command": config.require_object("authCommand"),
        "args": config.require_object("authArgs"),
        "working_dir": config.require("authWorkingDir"),
        "database_ca_secret_name": config.require("authDatabaseCaSecret") or None,
        "port": config.require_int("authPort"),
        "replicas": config.require_int("authReplicas"),
        "cluster_domain": cluster_domain,
        "platform": platform,
    },
)
if metrics_port := config.require_int("authMetricsPort"):
    auth_args["metrics"] = {"port": metrics_port}
    auth_args["env"] = {"METRICS_PORT": str(metrics_port)}

database_to_come = pulumi.Output.from_input(cast(DatabaseConnection, {}))

# Everything is checked before the first resource, so that a mistake leaves nothing half-made.
declared = yaml.safe_load(Path("Pulumi.yaml").read_text(encoding="utf-8"))["config"]
own = f"{pulumi.get_project()}:"
given = [key.removeprefix(own) for key in pulumi.runtime.config.get_config_env() if key.startswith(own)]
if replicas == 1:
    rule = "only with several servers, mysqlReplicas of 3 or more"
    parts = {"shards": shards if shards != 1 else None, "reshard_to": reshard_to}
    alone = [InputError(key, str(value), rule, REMOVE) for key, value in parts.items() if value is not None]
    wrong = {"mysql": MySqlDatabase.check(names["mysql"], database_args) + alone}
else:
    found = MySqlCluster.check(names["mysql"], cluster_args)
    # One key for each kind of image: a server alone and one of several cannot have the same.
    images = [error for error in found if error.key == "image"]
    wrong = {"mysqlCluster": images, "mysql": [error for error in found if error not in images]}
errors.require_config(
    {
        "": errors.unknown_keys(given, declared),
        "namespace": AppNamespace.check(names["namespace"], {}),
        **wrong,
        "auth": AuthService.check(names["auth"], {**auth_args, "database": database_to_come}),
    },
    f"stack {pulumi.get_stack()}",
    declared,
)

namespace = AppNamespace(names["namespace"], {}, pulumi.ResourceOptions(protect=retain_data))
# One server and several have the same Service: it changes, and is not deleted after another one was made in its place.
other = pulumi.Alias(type_=f"kubeauth:index:{'MySqlCluster' if replicas == 1 else 'MySqlDatabase'}")
options = pulumi.ResourceOptions(aliases=[other])
if replicas == 1:
    database = MySqlDatabase(names["mysql"], {**database_args, "namespace": namespace.name}, options)
else:
    database = MySqlCluster(names["mysql"], {**cluster_args, "namespace": namespace.name}, options)
auth = AuthService(names["auth"], {**auth_args, "database": database.connection})

pulumi.export("namespace", namespace.name)
pulumi.export("databaseHost", auth.database_host)
pulumi.export("nodePort", database.node_port)
