"""kubeauth: a namespace, a MySQL database and a service that finds it, as Pulumi components."""

from .auth.component import AuthService
from .auth.environment import DatabaseValue, EnvFrom, SecretKey
from .auth.exposure import Autoscaling, HttpRoute, Ingress
from .auth.inputs import AuthServiceArgs
from .auth.metrics import ServiceMetrics
from .auth.mounts import Volume
from .auth.probes import Probe, ProbeKind, Probes
from .connection import DatabaseConnection
from .inputs.errors import InputError, InputErrors
from .kubernetes.monitoring import Scraper
from .kubernetes.placement import Placement, Toleration
from .kubernetes.platform import Platform
from .kubernetes.resources import Resources
from .kubernetes.services import ServiceType, TrafficPolicy
from .kubernetes.traffic import Peer
from .mysql.account_inputs import DatabaseAccount, DatabaseSchema
from .mysql.accounts import DatabasePrivileges
from .mysql.backup_inputs import Backup
from .mysql.bucket_inputs import Bucket, RestoreFrom
from .mysql.component import MySqlDatabase
from .mysql.inputs import DatabaseClient, MySqlDatabaseArgs
from .mysql.metrics_inputs import DatabaseMetrics
from .mysql.sizes import DatabaseSize
from .mysql_cluster.component import MySqlCluster
from .mysql_cluster.inputs import MySqlClusterArgs
from .namespace import AppNamespace, AppNamespaceArgs, Quota

__all__ = [
    "AppNamespace",
    "AppNamespaceArgs",
    "AuthService",
    "AuthServiceArgs",
    "Autoscaling",
    "Backup",
    "Bucket",
    "DatabaseAccount",
    "DatabaseClient",
    "DatabaseConnection",
    "DatabaseMetrics",
    "DatabasePrivileges",
    "DatabaseSchema",
    "DatabaseSize",
    "DatabaseValue",
    "EnvFrom",
    "HttpRoute",
    "Ingress",
    "InputError",
    "InputErrors",
    "MySqlCluster",
    "MySqlClusterArgs",
    "MySqlDatabase",
    "MySqlDatabaseArgs",
    "Peer",
    "Placement",
    "Platform",
    "Probe",
    "ProbeKind",
    "Probes",
    "Quota",
    "Resources",
    "RestoreFrom",
    "Scraper",
    "SecretKey",
    "ServiceMetrics",
    "ServiceType",
    "Toleration",
    "TrafficPolicy",
    "Volume",
]
