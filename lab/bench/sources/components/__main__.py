"""A namespace, any number of databases and one auth service, made of the components."""

import pulumi

from components import AppNamespace, AuthService, DatabaseSize, MySqlDatabase, MySqlDatabaseArgs

config = pulumi.Config()
# The part `memory` asks for one; the others do not.
sized: MySqlDatabaseArgs = {"namespace": ""}
if size := config.get("size"):
    sized["size"] = DatabaseSize(size)
namespace = AppNamespace("bench", {})
databases = [
    MySqlDatabase(
        f"mysql-{number:03}",
        {
            **sized,
            "namespace": namespace.name,
            "password": config.require("password"),
            "root_password": config.require("rootPassword"),
            "image": config.require("databaseImage"),
            "storage_class": config.require("storageClass"),
            "retain_data": False,
        },
    )
    for number in range(1, config.require_int("databases") + 1)
]
auth = AuthService(
    "authenticate",
    {
        "image": config.require("authImage"),
        "database": databases[0].connection,
        "service_annotations": {"example.com/note": config.require("note")},
    },
)
pulumi.export("databaseHost", auth.database_host)
