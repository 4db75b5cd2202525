"""kubeauth: a namespace, a MySQL database and a service that finds it, as Pulumi components."""

from .auth import AuthService
from .auth_inputs import AuthServiceArgs, Probes, SecretKey
from .backup import Backup
from .connection import DatabaseConnection
from .errors import InputError, InputErrors
from .mysql import MySqlDatabase
from .mysql_inputs import DatabaseClient, MySqlDatabaseArgs
from .namespace import AppNamespace, AppNamespaceArgs, Quota
from .pods import Placement, Resources, Toleration
from .services import ServiceType, TrafficPolicy

__all__ = [
    "AppNamespace",
    "AppNamespaceArgs",
    "AuthService",
    "AuthServiceArgs",
    "Backup",
    "DatabaseClient",
    "DatabaseConnection",
    "InputError",
    "InputErrors",
    "MySqlDatabase",
    "MySqlDatabaseArgs",
    "Placement",
    "Probes",
    "Quota",
    "Resources",
    "SecretKey",
    "ServiceType",
    "Toleration",
    "TrafficPolicy",
]
