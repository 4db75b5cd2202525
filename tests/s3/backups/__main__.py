"""A database whose backups go to a bucket, and one in another namespace that begins with them."""

import os
import sys
from typing import Any, cast

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

sys.path.insert(0, os.environ["KUBEAUTH"])

from components import AppNamespace, MySqlDatabase, MySqlDatabaseArgs

config = pulumi.Config()
account = config.require_object("account")
MYSQL: Any = {"image": "localhost/mysql:9.7", "password": "shop-pw", "root_password": "root-pw", "retain_data": False}


def bucket(name: str, namespace: AppNamespace) -> Any:
    """The bucket, with its Secret in a namespace."""
    made = core.Secret(
        f"{name}-s3",
        metadata=ObjectMetaArgs(name="s3", namespace=namespace.name),
        string_data=account,
    )
    return {
        "bucket": "backups",
        "endpoint": config.require("endpoint"),
        "existing_secret": made.metadata["name"],
        "image": "localhost/rclone:1.60",
    }


if config.get_bool("lost") is not True:
    shop = AppNamespace("shop", {})
    orders: Any = {
        "namespace": shop.name,
        "backup": {
            "schedule": "0 3 * * *",
            "s3": bucket("shop", shop),
            "point_in_time": config.get_bool("pointInTime") is True,
        },
        "node_port_cidrs": ["0.0.0.0/0"],
    }
    MySqlDatabase("orders", cast(MySqlDatabaseArgs, {**MYSQL, **orders}))
if config.get_bool("restored"):
    other = AppNamespace("other", {})
    again: Any = {"namespace": other.name, "restore_from": {"s3": {**bucket("other", other), "prefix": "shop/orders"}}}
    MySqlDatabase("orders-again", cast(MySqlDatabaseArgs, {**MYSQL, **again}))
