"""A namespace, a MySQL database in it, and an auth service that finds the database through DB_HOST."""

import pulumi
from kubeauth import AppNamespace, AuthService, MySqlDatabase, Platform

config = pulumi.Config()
namespace = AppNamespace("${PROJECT}", {"resource_name": config.require("namespaceName")})
platform: Platform = {"image_pull_secrets": config.require_object("imagePullSecrets")}
database = MySqlDatabase(
    "mysql",
    {
        "namespace": namespace.name,
        "password": config.require_secret("mysqlPassword"),
        "root_password": config.require_secret("mysqlRootPassword"),
        "image": config.require("mysqlImage"),
        "restore_from": config.require_object("mysqlRestoreFrom") or None,
        "platform": platform,
    },
)
auth = AuthService(
    "auth", {"image": config.require("authImage"), "database": database.connection, "platform": platform}
)

pulumi.export("databaseHost", auth.database_host)
