"""A database of several servers, and a service that finds it: only the component's name says that it is not one."""

import os
import sys

import pulumi

sys.path.insert(0, os.environ["KUBEAUTH"])

from components import AppNamespace, AuthService, MySqlCluster

config = pulumi.Config()
shop = AppNamespace("shop", {})
orders = MySqlCluster(
    "orders",
    {
        "namespace": shop.name,
        "image": "localhost/vitess:24.0.4",
        "etcd_image": "localhost/etcd:3.6.16",
        "password": config.require_secret("password"),
        "node_port": 32101,
        # The links between a host and its local nodes (lab/node).
        "node_port_cidrs": ["10.99.0.0/16"],
        "replicas": 3,
        "gateways": 2,
        "retain_data": False,
        "metrics": {},
    },
)
AuthService("authenticate", {"image": "localhost/authenticate:1.0.0", "database": orders.connection})
pulumi.export("endpoint", orders.endpoint)
