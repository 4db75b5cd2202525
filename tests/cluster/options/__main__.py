"""Two databases in one stack: one on what the team brings along (Secret, volume claim, certificate), one all new."""

import os
import sys
from pathlib import Path

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

sys.path.insert(0, os.environ["KUBEAUTH"])

from components import AppNamespace, AuthService, AuthServiceArgs, MySqlDatabase, ServiceType

IMAGES = {"mysql": "localhost/mysql:9.7", "auth": "localhost/authenticate:1.0.0"}

namespace = AppNamespace("shop", {"quota": {"pods": 10, "storage": "5Gi"}})


def secret(name: str, data: dict[str, str]) -> pulumi.Output[str]:
    """A Secret that somebody else made."""
    made = core.Secret(name, metadata=ObjectMetaArgs(name=name, namespace=namespace.name), string_data=data)
    return made.metadata["name"]


vault = secret("vault", {"username": "teamuser", "password": 'it\'s \\ "öne" €', "root-password": "r'oot\\"})
certificate = secret("users-tls", {path.name: path.read_text() for path in Path("certificate").iterdir()})
claim = core.PersistentVolumeClaim(
    "old-data",
    metadata=ObjectMetaArgs(name="old-data", namespace=namespace.name),
    spec=core.PersistentVolumeClaimSpecArgs(
        access_modes=["ReadWriteOnce"], resources=core.VolumeResourceRequirementsArgs(requests={"storage": "1Gi"})
    ),
)
users = MySqlDatabase(
    "users",
    {
        "namespace": namespace.name,
        "existing_secret": vault,
        "existing_claim": claim.metadata["name"],
        "tls_secret": certificate,
        "image": IMAGES["mysql"],
        "service_type": ServiceType.CLUSTER_IP,
        "settings": {"max_connections": "77"},
        "init_sql": "CREATE DATABASE IF NOT EXISTS reports;\nGRANT SELECT ON reports.* TO 'teamuser'@'%';",
        "resources": {"cpu_request": "50m", "cpu_limit": "1"},
    },
)
orders = MySqlDatabase(
    "orders",
    {
        "namespace": namespace.name,
        "password": "orders-pw",
        "image": IMAGES["mysql"],
        "service_type": ServiceType.CLUSTER_IP,
        "clients": [{"pod_labels": {"team": "orders"}}],
        "retain_data": False,
        "resources": {"cpu_request": "50m", "cpu_limit": "1"},
    },
)
common: AuthServiceArgs = {
    "namespace": namespace.name,
    "image": IMAGES["auth"],
    "database_endpoint": users.endpoint,
    "database_secret_name": users.credentials_secret_name,
    "resources": {"cpu_request": "50m", "cpu_limit": "1"},
}
AuthService("members", {**common, "database_ca_secret_name": certificate, "env": {"LOG_LEVEL": "debug"}})
AuthService(
    "clerks",
    {
        **common,
        "database_endpoint": orders.endpoint,
        "database_secret_name": orders.credentials_secret_name,
        "labels": {"team": "orders"},
        "secret_env": {"SHARED": {"secret_name": vault, "key": "username"}},
    },
)
