"""kubeauth: a namespace, a MySQL database and a service that finds it, as Pulumi components."""

from .auth import AuthService, AuthServiceArgs
from .mysql import MySqlDatabase, MySqlDatabaseArgs, ServiceType
from .namespace import AppNamespace, AppNamespaceArgs
from .pods import ResourcesArgs
from .validation import InputError, InputErrors

__all__ = [
    "AppNamespace",
    "AppNamespaceArgs",
    "AuthService",
    "AuthServiceArgs",
    "InputError",
    "InputErrors",
    "MySqlDatabase",
    "MySqlDatabaseArgs",
    "ResourcesArgs",
    "ServiceType",
]
