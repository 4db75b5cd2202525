"""What MySqlDatabase takes and a cluster cannot honour."""

_THROUGH_VTGATE = "clients reach the data through Vitess, whose users are a file and not MySQL's accounts"
REFUSED = {
    "root_password": ("root logs in nowhere: " + _THROUGH_VTGATE, "remove it"),
    "privileges": ("not for MySqlCluster: " + _THROUGH_VTGATE, "remove it; the account owns its schema"),
    "accounts": ("not for MySqlCluster: " + _THROUGH_VTGATE, "remove it, or take MySqlDatabase"),
    "schemas": ("not for MySqlCluster: Vitess routes one keyspace here", "one MySqlCluster for each schema"),
    "init_sql": ("not for MySqlCluster: Vitess takes no SQL at a start", "let the application's migrations run it"),
    "existing_claim": ("not for MySqlCluster: each server has a claim of its own", "remove it"),
    "restore_from": (
        "not for MySqlCluster: it begins empty",
        "give backup.s3, then let kubeauth restore bring a backup",
    ),
}
"""MySqlDatabase's inputs that cannot be honoured, each with the reason and what to do instead."""
