"""A namespace, a MySQL database in it, and an auth service that finds the database through DB_HOST."""

import pulumi
from kubeauth import AppNamespace, AuthService, MySqlDatabase

config = pulumi.Config()
namespace = AppNamespace("${PROJECT}", {})
database = MySqlDatabase(
    "mysql",
    {
        "namespace": namespace.name,
        "password": config.require_secret("mysqlPassword"),
        "root_password": config.require_secret("mysqlRootPassword"),
        "image": config.require("mysqlImage"),
    },
)
auth = AuthService("auth", {"image": config.require("authImage"), "database": database.connection})

pulumi.export("databaseHost", auth.database_host)
