"""A database and a service with metrics, a backup each minute, and a certificate that the test renews."""

import os
import sys
from typing import Any, cast

import pulumi

sys.path.insert(0, os.environ["KUBEAUTH"])

from components import AppNamespace, AuthService, AuthServiceArgs, MySqlDatabase, MySqlDatabaseArgs

SCRAPED = {"scrapers": [{"pod_labels": {"app.kubernetes.io/name": "prometheus"}, "namespace": "monitoring"}]}
database_args: Any = {
    "namespace": "shop",
    "image": "localhost/mysql:9.7",
    "password": "shop-pw",
    "root_password": "root-pw",
    "retain_data": False,
    "tls_secret": "orders-tls",
    "backup": {"schedule": "* * * * *", "keep": 3},
    "metrics": {"image": "localhost/mysqld-exporter:0.17", **SCRAPED},
}
service_args: Any = {
    "image": "localhost/authenticate:1.0.0",
    "metrics": SCRAPED,
    "env": {"METRICS_PORT": "9090"},
}
namespace = AppNamespace("shop", {})
# Its Secret has to be in the namespace before the database.
if pulumi.Config().get_bool("certificate"):
    database = MySqlDatabase("orders", cast(MySqlDatabaseArgs, {**database_args, "namespace": namespace.name}))
    AuthService("login", cast(AuthServiceArgs, {**service_args, "database": database.connection}))
pulumi.export("namespace", namespace.name)
