"""A namespace, a database with backups and the service that finds it, from the components as pip installs them."""

import pulumi
from kubeauth import AppNamespace, AuthService, MySqlDatabase, ServiceType

config = pulumi.Config()

namespace = AppNamespace("production-cloud", {})
database = MySqlDatabase(
    "mysqlauth",
    {
        "namespace": namespace.name,
        "password": config.require_secret("mysqlPassword"),
        "root_password": config.require_secret("mysqlRootPassword"),
        "image": config.require("mysqlImage"),
        "service_type": ServiceType.CLUSTER_IP,
        "backup": {"schedule": "0 3 * * *", "keep": 14},
    },
)
auth = AuthService("authenticate", {"image": config.require("authImage"), "database": database.connection})

pulumi.export("databaseHost", auth.database_host)
