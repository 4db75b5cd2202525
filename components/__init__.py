"""kubeauth: a namespace, a MySQL database and a service that finds it, as Pulumi components."""

# ruff: noqa: E402 - the imports below are what is made faster
import gc

# They make thousands of classes, none of which is garbage: to look through them at each collection, now and while the
# program runs, takes a tenth of a preview's processor time (make bench ONLY=preview).
_collects = gc.isenabled()
gc.disable()

from .auth import AuthService
from .auth_inputs import AuthServiceArgs, Probes, SecretKey
from .backup_inputs import Backup
from .connection import DatabaseConnection
from .errors import InputError, InputErrors
from .mysql import MySqlDatabase
from .mysql_inputs import DatabaseClient, MySqlDatabaseArgs
from .namespace import AppNamespace, AppNamespaceArgs, Quota
from .pods import Placement, Resources, Toleration
from .services import ServiceType, TrafficPolicy
from .sizes import DatabaseSize

gc.freeze()
if _collects:
    gc.enable()

__all__ = [
    "AppNamespace",
    "AppNamespaceArgs",
    "AuthService",
    "AuthServiceArgs",
    "Backup",
    "DatabaseClient",
    "DatabaseConnection",
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
