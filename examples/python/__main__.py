"""The dev stack's system, from the components as pip installs them."""

import pulumi
from kubeauth import AppNamespace, AuthService, MySqlDatabase

config = pulumi.Config()

namespace = AppNamespace("production-cloud", {})
database = MySqlDatabase(
    "mysqlauth",
    {
        "namespace": namespace.name,
        "password": config.require_secret("mysqlPassword"),
        "root_password": config.require_secret("mysqlRootPassword"),
        "image": "localhost/mysql:9.7",
        "node_port": 32001,
        "node_port_cidrs": ["10.99.0.0/16"],
        "retain_data": False,
        "resources": {"memory_limit": "512Mi"},
    },
)
auth = AuthService(
    "authenticate",
    {
        "image": "localhost/authenticate:1.0.0",
        "database": database.connection,
        "command": ["/bin/sh", "-c"],
        "args": ["python run.py"],
        "working_dir": "/build/authenticate_service",
    },
)

pulumi.export("databaseHost", auth.database_host)
