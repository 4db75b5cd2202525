"""Any number of databases in one stack, with the configuration of the project's own program."""

import pulumi

from components import AppNamespace, MySqlDatabase

config = pulumi.Config()
namespace = AppNamespace(config.require("namespaceName"), {})
for number in range(config.require_int("databases")):
    MySqlDatabase(
        f"mysql-{number:03}",
        {
            "namespace": namespace.name,
            "password": config.require("mysqlPassword"),
            "root_password": config.require("mysqlRootPassword"),
            "image": config.require("mysqlImage"),
            "storage_class": config.require("mysqlStorageClass"),
            "retain_data": False,
        },
    )
