"""kubeauth: a namespace, a MySQL database and a service that finds it, as Pulumi components."""

from .auth.component import AuthService
from .auth.inputs import AuthServiceArgs, Probes, SecretKey
from .connection import DatabaseConnection
from .inputs.errors import InputError, InputErrors
from .kubernetes.pods import Placement, Resources, Toleration
from .kubernetes.services import ServiceType, TrafficPolicy
from .mysql.accounts import DatabasePrivileges
from .mysql.backup_inputs import Backup
from .mysql.component import MySqlDatabase
from .mysql.inputs import DatabaseClient, MySqlDatabaseArgs
from .mysql.sizes import DatabaseSize
from .namespace import AppNamespace, AppNamespaceArgs, Quota

__all__ = [
    "AppNamespace",
    "AppNamespaceArgs",
    "AuthService",
    "AuthServiceArgs",
    "Backup",
    "DatabaseClient",
    "DatabaseConnection",
    "DatabasePrivileges",
    "DatabaseSize",
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
