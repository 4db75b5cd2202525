"""Which resources hold data: by patterns of Pulumi's types, which are the same in every language."""

from fnmatch import fnmatchcase

from ..model import Change, lookup
from .base import Settings

_OPERATOR = "its operator removes the servers, and their volumes unless it is told to keep them"
_MANAGED = "the provider deletes it with its data; what stays are backups and snapshots made before, if any"
_STORE = "the provider deletes it with all that is stored in it"
_STATEFUL = "kubernetes:apps/*:StatefulSet"

_OF_AZURE = ("flexibleServer", "flexibleDatabase", "flexibleServerDatabase", "server", "database")
#: Patterns, and what is lost; Namespaces, claims and kubeauth's own databases have rules of their own.
_HOLDERS: dict[str, tuple[str, ...]] = {
    "claims that are bound to it lose it, and its data is deleted unless it is retained": (
        "kubernetes:core/*:PersistentVolume",
    ),
    "every object of this kind is deleted with it, in every namespace": (
        "kubernetes:apiextensions.k8s.io/*:CustomResourceDefinition",
    ),
    "everything that the chart made is removed, databases and claims included": ("kubernetes:helm.sh/v3:Release",),
    _OPERATOR: (
        "kubernetes:mysql.oracle.com/*:InnoDBCluster",
        "kubernetes:ps.percona.com/*:PerconaServerMySQL",
        "kubernetes:pxc.percona.com/*:PerconaXtraDBCluster",
        "kubernetes:psmdb.percona.com/*:PerconaServerMongoDB",
        "kubernetes:pg*.percona.com/*:PerconaPGCluster",
        "kubernetes:moco.cybozu.com/*:MySQLCluster",
        "kubernetes:mysql.presslabs.org/*:MysqlCluster",
        "kubernetes:planetscale.com/*:VitessCluster",
        "kubernetes:k8s.mariadb.com/*:MariaDB",
        "kubernetes:postgresql.cnpg.io/*:Cluster",
        "kubernetes:postgresql.cnpg.io/*:Database",
        "kubernetes:postgres-operator.crunchydata.com/*:PostgresCluster",
        "kubernetes:acid.zalan.do/*:postgresql",
        "kubernetes:pingcap.com/*:TidbCluster",
        "kubernetes:mongodbcommunity.mongodb.com/*:MongoDBCommunity",
        "kubernetes:elasticsearch.k8s.elastic.co/*:Elasticsearch",
        "kubernetes:kafka.strimzi.io/*:Kafka",
    ),
    _MANAGED: (
        "aws:rds/instance:*",
        "aws:rds/cluster:*",
        "aws:rds/globalCluster:*",
        "aws:docdb/cluster:*",
        "aws:neptune/cluster:*",
        "aws:dynamodb/table:*",
        "aws-native:rds:DB*Instance",
        "aws-native:rds:DB*Cluster",
        "gcp:sql/databaseInstance:*",
        "gcp:sql/database:*",
        "gcp:alloydb/cluster:*",
        "gcp:spanner/instance:*",
        "gcp:spanner/database:*",
        "google-native:sqladmin/*:Instance",
        "google-native:sqladmin/*:Database",
        *(f"azure:{product}/{part}:*" for product in ("mysql", "postgresql", "mssql") for part in _OF_AZURE),
        "azure-native*dbfor*:*Server",
        "azure-native*dbfor*:*Database",
        "azure-native*sql*:Server",
        "azure-native*sql*:*Database",
        "azure-native*documentdb*:DatabaseAccount",
        "mysql:index/database:*",
        "postgresql:index/database:*",
        "digitalocean:index/databaseCluster:*",
    ),
    _STORE: (
        "aws:s3/bucket:*",
        "aws:s3/bucketV2:*",
        "aws:ebs/volume:*",
        "aws:efs/fileSystem:*",
        "gcp:storage/bucket:*",
        "gcp:compute/disk:*",
        "azure:storage/account:*",
        "azure-native*storage*:StorageAccount",
        "azure-native*compute*:Disk",
    ),
}


def loss(change: Change, settings: Settings) -> str:
    """What is lost when a resource goes; empty where it holds no data."""
    kind = change.types[-1]
    if fnmatchcase(kind, _STATEFUL):
        return _of_templates(change)
    for consequence, patterns in _HOLDERS.items():
        if any(fnmatchcase(kind, pattern) for pattern in patterns):
            return consequence
    own = next((pattern for pattern in settings.data if _fits(kind, pattern)), "")
    return f"it holds data, as kubeauth-gate.yaml says of {own}" if own else ""


def _fits(kind: str, pattern: str) -> bool:
    """Whether a type is one of a pattern's; without a colon the pattern is about the last part: `MinioTenant`."""
    return fnmatchcase(kind if ":" in pattern else kind.rpartition(":")[2], pattern)


def _of_templates(change: Change) -> str:
    """What becomes of a StatefulSet's pods, and of the claims that it made."""
    stopped = "all its pods are stopped and removed at once"
    if not lookup(change.before, "spec", "volumeClaimTemplates"):
        return stopped
    kept = lookup(change.before, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") != "Delete"
    claims = "stay, and nobody manages them" if kept else "are deleted with all data"
    return f"{stopped}; the claims that it made {claims}"
